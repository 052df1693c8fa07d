"""A px-ansible that dies in the middle, and two at once: what comes next is right all the same."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest
from project import CLUSTERS, until
from traces import processes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from conftest import MakeProject
    from project import Project

# What the role of the client does on a host.
REMOTE = {"ansible.builtin.setup", "ansible.builtin.copy", "px.storage.mounts"}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    return make_project("die")


def network_is_made(project: Project, _: int) -> bool:
    return (CLUSTERS / project.name / "cluster.json").exists()


def machine_is_noted(project: Project, number: int) -> bool:
    return (project.machine(number) / "machine.json").exists()


def machine_has_started(project: Project, number: int) -> bool:
    return bool(processes(f"--hostname={project.host(number)}"))


def gcsfuse_is_on_its_way(project: Project, number: int) -> bool:
    run = max(project.state.glob("runs/*-provision"))
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return any(
        event["kind"] == "start" and event["host"] == project.host(number) and event["action"] in REMOTE
        for event in events
    )


@pytest.mark.parametrize(
    ("nodes", "moment"),
    [(1, network_is_made), (2, machine_is_noted), (3, machine_has_started), (4, gcsfuse_is_on_its_way)],
)
def test_a_provision_that_was_killed_is_finished_by_the_next(
    project: Project, nodes: int, moment: Callable[[Project, int], bool]
) -> None:
    project.write(nodes=nodes)
    dies = project.start("provision", "--yes")
    until(lambda: moment(project, nodes), 60, "the moment to kill it", every=0.01)
    os.kill(dies.pid, signal.SIGKILL)
    dies.communicate(timeout=60)
    assert dies.returncode == -signal.SIGKILL

    data = project.provision()
    names = [project.host(number) for number in range(1, nodes + 1)]
    assert [(host["name"], host["state"]) for host in data["hosts"]] == [(name, "running") for name in names]
    assert sorted(path.name for path in project.machine(1).parent.iterdir() if path.name[0] != ".") == names
    assert len(processes("--hostname=" + project.name)) == nodes
    for number in range(1, nodes + 1):
        assert project.mounted(number) == {"/px-gcs-bucket"}
    assert not any(host["error"] for host in data["hosts"])


def test_a_second_provision_at_once_says_who_works(project: Project) -> None:
    works: subprocess.Popen[str] = project.start("provision")
    until(lambda: list(project.state.glob("runs/*/lifeline")), 30, "the first one works")
    refused = project.px("provision", "--yes", code=4)
    assert f"pid {works.pid}" in refused.stderr
    assert "provision" in refused.stderr
    assert f"kill -INT {works.pid}" in refused.stderr
    said, _ = works.communicate(timeout=120)
    assert works.returncode == 0, said
    assert "Nothing changed" in said
