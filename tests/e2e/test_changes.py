"""px.yaml changes, and provision changes what differs and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pytest
from project import BUCKET, Project
from traces import traces

if TYPE_CHECKING:
    from conftest import MakeProject

DATA = {"source": "gs://data", "store": "gcs"}
QUESTION = r"will be removed, and what is only on them is lost; buckets stay\. Go ahead\?"


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    one = make_project("chg", nodes=2, memory_per_node="512 MiB")
    one.provision()
    return one


def at_terminal(project: Project, *arguments: str) -> pexpect.spawn[Any]:
    # CI is unset: a log that keeps every line is told each of them once, see px_ansible/cli/terminal.py.
    environment = project.environment | {"TERM": "xterm-256color", "CI": ""}
    return pexpect.spawn(
        sys.executable,
        ["-m", "px_ansible", *arguments],
        cwd=str(project.folder),
        env=environment,
        encoding="utf-8",
        timeout=120,
        dimensions=(40, 200),
    )


def the_rest(terminal: pexpect.spawn[Any]) -> tuple[str, int]:
    terminal.expect(pexpect.EOF)
    terminal.close()
    return terminal.before or "", terminal.exitstatus


def test_memory_per_node_is_the_limit_of_every_machine(project: Project) -> None:
    files = [
        path
        for name in ("memory.max", "memory.limit_in_bytes")
        for path in Path("/sys/fs/cgroup").rglob(f"{project.record['bridge']}-[0-9]*/{name}")
        if path.parent.name.startswith(project.record["bridge"])
    ]
    assert {int(path.read_text()) for path in files} == {512 << 20}
    assert len(files) == 2


def test_a_third_node_leaves_the_others_alone_and_a_mount_appears_on_all(project: Project) -> None:
    before = [(project.boot_id(number), project.units(number)["/px-gcs-bucket"]) for number in (1, 2)]
    project.write({"/px-gcs-bucket": BUCKET, "/data": DATA}, nodes=3, memory_per_node="512 MiB")
    planned = project.px("plan", "--detailed-exitcode", code=7).said
    assert f"+ create {project.host(3)}" in planned
    assert "1 host to create, 1 mount to add." in planned

    data = project.provision()
    assert {one["name"]: one["action"] for one in data["plan"]["hosts"]} == {
        project.host(1): "keep",
        project.host(2): "keep",
        project.host(3): "create",
    }
    assert [(project.boot_id(number), project.units(number)["/px-gcs-bucket"]) for number in (1, 2)] == before
    for number in (1, 2, 3):
        assert project.mounted(number) == {"/px-gcs-bucket", "/data"}
    project.on(3, "echo three > /data/file")
    assert project.on(1, "cat /data/file") == "three"


def test_only_the_mount_that_changed_restarts(project: Project) -> None:
    before = {number: project.units(number) for number in (1, 2, 3)}
    project.write({"/px-gcs-bucket": BUCKET, "/data": {**DATA, "uid": 1234}}, nodes=3, memory_per_node="512 MiB")
    data = project.provision()
    assert {one["path"]: one["action"] for one in data["plan"]["mounts"]} == {
        "/px-gcs-bucket": "keep",
        "/data": "change",
    }
    for number in (1, 2, 3):
        now = project.units(number)
        assert now["/px-gcs-bucket"] == before[number]["/px-gcs-bucket"]
        assert now["/data"] != before[number]["/data"]
        assert project.on(number, "stat -c %u /data/file") == "1234"


def test_a_mount_that_is_taken_out_goes_from_every_host_and_its_objects_stay(project: Project) -> None:
    before = {number: project.units(number)["/px-gcs-bucket"] for number in (1, 2, 3)}
    project.write(nodes=3, memory_per_node="512 MiB")
    assert "- remove /data" in project.px("provision", "--yes").said
    for number in (1, 2, 3):
        assert project.units(number) == {"/px-gcs-bucket": before[number]}
        assert project.mounted(number) == {"/px-gcs-bucket"}
        assert project.on(number, "ls -d /data /etc/systemd/system/*mount-data* 2>/dev/null; true") == ""
    kept = Path("/var/lib/px-ansible/buckets") / project.name / "gcs/data/file"
    assert kept.read_text() == "three\n"


def test_fewer_nodes_need_a_yes(project: Project) -> None:
    project.write(nodes=1, memory_per_node="512 MiB")
    refused = project.px("provision", code=2)
    assert "there is no terminal to ask on" in refused.stderr
    assert "add --yes" in refused.stderr
    assert f"- remove {project.host(3)}" in refused.said
    assert project.on(2, "hostname") == project.host(2)
    assert project.on(3, "hostname") == project.host(3)


def test_at_a_terminal_the_question_names_the_hosts_and_no_means_no(project: Project) -> None:
    terminal = at_terminal(project, "provision")
    terminal.expect(QUESTION)
    assert f"{project.host(2)}, {project.host(3)}" in (terminal.before or "")
    terminal.sendline("n")
    said, code = the_rest(terminal)
    assert code == 130, said
    assert project.on(2, "hostname") == project.host(2)
    assert project.on(3, "hostname") == project.host(3)


def test_yes_at_a_terminal_removes_the_surplus_hosts_and_no_other(project: Project) -> None:
    before = project.boot_id(1), project.units(1)
    terminal = at_terminal(project, "provision")
    terminal.expect(QUESTION)
    terminal.sendline("y")
    said, code = the_rest(terminal)
    assert code == 0, said
    assert "2 hosts removed" in said
    # The live view: a line per host, drawn anew, so the cursor goes up.
    assert "\x1b[1A" in said
    assert [path.name for path in project.machine(1).parent.iterdir() if path.name[0] != "."] == [project.host(1)]
    for number in (2, 3):
        assert not [line for line in traces(project.name) if project.host(number) in line]
        assert not (project.state / "known_hosts" / project.host(number)).exists()
    assert (project.boot_id(1), project.units(1)) == before
    assert "there is no host" in project.px("ssh", project.host(2), "--", "true", code=2).stderr
