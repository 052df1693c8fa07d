"""A cluster from anywhere: by name, its runs and logs, all hosts at once, mounts alone, inventory, a lost state."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from project import BUCKET, COMMAND, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeProject
    from project import Project

TOP = Path(__file__).parents[2]
PATH, OTHER = "/px-gcs-bucket", "/more"
MOUNTS = {PATH: BUCKET, OTHER: {"source": "gs://px-gcs-bucket/more"}}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    one = make_project("fleet", nodes=2, mounts=MOUNTS)
    one.provision()
    return one


@pytest.fixture
def elsewhere(project: Project) -> Iterator[Project]:
    """The same user in a folder without a px.yaml."""
    place = project.top / "elsewhere"
    place.mkdir(exist_ok=True)
    home, project.folder = project.folder, place
    yield project
    project.folder = home


@pytest.fixture
def without_project(project: Project) -> Iterator[Project]:
    """The project's folder is gone."""
    home = project.folder
    away = home.rename(project.top / "away")
    project.folder = project.top
    yield project
    away.rename(home)
    project.folder = home


def at_a_terminal() -> None:
    """Listen to SIGINT: what a test run in the background starts would ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ctrl_c(process: subprocess.Popen[str], seconds: float = 20) -> str:
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=seconds)[0]


def start(project: Project, *arguments: str, stderr: IO[str] | None = None) -> subprocess.Popen[str]:
    """Run the command in the background, but so that Ctrl-C ends it."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        preexec_fn=at_a_terminal,  # noqa: PLW1509 - these tests have no threads
    )
    project.started.append(process)
    return process


def cluster_of(project: Project) -> str:
    return next((project.top / "state" / "px-ansible" / "clusters" / "local").glob("[!.]*")).name


# Clusters by name


def test_list_shows_the_cluster_and_how_its_last_run_ended(project: Project) -> None:
    (one,) = project.px("list", "--output", "json").data["clusters"]
    assert (one["name"], one["provider"]) == (project.name, "local")
    assert one["hosts"] == [project.host(1), project.host(2)]
    assert one["mounts"] == [PATH, OTHER]
    assert (one["file"], one["file_exists"]) == (str(project.file), True)
    assert (one["last_run"]["command"], one["last_run"]["state"]) == ("provision", "ok")
    row = project.px("list").stdout.splitlines()[1].split()
    assert row[:5] == [project.name, "local", "2", "2", str(project.file)]
    assert row[-2:] == ["provision", "ok"]


def test_a_cluster_is_reached_by_name_from_any_folder(elsewhere: Project) -> None:
    name = cluster_of(elsewhere)
    assert elsewhere.px("status", code=2).stderr.count("there is no px.yaml") == 1
    assert elsewhere.px("status", "-c", name).said.count("ready") == 4
    assert elsewhere.px("ssh", "-c", f"local/{name}", "2", "--", "hostname").stdout == f"{name}-2\n"
    assert "Nothing to do" in elsewhere.px("plan", PX_CLUSTER=name).stdout
    wrong = elsewhere.px("plan", "-c", name.replace("fleet", "fleat"), code=2)
    assert f"did you mean {name!r}?" in wrong.stderr


def test_what_can_be_done_is_done_when_the_project_is_gone(without_project: Project) -> None:
    name = cluster_of(without_project)
    assert without_project.px("list").said.count("(gone)") == 1
    status = without_project.px("status", "-c", name)
    assert status.said.count("ready") == 4
    assert len(status.stderr.splitlines()) == 1
    assert "is gone: this is about the cluster as it was last provisioned" in status.stderr
    assert without_project.px("ssh", "-c", name, "--", "hostname").stdout == f"{name}-1\n"
    assert without_project.px("logs", "-c", name, "--lines", "1").stdout
    for command in ("plan", "provision", "mount"):
        refused = without_project.px(command, "-c", name, code=4)
        assert "is gone, and only px.yaml says what the hosts should be" in refused.stderr
        assert "Try: -f FILE" in refused.stderr
    kept = without_project.top / "state" / "px-ansible" / "clusters" / "local" / name / "px.yaml"
    assert kept.read_text() == (without_project.top / "away" / "px.yaml").read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_renamed_folder_makes_no_second_cluster(project: Project) -> None:
    home, name = project.folder, project.name
    project.folder = home.rename(project.top / "renamed")
    try:
        for command in (["plan"], ["provision", "--yes"]):
            refused = project.px(*command, code=4)
            assert f"made the cluster {name!r} ({name}-1, {name}-2)" in refused.stderr
            assert f"`name: {name}`" in refused.stderr
            assert f"destroy -c {name}" in refused.stderr
        project.write(nodes=2, mounts=MOUNTS, name=name)
        assert "Nothing to do" in project.px("plan").stdout
    finally:
        project.folder = project.folder.rename(home)
        project.write(nodes=2, mounts=MOUNTS)
    assert "Nothing to do" in project.px("plan").stdout


