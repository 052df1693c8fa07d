"""What instances of Google Cloud take: plain playbooks next to roles/provider_gcp (`python tests/bench/gcp.py 50`).

An emulated cloud in this process, two seconds per operation; nothing boots. Each run has a cloud of its own. Counted
are seconds and the CPU seconds of the controller: Ansible and all that it starts, without the emulator. That shares
the computer's CPUs, so seconds depend on the computer; the ratios say more. Nothing is asserted.

The role waits for SSH: its instances have addresses of 127.77.0.0/16, where this benchmark greets on port 22 (root).
Its hosts are `ansible_connection: local`, so that logging in is Ansible's own work and no more.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "collections")]

from emulators.exchange import Answer  # noqa: E402
from emulators.gate import Gate  # noqa: E402
from emulators.gce import PROJECT, GoogleCloud, guest_attributes  # noqa: E402
from emulators.gce.machines import Running  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from emulators.gce.machines import Order

SECONDS = 2
FORKS = 50
ADDRESS_URL = "checkip.amazonaws.com"
# A loop of 200 would take ten minutes and say nothing new.
MOST_IN_A_LOOP = 50
PLAIN = {
    "bench_project": PROJECT,
    "bench_disks": [
        {
            "boot": True,
            "auto_delete": True,
            "initialize_params": {
                "source_image": "projects/debian-cloud/global/images/family/debian-12",
                "disk_size_gb": 20,
                "disk_type": "pd-balanced",
            },
        }
    ],
    "bench_interfaces": [
        {
            "network": {
                "selfLink": f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/global/networks/default"
            },
            "access_configs": [{"name": "External NAT", "type": "ONE_TO_ONE_NAT"}],
        }
    ],
    "bench_accounts": [
        {
            "email": f"controller@{PROJECT}.iam.gserviceaccount.com",
            "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        }
    ],
}


@dataclass(frozen=True)
class Cost:
    """What one run took; `emulator` are the CPU seconds of the cloud meanwhile, `calls` what it was asked."""

    seconds: float
    cpu: float
    emulator: float
    calls: int


class Here:
    """Says which address this computer has."""

    def __call__(self, request: object) -> Answer:
        return Answer(200, b"198.51.100.7\n")

    def fault(self, status: int) -> Answer:
        return Answer(status)


class Greeter:
    """Speaks like an SSH server at as many addresses as are asked for, and no more than its first line."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    def listen(self, address: str) -> None:
        """Listen at an address; a port that is somebody else's ends the benchmark."""
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((address, 22))
        except OSError as error:
            sys.exit(f"{address}:22 cannot be had: {error.strerror}")
        server.listen(16)
        self._selector.register(server, selectors.EVENT_READ)

    def end(self) -> None:
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select(0.2):
                try:
                    connection, _ = key.fileobj.accept()
                    connection.sendall(b"SSH-2.0-bench\r\n")
                    connection.close()
                except OSError:  # gone, or the end
                    continue
            time.sleep(0)


class Machines:
    """The hook of the cloud: an address that greets, and host keys as the guest agent tells them."""

    def __init__(self, cloud: GoogleCloud, addresses: dict[str, str]) -> None:
        self.cloud = cloud
        self.addresses = addresses

    def on_create(self, order: Order) -> Running:
        guest_attributes.put(self.cloud.instance(order.name), ["hostkeys", "ssh-ed25519"], "AAAA")
        address = self.addresses.get(order.name, "")
        return Running(address, address)

    def on_stop(self, order: Order) -> None:
        """Nothing runs."""

    on_start, on_delete = on_create, on_stop


