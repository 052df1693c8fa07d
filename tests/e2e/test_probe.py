"""A client that hangs is noticed, a store that hangs is waited for, and a mount that is removed leaves nothing."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from project import BUCKET, Project, until
from traces import processes

from px_ansible import ssh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeProject

TOP = Path(__file__).parents[2]
PATH = "/px-gcs-bucket"
OTHER = "/other"
UNIT = "px-mount-px-gcs-bucket.service"
TIMER = "px-mount-probe@px-gcs-bucket.timer"
# Three failures, one every 15 s, each after at most 10 s; and the way back.
SECONDS_TO_NOTICE = 15 + 10 + 2 * 16 + 5
STORE = {
    "bucket": "px-gcs-bucket",
    "endpoint": "http://buckets.px.internal:4443/storage/v1/",
    "anonymous": True,
    "options": {"enable-hns": False, "enable-atomic-rename-object": False},
}
UPDATEDB = '# of the host\nPRUNE_BIND_MOUNTS="yes"\nPRUNEPATHS="/tmp /var/spool"\nPRUNEFS="nfs"\n'


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    one = make_project("probe")
    one.write({PATH: BUCKET, OTHER: BUCKET}, nodes=1)
    one.provision()
    one.on(1, f"echo content > {PATH}/file")
    return one


@pytest.fixture
def stopped() -> Iterator[list[int]]:
    """Return a list for processes of this computer that are stopped: they go on when the test is over."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def mounts(project: Project, wanted: list[dict[str, Any]], *arguments: str) -> dict[str, Any]:
    """Call px.storage.mounts on the host, as a playbook does, and return its result."""
    options = ssh.options(project.host(1), project.state / "key", project.state / "known_hosts")
    host = {
        "ansible_host": project.address(1),
        "ansible_user": "root",
        "ansible_ssh_common_args": shlex.join(options),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    inventory = project.top / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": {project.host(1): host}}}))
    play = project.top / "mounts.json"
    task = {"px.storage.mounts": {"client": "gcsfuse", "client_path": "/usr/local/bin/gcsfuse", "mounts": wanted}}
    found = project.top / "found.json"
    copy = {"content": "{{ found }}", "dest": str(found), "mode": "0600"}
    keep = {"ansible.builtin.copy": copy, "delegate_to": "localhost", "check_mode": False}
    tasks = [{**task, "register": "found", "ignore_errors": True}, keep]
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    own = {
        "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests/collections"),
        "ANSIBLE_HOME": str(project.top / "ansible"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), str(play), *arguments],
        env=project.environment | own,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(found.read_text())


def read(project: Project, path: str = PATH) -> str:
    return project.on(1, f"timeout 3 cat {path}/file 2>/dev/null", code=None)


def told(project: Project, unit: str = UNIT) -> str:
    """Return what the journal says under a mount's unit."""
    return project.on(1, f"journalctl --no-pager --output=cat --unit={unit}")


def test_a_mount_is_probed_quietly(project: Project) -> None:
    assert project.on(1, f"systemctl is-active {TIMER}") == "active"
    asked = until(
        lambda: project.on(1, "cat /run/px-mounts/px-gcs-bucket/answer", code=None), 25, "the probe asked", every=1
    )
    assert asked == "65735546"
    lines = project.on(1, "journalctl --no-pager --output=cat --unit='px-mount-probe@*.service'", code=None)
    # Not even that it was started.
    assert lines == ""


def test_clients_that_answer_nobody_are_started_again(project: Project) -> None:
    before = {path: about.split()[0] for path, about in project.units(1).items()}
    # One is stopped. The folder of the other is in use and let go of: its client lives on, and nothing ends that
    # systemd could see.
    project.on(1, f"kill -STOP {before[PATH]}")
    project.on(1, f"cd {OTHER} && (sleep 120 >/dev/null 2>&1 </dev/null &) ; cd /; umount -l {OTHER}")
    assert OTHER not in project.mounted(1)
    began = time.monotonic()
    for path in (OTHER, PATH):
        until(lambda at=path: read(project, at) == "content", SECONDS_TO_NOTICE + 10, f"{path} reads again", every=1)
        print(f"{path}: readable again after {time.monotonic() - began:.0f} s")
    assert time.monotonic() - began < SECONDS_TO_NOTICE
    after = {path: about.split()[0] for path, about in project.units(1).items()}
    assert not [path for path in before if after[path] == before[path]]
    assert f"no answer within 10 s (3 of 3): the client, process {before[PATH]}, is killed" in told(project)
    assert "nothing is mounted (3 of 3)" in told(project, "px-mount-other.service")
    # Nobody sits in the kernel any more, and the next mishap counts from one.
    assert project.on(1, "ps -eo comm= | grep -cx stat", code=None) == "0"
    assert project.on(1, "ls /run/px-mounts/*/failures", code=None) == ""


def test_unmounted_by_hand_it_is_back(project: Project) -> None:
    before = project.units(1)[PATH]
    project.on(1, f"umount {PATH}")
    until(lambda: read(project) == "content", 10, "it reads again", every=0.2)
    assert project.units(1)[PATH] != before