def test_another_state_folder_knows_nothing_of_it(elsewhere: Project) -> None:
    theirs = {"XDG_STATE_HOME": str(elsewhere.top / "theirs")}
    assert elsewhere.px("list", "--output", "json", **theirs).data["clusters"] == []
    refused = elsewhere.px("status", "-c", cluster_of(elsewhere), code=2, **theirs)
    assert "this user has none yet" in refused.stderr


# Runs and logs


def test_runs_and_their_reports(project: Project) -> None:
    project.provision()
    listed = project.px("runs", "--output", "json").data["runs"]
    assert [one["command"] for one in listed] == ["provision"] * len(listed)
    assert [one["exit_code"] for one in listed] == [0] * len(listed)
    assert listed[0]["counts"]["changed"] > 0
    assert listed[-1]["counts"]["changed"] == 0
    every = project.px("runs", "--all", "--output", "json").data["runs"]
    assert {one["command"] for one in every} >= {"provision", "list"}
    last = project.px("runs", "show").stdout
    assert project.px("runs", "show", "-1").stdout == last
    assert project.px("runs", "show", listed[-1]["run"][:19]).stdout == last
    assert last.count("ready") == 4
    assert project.px("runs", "show", f"-{len(listed)}", "--output", "json").data["run"] == listed[0]["run"]
    assert "there are only" in project.px("runs", "show", "-99", code=2).stderr
    assert "there is no run 'x'" in project.px("runs", "show", "x", code=2).stderr
    for folder in (project.state / "runs").iterdir():
        files = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir() if file.is_file()}
        assert files.items() >= {"events.jsonl": 0o600, "run.json": 0o600, "report.json": 0o600}.items()
        assert (folder / "inventory" / "hosts.json").stat().st_mode & 0o777 == 0o600


def test_logs_of_mounts_and_of_runs(project: Project) -> None:
    both = project.px("logs").stdout
    assert f"on {PATH}." in both
    assert f"on {OTHER}." in both
    assert f" {project.host(1)} " in both
    one = project.px("logs", "2", OTHER).stdout
    assert f"on {OTHER}." in one
    assert f"on {PATH}." not in one
    assert f" {project.host(2)} " in one
    assert len(project.px("logs", OTHER, "--lines", "1").stdout.splitlines()) == 1
    host = project.px("logs", project.host(1).replace("fleet", "flet"), code=2)
    assert f"did you mean {project.host(1)!r}?" in host.stderr
    assert f"did you mean {OTHER!r}?" in project.px("logs", "/mor", code=2).stderr
    assert "PLAY [Converge the hosts]" in project.px("logs", "--run").stdout
    assert (
        project.px("logs", "--run", "-1").stdout
        == project.px("logs", "--run=-1").stdout
        == project.px("logs", "--run").stdout
    )


def test_logs_follow_until_ctrl_c(project: Project) -> None:
    following = start(project, "logs", PATH, "--follow", "--lines", "0")
    unit = project.on(1, f"grep -lx Path={PATH} /etc/systemd/system/px-mount-*.service | xargs -n 1 basename")
    until(lambda: project.on(1, "pgrep -f '[j]ournalctl.*--follow'", code=None), 20, "journalctl follows")
    project.on(1, f"systemctl restart {unit}")
    assert following.stdout is not None
    assert unit in following.stdout.readline() + following.stdout.readline()
    ctrl_c(following)
    assert following.returncode == 130


