"""px-ansible that is killed after its instances run: while it waits for them, prepares them, mounts, and removes them.

Up to there, on instances that do not boot: tests/emulators/test_gcp_killed.py. Killed is px-ansible alone, as the
kernel does it when memory is short: what it has started goes on until it notices.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from emulators.guests import namespace
from google_cloud import CloudProject, World
from project import BUCKET, until
from traces import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from project import Result

    Moment = Callable[["Run"], bool]

MADE = ("instances", "networks", "subnetworks", "firewalls", "serviceAccounts")


class Run:
    """A px-ansible at work, and what can be seen of it from outside."""

    def __init__(self, world: World, project: CloudProject, playbook: str) -> None:
        self.world = world
        self.project = project
        self.playbook = playbook
        self._before = self._folders()
        self._mark = len(world.gate.asked())
        self.process = project.start(playbook, "--yes")

    def _folders(self) -> set[Path]:
        return set(self.project.state.glob(f"runs/*-{self.playbook}"))

    def began(self, action: str) -> bool:
        """Tell whether it has begun with an action on a host."""
        return any(
            event["kind"] == "start" and event["host"] != "localhost" and event["action"].endswith(action)
            for folder in self._folders() - self._before
            for event in map(json.loads, (folder / "events.jsonl").read_text().splitlines())
        )

    def asked(self, method: str, path: str) -> bool:
        """Tell whether Google was asked for something."""
        return any(one.method == method and path in one.path for one in self.world.since(self._mark))

    def on_host(self, file: str) -> str:
        """Return what a file of the first host has just now; nothing where there is none."""
        guest = self.world.guests.guest(self.project.host(1))
        pid = namespace.inside(guest.machine.service.pid() or 0)
        return Path(f"/proc/{pid}/root{file}").read_text() if pid else ""

    def kill(self, moment: Moment) -> None:
        """Kill it at a moment. A run that ends before has missed it."""

        def now() -> bool:
            assert self.process.poll() is None, self.process.communicate()[0]
            return moment(self)

        until(now, 90, "the moment to kill it", every=0.005)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=60)
        assert self.process.returncode == -signal.SIGKILL


@pytest.fixture(scope="module")
def project(world: World) -> Iterator[CloudProject]:
    project = CloudProject.on(world, "kill")
    yield project
    if project.state.exists():  # a test has failed
        project.px("destroy", "--yes", code=None)
    project.remove_folders()


def mounted(*paths: str) -> dict[str, dict[str, str]]:
    return dict.fromkeys(paths, BUCKET)


def unit_is_written(path: str) -> Moment:
    return lambda run: run.began("storage.mounts") and bool(run.on_host(f"/etc/systemd/system/px-mount-{path}.service"))


def is_mounted(path: str) -> Moment:
    return lambda run: run.began("storage.mounts") and f" {path} fuse" in run.on_host("/proc/1/mounts")


# Each is later than the one before; the second mount is there so that the last run has one to make.
PROVISION: list[tuple[str, tuple[str, ...], Moment]] = [
    ("waits for SSH", ("/one",), lambda run: run.began("gcp_instance")),
    ("asks for host keys", ("/one",), lambda run: run.asked("GET", "/getGuestAttributes")),
    ("tries the bucket", ("/one",), lambda run: run.began("gcp_bucket_canary")),
    ("looks at the host", ("/one",), lambda run: run.began("fuse_host_info")),
    ("copies the client", ("/one",), lambda run: run.began("copy")),
    ("has written a unit", ("/one",), unit_is_written("one")),
    ("has mounted", ("/one", "/two"), is_mounted("/two")),
]
DESTROY: list[tuple[str, Moment]] = [
    ("removes an instance", lambda run: run.asked("DELETE", "/instances/")),
    ("removes the network", lambda run: run.asked("DELETE", "/subnetworks/")),
    ("takes the right away", lambda run: run.asked("PUT", "/iam")),
]


@pytest.mark.parametrize(("paths", "moment"), [one[1:] for one in PROVISION], ids=[one[0] for one in PROVISION])
def test_provision_is_killed_while_it(
    world: World, project: CloudProject, paths: tuple[str, ...], moment: Moment
) -> None:
    project.write(mounted(*paths), nodes=1)
    Run(world, project, "provision").kill(moment)


def test_the_next_provision_goes_on_and_nothing_is_there_twice(world: World, project: CloudProject) -> None:
    project.write(mounted("/one", "/two"), nodes=2)
    hosts = project.provision()["hosts"]
    assert [(one["name"], one["state"], one["error"]) for one in hosts] == [
        (project.host(number), "running", None) for number in (1, 2)
    ]
    project.run_on(1, "echo from-one > /one/file")
    assert project.run_on(2, "cat /two/file") == "from-one"
    for number in (1, 2):
        assert project.run_on(number, "pgrep -c gcsfuse") == "2"
        assert project.run_on(number, "systemctl --failed --plain --no-legend") == ""

    assert world.instances(project.name).keys() == {project.host(1), project.host(2)}
    calls = Counter(one.path.rpartition("/")[2] for one in world.gate.asked("POST") if one.path.endswith(MADE))
    assert calls == Counter({**dict.fromkeys(MADE, 1), "instances": 2})
    assert "Nothing changed" in project.px("provision", "--yes").said


@pytest.mark.parametrize("moment", [one[1] for one in DESTROY], ids=[one[0] for one in DESTROY])
def test_destroy_is_killed_while_it(world: World, project: CloudProject, moment: Moment) -> None:
    Run(world, project, "destroy").kill(moment)


def test_the_next_destroy_leaves_nothing(world: World, project: CloudProject) -> None:
    ended: Result = project.px("destroy", "--yes")
    assert "nothing of them is left" in ended.said
    assert world.everything() == world.at_first
    assert world.cloud.left() == []
    assert processes(str(project.top)) == {}
    assert list((project.top / "tmp").iterdir()) == []
