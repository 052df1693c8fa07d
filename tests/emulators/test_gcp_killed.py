"""px-ansible that dies in the middle of Google's calls, ten times: the next provision goes on from there."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from emulators.gce import PROJECT
from emulators.gcp_role import BUCKET, fill_client_cache, kill

ACCOUNT = "px-demo-89e495@px-test.iam.gserviceaccount.com"
PX = f"""
cluster:
  name: demo
  nodes: 2
  cpus_per_node: 4

/{BUCKET}:
  source: gs://{BUCKET}
"""
WANTED = sorted(
    [
        f"buckets/{BUCKET}: roles/storage.objectUser serviceAccount:{ACCOUNT}",
        f"projects/{PROJECT}/serviceAccounts/{ACCOUNT}",
        *(f"projects/{PROJECT}/global/{one}" for one in ("firewalls/px-demo-ssh", "networks/px-demo")),
        f"projects/{PROJECT}/regions/us-central1/subnetworks/px-demo",
        *(f"projects/{PROJECT}/zones/us-central1-a/{kind}/demo-{n}" for kind in ("disks", "instances") for n in (1, 2)),
    ]
)


@pytest.fixture
def folder(tmp_path):
    fill_client_cache()
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "px.yaml").write_text(PX, encoding="utf-8")
    return folder


class Work:
    """What changes something at Google, as the gate has seen it: the calls that have been answered, and those begun."""

    def __init__(self, gate):
        self.gate = gate

    def done(self, before=0):
        return [
            f"{one.method} {one.path}"
            for one in self.gate.exchanges[before:]
            if one.method != "GET" and not one.path.endswith(("/token", ":testIamPermissions", "/wait"))
        ]


def run_until(role, folder, words, ready, seconds=90):
    """Start px-ansible, and kill it, with all that it has started, as soon as something has happened.

    Return whether it came to that; a run that ended by itself has found nobody who lets it in.
    """
    process = role.start(*words, folder=folder)
    until = time.monotonic() + seconds
    while process.poll() is None and not ready() and time.monotonic() < until:
        time.sleep(0.005)
    if process.poll() is None:
        kill(process)
        assert time.monotonic() < until, "it never came that far"
        return True
    output = process.communicate()[0]
    assert "demo-1: Try the buckets, on the first host for all: unreachable" in output, output
    return False


def orphans(folder):
    """Return the programs that still work in the state folder of a test."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found.append(words.replace("\0", " "))
    return found


@pytest.mark.slow
def test_killed_ten_times(role, cloud, gate, folder):
    """After every call that changes something, until both hosts are there; then destroy, killed on its way, too."""
    work = Work(gate)
    kills, came = 0, False
    while not came:
        before = len(gate.exchanges)
        kills += run_until(role, folder, ["provision", "--yes"], lambda before=before: work.done(before) or waits(role))
        came = not work.done(before)
        assert kills <= 20
    assert kills >= 7

    # As far as SSH is needed: there it ends, with nothing more to be made.
    before = len(gate.exchanges)
    assert not run_until(role, folder, ["provision", "--yes"], lambda: False)
    assert work.done(before) == []
    cloud.operations.settle()
    assert cloud.left() == WANTED
    hook = cloud.machines.hook
    assert hook.lives == {"demo-1": 1, "demo-2": 1}
    for number in (1, 2):
        assert cloud.instance(f"demo-{number}").data["labels"] == {"px-cluster": "demo", "px-host": f"demo-{number}"}
    made = [
        call
        for call in work.done()
        if call.startswith("POST") and call.endswith(("/networks", "/subnetworks", "/firewalls", "/serviceAccounts"))
    ]
    assert len(made) == len(set(made)) == 4

    for _ in range(3):
        before = len(gate.exchanges)
        assert run_until(role, folder, ["destroy", "--yes"], lambda before=before: work.done(before))
        kills += 1
    assert kills >= 10
    role.px("destroy", "--yes", folder=folder)
    assert cloud.left() == []
    assert orphans(role.folder / "state") == []


def waits(role):
    """Tell whether both hosts are where one would log in: their host keys, the last that is written, are known."""
    return len(list((role.folder / "state").rglob("known_hosts/demo-*"))) == len(("demo-1", "demo-2"))