# All hosts at once


def test_a_command_on_all_hosts(project: Project) -> None:
    done = project.px("ssh", "--all", "--", "hostname; echo not so well >&2; [ $HOSTNAME != *-2 ]")
    assert sorted(done.stdout.splitlines()) == [f"{host} | {host}" for host in (project.host(1), project.host(2))]
    assert sorted(done.stderr.splitlines()) == [f"{host} | not so well" for host in (project.host(1), project.host(2))]
    assert project.px("ssh", "--all", "--", "exit ${HOSTNAME##*-}", code=None).code == 2
    data = project.px("ssh", "--all", "--output", "json", "--", "hostname; exit 7", code=7).data
    assert [(one["name"], one["stdout"], one["code"]) for one in data["hosts"]] == [
        (host, f"{host}\n", 7) for host in (project.host(1), project.host(2))
    ]


def test_a_host_that_cannot_be_reached_is_6(project: Project) -> None:
    known = project.state / "known_hosts" / project.host(2)
    kept = known.read_bytes()
    known.unlink()
    try:
        done = project.px("ssh", "--all", "--", "hostname", code=6)
    finally:
        known.write_bytes(kept)
    assert done.stdout == f"{project.host(1)} | {project.host(1)}\n"
    assert f"{project.host(2)} | Host key verification failed." in done.stderr


def test_ctrl_c_ends_the_command_on_all_hosts(project: Project) -> None:
    nap = f"9{os.getpid()}.5"
    running = start(project, "ssh", "--all", "--", f"echo begun; sleep {nap}; echo not reached")
    assert running.stdout is not None
    assert [running.stdout.readline()[-8:] for _ in range(2)] == ["| begun\n"] * 2
    began = time.monotonic()
    assert "not reached" not in ctrl_c(running)
    assert time.monotonic() - began < 4
    assert running.returncode == 130
    for number in (1, 2):
        until(lambda n=number: project.on(n, f"pgrep -fx 'sleep {nap}' || echo none") == "none", 5, "it has ended")


# Status, again and again


def test_watch_on_a_pipe_and_as_json(project: Project) -> None:
    watching = start(project, "status", "--watch", "0.2", "--output", "json")
    assert watching.stdout is not None
    lines = [json.loads(watching.stdout.readline()) for _ in range(2)]
    assert [[mount["ready"] for host in one["hosts"] for mount in host["mounts"]] for one in lines] == [[True] * 4] * 2
    ctrl_c(watching)
    assert watching.returncode == 130
    plain = start(project, "status", "--watch")
    assert plain.stdout is not None
    head = plain.stdout.readline()
    assert re.fullmatch(rf"{project.name} \(local\), \d\d:\d\d:\d\d\n", head)
    until(lambda: plain.stdout.readline() == "\n", 20, "the first block ends")
    assert "\x1b" not in ctrl_c(plain)
    assert plain.returncode == 130


def test_watch_goes_on_after_an_error_that_passes(project: Project, tmp_path: Path) -> None:
    known = project.state / "inventory.json"
    kept, errors = known.read_text(), tmp_path / "errors"
    with errors.open("w") as stderr:
        watching = start(project, "status", "--watch", "0.2", "--output", "json", stderr=stderr)
    assert watching.stdout is not None
    watching.stdout.readline()
    known.write_text("{")
    until(lambda: f"{known} is damaged" in errors.read_text(), 30, "it has said what is wrong")
    known.write_text(kept)
    restored = datetime.now().astimezone().replace(microsecond=0)
    until(lambda: datetime.fromisoformat(json.loads(watching.stdout.readline())["time"]) >= restored, 30, "it goes on")
    ctrl_c(watching)
    assert watching.returncode == 130
    assert "Traceback" not in errors.read_text()


