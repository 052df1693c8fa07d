"""200 instances at two seconds per operation: what the emulator itself costs, in CPU seconds."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from emulators.conftest import ZONE, instance

NUMBER = 200


def test_two_hundred_instances_cost_little(cloud, client):
    """Client and emulator share this process; the client's part is in the figure."""
    cloud.operations.pace.seconds = 2
    began, cpu = time.monotonic(), time.process_time()

    def each(call):
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(call, range(1, NUMBER + 1)))

    answers = each(lambda number: client("POST", f"zones/{ZONE}/instances", instance(f"a-{number}"))[0])
    assert set(answers) == {200}
    cloud.operations.settle()
    listed = client.get("aggregated/instances", filter="status=RUNNING")["items"][f"zones/{ZONE}"]["instances"]
    assert len(listed) == NUMBER
    addresses = [one["networkInterfaces"][0]["accessConfigs"][0]["natIP"] for one in listed]
    assert len(set(addresses)) == NUMBER
    answers = each(lambda number: client("DELETE", f"zones/{ZONE}/instances/a-{number}")[0])
    assert set(answers) == {200}
    cloud.operations.settle()
    assert cloud.left() == []
    cpu, wall = time.process_time() - cpu, time.monotonic() - began
    print(f"\n{NUMBER} instances made, listed, deleted: {wall:.1f} s, {cpu:.1f} CPU s with the client")
    assert cpu < 30