def test_a_store_that_hangs_is_waited_for(project: Project, stopped: list[int]) -> None:
    # A mount that is being started is left alone: this is about one that runs.
    until(lambda: project.on(1, f"systemctl is-active {UNIT}", code=None) == "active", 10, "the unit is active")
    before = project.units(1)[PATH], project.on(1, f"systemctl show -P NRestarts {UNIT}")
    said = told(project)
    servers = [pid for pid, command in processes(project.name).items() if "-filesystem-root" in command]
    assert len(servers) == 1
    os.kill(servers[0], signal.SIGSTOP)
    stopped += servers
    # Somebody waits for the store all the time.
    project.on(1, f"(timeout 60 ls {PATH}/none >/dev/null 2>&1 </dev/null &)")
    time.sleep(SECONDS_TO_NOTICE)
    assert (project.units(1)[PATH], project.on(1, f"systemctl show -P NRestarts {UNIT}")) == before
    assert told(project).replace(said, "").count("killed") == 0
    os.kill(servers[0], signal.SIGCONT)
    assert until(lambda: read(project), 40, "it reads again", every=1) == "content"
    assert project.units(1)[PATH] == before[0]


def test_mounts_of_a_playbook_come_and_go_without_a_trace(project: Project) -> None:
    project.on(1, f"printf '%s' '{UPDATEDB}' > /etc/updatedb.conf; chmod 640 /etc/updatedb.conf")
    leaves = "ls -A /etc/px-mounts /var/cache/px-mounts /usr/local/lib/px-storage /run/px-mounts 2>/dev/null"
    others = project.on(1, leaves + "; ls /etc/systemd/system", code=None)
    wanted = [
        {**STORE, "path": "/mine/data", "before": ["consumer.service"], "cache": {"size_mib": 64}},
        {**STORE, "path": "/second", "cache": {"metadata_seconds": 5}},
    ]
    planned = mounts(project, wanted, "--check", "--diff")
    assert planned["changed"]
    assert project.mounted(1) == {PATH, OTHER}
    assert project.on(1, "cat /etc/updatedb.conf") == UPDATEDB.strip()

    done = mounts(project, wanted)
    assert [one["ready"] for one in done["mounts"]] == [True, True], done
    assert "gcsfuse version" in done["mounts"][0]["version"]
    unit = done["mounts"][0]["unit"]
    slug = unit.removeprefix("px-mount-").removesuffix(".service")
    assert project.on(1, f"stat -c '%a %U' /var/cache/px-mounts/{slug}") == "700 root"
    assert 'PRUNEPATHS="/tmp /var/spool /mine/data /second"' in project.on(1, "cat /etc/updatedb.conf").splitlines()
    assert project.on(1, "stat -c %a /etc/updatedb.conf") == "640"

    running = project.units(1)
    again = mounts(project, wanted)
    assert not again["changed"], again
    assert project.units(1) == running

    # A consumer that is started together with the mount finds it there, also at boot.
    service = '[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart=/bin/sh -c "ls /mine/data > /root/found"\\n'
    install = "[Install]\\nWantedBy=multi-user.target\\n"
    project.on(1, f"printf '{service}{install}' > /etc/systemd/system/consumer.service; systemctl daemon-reload")
    assert unit in project.on(1, "systemctl show -P After consumer.service")
    project.on(1, f"systemctl stop {unit}; systemctl start --no-block {unit}; systemctl start consumer.service")
    assert "file" in project.on(1, "cat /root/found").split()
    project.on(1, "rm /etc/systemd/system/consumer.service; systemctl daemon-reload")

    # One changes: only that one is started again. A folder that is not empty stays.
    running = project.units(1)
    changed = mounts(project, [{**wanted[0], "read_only": True}, wanted[1]])
    assert [one["changed"] for one in changed["mounts"]] == [True, False]
    assert project.units(1)["/second"] == running["/second"]

    gone = mounts(project, [{"path": "/mine/data", "state": "absent"}, {"path": "/second", "state": "absent"}])
    assert [one["error"] for one in gone["mounts"]] == [None, None]
    assert project.on(1, leaves + "; ls /etc/systemd/system", code=None) == others
    assert project.on(1, "cat /etc/updatedb.conf") == UPDATEDB.strip()
    assert project.on(1, "ls -d /mine/data /second", code=None) == ""
    assert project.mounted(1) == {PATH, OTHER}


def test_the_last_mount_of_a_host_takes_everything_along(project: Project) -> None:
    gone = mounts(project, [{"path": path, "state": "absent"} for path in (PATH, OTHER)])
    assert [one["changed"] for one in gone["mounts"]] == [True, True]
    left = (
        "ls -d /etc/px-mounts /var/cache/px-mounts /usr/local/lib/px-storage /run/px-mounts /usr/local/lib/systemd"
        f" /etc/systemd/system/px-mount* {PATH} {OTHER}; systemctl list-units --all --no-legend 'px-*'"
    )
    assert project.on(1, left, code=None) == ""
    assert project.on(1, "systemctl is-system-running") == "running"