def test_watch_draws_anew_on_a_terminal(project: Project) -> None:
    leader, terminal = pty.openpty()
    environment = project.environment | {"TERM": "xterm", "COLUMNS": "100"}
    watching = subprocess.Popen(
        [*COMMAND, "status", "--watch", "0.2"],
        cwd=project.folder,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        preexec_fn=at_a_terminal,  # noqa: PLW1509 - these tests have no threads
    )
    project.started.append(watching)
    os.close(terminal)
    seen = b""
    while seen.count(b"\x1b[2J") < 2:
        seen += os.read(leader, 4096)
    watching.send_signal(signal.SIGINT)
    try:
        while more := os.read(leader, 4096):
            seen += more
    except OSError:  # how a terminal says that nobody is left
        pass
    os.close(leader)
    assert watching.wait(20) == 130
    assert b"Traceback" not in seen
    assert b"Stopped" not in seen


# Mounts alone


def to_do(project: Project) -> dict[str, str]:
    """Return mount -> what `plan` would do with it."""
    return {one["path"]: one["action"] for one in project.px("plan", "--output", "json").data["mounts"]}


def test_unmount_and_mount_again(project: Project) -> None:
    boots = [project.boot_id(1), project.boot_id(2)]
    assert "this needs a yes" in project.px("unmount", code=2).stderr
    assert f"did you mean {OTHER!r}?" in project.px("unmount", "/mores", code=2).stderr
    shown = project.px("unmount", OTHER, "--yes").stdout
    assert f"- {OTHER} (gs://px-gcs-bucket/more)" in shown
    assert "Took 1 mount away from 2 hosts." in shown
    for number in (1, 2):
        assert project.mounted(number) == {PATH}
        assert project.on(number, f"ls -d {OTHER} /etc/px-mounts/more /etc/systemd/system/px-mount-more*", code=2) == ""
    assert to_do(project) == {PATH: "keep", OTHER: "create"}
    done = project.px("mount")
    assert "Done: 1 mount added." in done.stdout
    assert project.mounted(1) == project.mounted(2) == {PATH, OTHER}
    assert "Nothing to do" in project.px("plan").said
    assert [project.boot_id(1), project.boot_id(2)] == boots
    assert project.px("mount", "--output", "json").data["changed"] == 0


def test_mount_asks_before_it_takes_away(project: Project) -> None:
    project.write(nodes=2, mounts={PATH: BUCKET})
    try:
        assert "this needs a yes" in project.px("mount", code=2).stderr
        project.px("mount", "--yes")
        assert project.mounted(1) == project.mounted(2) == {PATH}
        assert "Nothing to do" in project.px("plan").said
        assert project.px("unmount", "--yes", "--output", "json").data["unmounted"] == [PATH]
        assert project.mounted(1) == project.mounted(2) == set()
        assert "nothing to unmount" in project.px("unmount", "--yes").stdout
    finally:
        project.write(nodes=2, mounts=MOUNTS)
    project.px("mount")
    assert project.mounted(1) == project.mounted(2) == {PATH, OTHER}


def test_a_stopped_host_is_left_alone_and_not_forgotten(project: Project) -> None:
    project.on(2, "systemctl poweroff", code=None)

    def states() -> list[str]:
        return [one["state"] for one in project.px("status", "--output", "json", code=None).data["hosts"]]

    until(lambda: states() == ["running", "stopped"], 30, "the machine is off")
    note = f"Note: {project.host(2)} is stopped"
    assert note in project.px("unmount", OTHER, "--yes").stdout
    assert project.mounted(1) == {PATH}
    # It comes back with the mount when it is started: the plan says that something is to be done.
    assert to_do(project)[OTHER] == "change"
    project.write(nodes=2, mounts={PATH: BUCKET})
    try:
        assert note in project.px("mount", "--yes").stdout
        assert to_do(project)[OTHER] == "remove"
        project.provision()
        assert project.mounted(1) == project.mounted(2) == {PATH}
    finally:
        project.write(nodes=2, mounts=MOUNTS)
    project.provision()
    assert project.mounted(1) == project.mounted(2) == {PATH, OTHER}


def test_both_refuse_where_there_are_no_hosts(make_project: MakeProject) -> None:
    none = make_project("none", nodes=1)
    for command in ("mount", "unmount", "inventory", "ssh", "logs"):
        refused = none.px(command, code=2)
        assert "no hosts" in refused.stderr
        assert "px-ansible provision" in refused.stderr
    shutil.rmtree(none.state)


# Inventory


