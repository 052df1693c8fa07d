"""A px-ansible that dies in the middle, and two at once: what comes next is right all the same."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from on_terminal import CTRL_C, OnTerminal
from project import CLUSTERS, COMMAND, until
from traces import processes

if TYPE_CHECKING:
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


@pytest.fixture(scope="module")
def stopped(make_project: MakeProject) -> Project:
    return make_project("stop", nodes=2)


def in_its_line(host: str) -> str:
    """Return the pattern of what the live view shows of a host that is worked on."""
    return rf"{host}[^\n]{{0,40}}(Boot|Look|Validating)"


def running(project: Project) -> dict[int, str]:
    """Return what goes on of a run: leash.py, Ansible, its workers and their modules."""
    return processes(str(project.state / "runs"))


def test_ctrl_c_stops_what_it_names_and_says_how_to_go_on(stopped: Project) -> None:
    works = OnTerminal(stopped, "provision", "--yes")
    works.until(in_its_line(stopped.host(1)))
    works.type(CTRL_C)
    assert works.end() == 130
    assert running(stopped) == {}
    found = works.plain
    stopping = found[found.index("Stopping ") : found.index("Ctrl-C again kills what is left.")]
    assert stopped.host(1) in stopping
    assert "■" in found
    assert found.endswith("Stopped. `px-ansible provision` goes on from here.")
    assert "Traceback" not in found


def test_ctrl_c_twice_kills(stopped: Project) -> None:
    works = OnTerminal(stopped, "provision", "--yes")
    works.until(in_its_line(stopped.host(2)))
    works.type(CTRL_C)
    works.until("Stopping ")
    works.type(CTRL_C)
    assert works.end() == 130
    assert running(stopped) == {}
    assert works.plain.endswith("Stopped. `px-ansible provision` goes on from here.")
    assert "Traceback" not in works.plain


def test_a_closed_terminal_ends_the_run_too(stopped: Project) -> None:
    works = OnTerminal(stopped, "provision", "--yes")
    works.until(in_its_line(stopped.host(2)))
    assert works.close_window() == -signal.SIGHUP
    until(lambda: not running(stopped), 20, "Ansible has ended as well")


def test_a_reader_that_has_enough_ends_it(stopped: Project) -> None:
    command = f"({shlex.join(COMMAND)} provision --yes --verbose 2>&1; echo $? >&3) 3>code | head -n 2"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=stopped.folder,
        env=stopped.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert len(done.stdout.splitlines()) == 2
    assert "Traceback" not in done.stdout + done.stderr
    code = stopped.folder / "code"
    assert code.read_text().strip() == "141"
    code.unlink()
    until(lambda: not running(stopped), 20, "Ansible has ended as well")


def test_the_next_run_finishes_what_was_stopped_and_killed_and_left(stopped: Project) -> None:
    data = stopped.provision()
    assert [(host["name"], host["state"]) for host in data["hosts"]] == [
        (stopped.host(number), "running") for number in (1, 2)
    ]
    for number in (1, 2):
        assert stopped.mounted(number) == {"/px-gcs-bucket"}
    assert "Nothing changed" in stopped.px("provision").stdout


def test_ctrl_c_where_nothing_is_changed(stopped: Project) -> None:
    looks = OnTerminal(stopped, "status")
    looks.until("List the cluster|Ask the provider")
    looks.type(CTRL_C)
    assert looks.end() == 130
    assert looks.plain.endswith("Stopped.")
    asks = OnTerminal(stopped, "destroy")
    asks.until(r"Go ahead\?")
    asks.type(CTRL_C)
    assert asks.end() == 130
    assert asks.plain.endswith("Nothing was done.")
    assert stopped.mounted(1) == {"/px-gcs-bucket"}