class Bench:
    """Ansible against a cloud of its own."""

    def __init__(self, number: int, folder: Path, greeter: Greeter) -> None:
        self.names = [f"demo-{one}" for one in range(1, number + 1)]
        self.folder = folder
        self.addresses = {name: f"127.77.{n // 250}.{n % 250 + 1}" for n, name in enumerate(self.names)}
        for address in self.addresses.values():
            greeter.listen(address)

    @contextmanager
    def cloud(self) -> Iterator[tuple[GoogleCloud, Gate]]:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        with GoogleCloud(folder, seconds=SECONDS) as cloud:
            hosts = {**cloud.hosts, ADDRESS_URL: Here()}
            with Gate(hosts, folder=folder) as gate:
                cloud.machines.hook = Machines(cloud, self.addresses)
                yield cloud, gate
                refused, broken = gate.refused, [*gate.broken, *cloud.broken]
        if refused or broken:
            sys.exit(f"the emulator: {refused} {broken}")

    def run(
        self,
        name: str,
        at: tuple[GoogleCloud, Gate],
        hosts: Sequence[str],
        *,
        localhost: dict[str, Any] | None = None,
        **variables: Any,
    ) -> Cost:
        """Run a playbook to its end; one that fails ends the benchmark."""
        cloud, gate = at
        (self.folder / "tasks").write_text("")
        controller = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory = {
            "all": {
                "hosts": {"localhost": {**controller, **(localhost or {})}},
                "vars": variables,
                "children": {"px_hosts": {"hosts": {host: {"px_found": {}} for host in hosts}, "vars": controller}},
            }
        }
        (self.folder / "inventory.json").write_text(json.dumps(inventory))
        own = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PX_"))}
        environment = {
            **own,
            **gate.environment,
            **cloud.environment,
            "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests" / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "gcp" / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "task_seconds",
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_FORKS": str(FORKS),
            "PX_BENCH_TASKS": str(self.folder / "tasks"),
        }
        before, mine, asked = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time(), len(gate.asked())
        began = time.monotonic()
        playbook = TOP / "playbooks" / "provision.yml" if name == "provision" else HERE / "gcp" / f"{name}.yml"
        done = subprocess.run(
            [
                Path(sys.executable).with_name("ansible-playbook"),
                "-i",
                self.folder / "inventory.json",
                playbook,
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"{name} failed\n{done.stdout[-8000:]}{done.stderr[-2000:]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(seconds, cpu, time.process_time() - mine, len(gate.asked()) - asked)

    def plain(self, playbook: str) -> Cost:
        with self.cloud() as at:
            cost = self.run(playbook, at, self.names, **PLAIN)
            self._require(at[0])
        return cost

    def role(self) -> tuple[Cost, Cost]:
        """Return what the shared things cost, and then the hosts."""
        variables = {
            "px_provider": "gcp",
            "px_cluster": "demo",
            "px_state": "present",
            "px_fuse_clients": [],
            "provider_gcp_project": PROJECT,
            "provider_gcp_zones": ["us-central1-a"],
            "provider_gcp_buckets": [{"name": "px-gcs-bucket"}],
            "provider_gcp_authorized_key": "ssh-ed25519 AAAA px",
            "provider_gcp_known_hosts_dir": str(Path(tempfile.mkdtemp(dir=self.folder))),
        }
        with self.cloud() as at:
            shared = self.run("provision", at, [], **variables)
            hosts = self.run("provision", at, self.names, localhost={"px_pending": False}, **variables)
            self._require(at[0])
        return shared, hosts

    def _require(self, cloud: GoogleCloud) -> None:
        made = len([path for path in cloud.left() if "/instances/" in path])
        if made != len(self.names):
            sys.exit(f"{made} instances were made in place of {len(self.names)}")

    def profile(self) -> None:
        """Print what the tasks of the last run took."""
        took: dict[tuple[str, str], list[float]] = defaultdict(list)
        for line in (self.folder / "tasks").read_text().splitlines():
            one = json.loads(line)
            took[one["task"], one["state"]].append(one["seconds"])
        print(f"\n  {'task':50} {'state':8} {'times':>6} {'median s':>9} {'longest s':>10}")
        for (task, state), seconds in took.items():
            middle, longest = statistics.median(seconds), max(seconds)
            print(f"  {task[-50:]:50} {state:8} {len(seconds):>6} {middle:>9.2f} {longest:>10.2f}")


def main() -> None:
    """Measure and print."""
    numbers = [int(word) for word in sys.argv[1:]] or [50]
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{os.cpu_count()} CPUs, load {load}; {FORKS} forks, {SECONDS} s per operation")
    for number in numbers:
        greeter = Greeter()
        with tempfile.TemporaryDirectory(prefix="pxb-") as folder:
            bench = Bench(number, Path(folder), greeter)
            columns = f"{'seconds':>8} {'CPU s':>7} {'emulator':>9} {'calls':>6}"
            print(f"\n{f'{number} instances':44} {columns}   of (b): seconds, CPU", flush=True)
            base = bench.plain("hosts")
            if number <= MOST_IN_A_LOOP:
                show("(a) plain playbook, loop", bench.plain("loop"), base)
            show("(b) plain playbook, a host per instance", base, base)
            shared, hosts = bench.role()
            show("(c) roles/provider_gcp, present", hosts, base)
            show("    what the hosts share, once before", shared, base)
            bench.profile()
            greeter.end()


def show(what: str, cost: Cost, base: Cost) -> None:
    """Print a line."""
    ratios = f"{cost.seconds / base.seconds:>8.2f} {cost.cpu / base.cpu:>6.2f}"
    print(f"{what:44} {cost.seconds:>8.1f} {cost.cpu:>7.1f} {cost.emulator:>9.1f} {cost.calls:>6} {ratios}", flush=True)


if __name__ == "__main__":
    main()