def ansible(project: Project, program: str, *arguments: str) -> str:
    environment = project.environment | {
        "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests" / "collections"),
        "ANSIBLE_HOME": str(project.top / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(project.top / "ansible" / "tmp"),
    }
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=project.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def script(project: Project) -> str:
    file = project.folder / "hosts.sh"
    file.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} inventory -c {project.name} "$@"\n')
    file.chmod(0o755)
    return str(file)


def yaml_file(project: Project) -> str:
    (project.folder / "hosts.yml").write_text(project.px("inventory").stdout)
    return "hosts.yml"


def plugin(project: Project) -> str:
    (project.folder / "inventory").mkdir(exist_ok=True)
    (project.folder / "inventory" / "px.yml").write_text("plugin: px.storage.px\nconfig: ../px.yaml\n")
    return "inventory/px.yml"


def plugin_by_name(project: Project) -> str:
    (project.folder / "by-name.yml").write_text(f"plugin: px.storage.px\ncluster: {project.name}\n")
    return "by-name.yml"


@pytest.mark.parametrize("source", [script, yaml_file, plugin, plugin_by_name])
def test_the_users_own_ansible_works_with_the_inventory(project: Project, source) -> None:
    inventory = source(project)
    listed = json.loads(ansible(project, "ansible-inventory", "-i", inventory, "--list"))
    assert listed["px_hosts"]["hosts"] == [project.host(1), project.host(2)]
    graph = ansible(project, "ansible-inventory", "-i", inventory, "--graph").split()
    assert graph[-5:] == ["|--@px_hosts:", "|", f"|--{project.host(1)}", "|", f"|--{project.host(2)}"]
    assert ansible(project, "ansible", "-i", inventory, "all", "-m", "ansible.builtin.ping").count("SUCCESS") == 2
    shown = ansible(project, "ansible", "-i", inventory, project.host(2), "-m", "debug", "-a", "var=gcsfuse_mounts")
    assert '"path": "/more"' in shown


def test_one_host_of_the_inventory(project: Project) -> None:
    data = project.px("inventory", "--host", project.host(2)).data
    assert data["ansible_host"] == project.address(2)
    assert project.px("inventory", "--host", "nobody").data == {}


# A lost key, and then a lost state folder: last, because all that is remembered goes.


def test_a_lost_key_is_said_and_made_anew(project: Project) -> None:
    (project.state / "key").unlink()
    for command in (["ssh"], ["logs"], ["mount"]):
        refused = project.px(*command, code=4)
        assert f"{project.host(1)}, {project.host(2)} would not take the cluster's new SSH key yet" in refused.stderr
    assert "the cluster has a new SSH key" in project.px("plan").stdout
    project.provision()
    assert project.px("ssh", "--", "hostname").stdout == f"{project.host(1)}\n"


def test_a_lost_state_folder_is_rebuilt(project: Project) -> None:
    project.on(1, f"echo kept > {PATH}/kept")
    shutil.rmtree(project.top / "state")
    status = project.px("status", code=6)
    assert status.said.count("does not take the cluster's new SSH key yet: the one that it knows is lost") == 2
    assert "px-ansible provision" in status.stdout
    for command in (["ssh"], ["ssh", "--all", "--", "true"], ["logs"], ["mount"], ["unmount"]):
        refused = project.px(*command, code=4)
        assert f"{project.host(1)}, {project.host(2)} would not take the cluster's new SSH key yet" in refused.stderr
        assert "px-ansible provision: it brings the key to the hosts" in refused.stderr
    assert "the cluster has a new SSH key" in project.px("plan").stdout
    report = project.provision()
    assert [host["state"] for host in report["hosts"]] == ["running", "running"]
    assert project.px("ssh", "2", "--", "cat", f"{PATH}/kept").stdout == "kept\n"
    assert "Nothing to do" in project.px("plan").stdout


def test_destroy_works_without_the_state_folder_and_without_the_key(project: Project) -> None:
    (project.state / "key").unlink()
    assert project.px("status", code=6).said.count("does not take the cluster's new SSH key yet") == 2
    shutil.rmtree(project.top / "state")
    done = project.px("destroy", "--yes", "--purge")
    assert "Removed 2 hosts" in done.stdout
    assert "There was nothing to remove" in project.px("destroy", "--yes").stdout
