"""The main job: the px.yaml of the quickstart, word for word, becomes two hosts with the bucket as a folder."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from project import Project, until
from traces import processes, traces

if TYPE_CHECKING:
    from conftest import MakeProject
    from project import Result

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart" / "px.yaml"
PATH = "/px-gcs-bucket"


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    one = make_project("quick")
    shutil.copy(QUICKSTART, one.file)
    return one


@pytest.fixture(scope="module")
def first(project: Project) -> Result:
    return project.px("provision", "--yes")


@pytest.fixture(scope="module", autouse=True)
def _provisioned(first: Result) -> None:
    pass


def test_the_example_is_what_the_product_page_says() -> None:
    comment, page = QUICKSTART.read_text().split("\n", 1)
    assert comment.startswith("# yaml-language-server: ")  # for editors
    words = " ".join(page.split())
    assert words == "cluster: nodes: 2 cpus_per_node: 4 /px-gcs-bucket: source: gs://px-gcs-bucket store: gcs"


def test_the_first_provision_says_what_it_made_and_that_the_bucket_is_emulated(first: Result, project: Project) -> None:
    for host in (project.host(1), project.host(2)):
        assert f"+ create {host}" in first.said
        row = next(line.split() for line in first.stdout.splitlines() if line.startswith(host))
        assert row[2:] == ["running", PATH, "px-gcs-bucket", "ready"]
    assert "gs://px-gcs-bucket (emulated here)" in first.stdout
    assert "Emulated on this computer: gs://px-gcs-bucket; its objects are kept until `destroy --purge`" in first.stdout
    assert "Done: 2 hosts created, 1 mount added." in first.stdout


def test_it_shows_plain_lines_of_progress_where_there_is_no_terminal(first: Result, project: Project) -> None:
    lines = first.stderr.splitlines()
    assert f"{project.host(1)}: Boot the machine" in lines
    assert f"{project.host(2)}: Boot the machine" in lines
    assert "\x1b" not in first.stderr + first.stdout


def test_a_file_written_on_one_host_is_read_on_the_other(project: Project) -> None:
    project.px("ssh", project.host(1), "--", f"echo hello from one > {PATH}/hello.txt")
    read = project.px("ssh", project.host(2), "--", "cat", f"{PATH}/hello.txt")
    assert read.stdout == "hello from one\n"
    project.on(2, f"mkdir {PATH}/deep && head -c 3000000 /dev/urandom | tee {PATH}/deep/big | sha256sum > /tmp/sum")
    assert project.on(1, f"sha256sum < {PATH}/deep/big") == project.on(2, "cat /tmp/sum")
    assert project.on(1, f"ls {PATH}").split() == ["deep", "hello.txt"]


def test_a_host_is_a_machine_of_its_own(project: Project) -> None:
    for number in (1, 2):
        assert project.on(number, "cat /proc/1/comm; hostname; . /etc/os-release; echo $VERSION_ID").split() == [
            "systemd",
            project.host(number),
            "12",
        ]
        assert project.on(number, "systemctl is-system-running --wait") == "running"
        assert project.mounted(number) == {PATH}
        assert project.on(number, "systemctl is-active sshd || systemctl is-active ssh").endswith("active")
        assert project.on(number, "stat -c %t:%T /dev/fuse") == "a:e5"
        # No way out: not a default route, only the cluster's network.
        assert project.on(number, "ip route").startswith(project.record["subnet"])
        assert "default" not in project.on(number, "ip route")


def test_status_shows_hosts_and_mounts(project: Project) -> None:
    text = project.px("status").stdout.splitlines()
    for number in (1, 2):
        row = next(line.split() for line in text if line.startswith(project.host(number)))
        assert row == [project.host(number), project.address(number), "running", PATH, "px-gcs-bucket", "ready"]
    data = project.px("status", "--output", "json").data
    assert [host["name"] for host in data["hosts"]] == [project.host(1), project.host(2)]
    for host in data["hosts"]:
        assert host["state"] == "running"
        assert [(mount["path"], mount["state"], mount["ready"]) for mount in host["mounts"]] == [
            (PATH, "mounted", True)
        ]
    assert [one["state"] for one in data["shared"]] == ["running", "running"]


def test_ssh_goes_to_the_first_host_and_passes_exit_codes_through(project: Project) -> None:
    assert project.px("ssh", "--", "hostname").stdout.strip() == project.host(1)
    project.px("ssh", project.host(2), "--", "exit", "37", code=37)
    other = project.px("ssh", "nobody", "--", "true", code=2)
    assert "there is no host 'nobody'" in other.stderr
    assert f"the hosts are: {project.host(1)}, {project.host(2)}" in other.stderr


def test_the_state_folder_is_closed_to_others(project: Project) -> None:
    assert (project.state / "key").is_file()
    top = project.top / "state" / "px-ansible"
    for path in [top, *top.rglob("*")]:
        if not path.is_symlink():
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_the_host_keys_were_known_before_the_first_connection(project: Project) -> None:
    for number in (1, 2):
        known = (project.state / "known_hosts" / project.host(number)).read_text().split()
        assert known[0] == project.host(number)
        assert " ".join(known[1:]) == project.on(number, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    assert project.on(1, "cat /etc/ssh/ssh_host_ed25519_key.pub") != project.on(
        2, "cat /etc/ssh/ssh_host_ed25519_key.pub"
    )
    run = next(iter(sorted(project.state.glob("runs/*-provision"))))
    settings = (run / "inventory" / "hosts.json").read_text() + (run / "ansible.cfg").read_text()
    assert settings.count("StrictHostKeyChecking=yes") >= 2
    assert "StrictHostKeyChecking=no" not in settings
    assert "host_key_checking = True" in settings


def test_a_first_provision_takes_at_most_three_tasks_on_a_host(project: Project) -> None:
    run = next(iter(sorted(project.state.glob("runs/*-provision"))))
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    # What runs on the controller: what is delegated to it, and what is no module at all.
    here = {
        "ansible.builtin.include_role",
        "ansible.builtin.include_tasks",
        "ansible.builtin.validate_argument_spec",
        "ansible.builtin.set_fact",
        "px.storage.local_machine",
        "px.storage.client_binary",
    }
    for host in (project.host(1), project.host(2)):
        done = [event["action"] for event in events if event["host"] == host and event["kind"] in ("ok", "changed")]
        remote = [action for action in done if action not in here]
        assert "px.storage.mounts" in remote
        assert len(remote) <= 3, remote


def test_a_second_provision_changes_nothing_and_says_so(project: Project) -> None:
    def running() -> tuple[object, ...]:
        bridge = project.record["bridge"]
        here = {pid: command for pid, command in processes(bridge).items() if "nspawn" in command or "gcs" in command}
        starts = {pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19] for pid in here}
        return here, starts, project.units(1), project.units(2), project.boot_id(1), project.boot_id(2)

    before = running()
    assert len(before[0]) >= 4  # two machines, their server and what looks after it
    data = project.provision()
    assert data["changed"] == 0
    assert data["plan"]["changes"] is False
    assert {host["changed"] for host in data["hosts"]} == {False}
    assert running() == before
    again = project.px("provision")  # nobody has to say yes to nothing
    assert "Nothing changed: everything was as px.yaml says." in again.stdout
    assert running() == before


def test_plan_has_nothing_to_do(project: Project) -> None:
    assert "Nothing to do" in project.px("plan", "--detailed-exitcode").stdout


def test_a_host_with_another_host_key_is_refused(project: Project) -> None:
    known = project.state / "known_hosts" / project.host(1)
    right = known.read_text()
    known.write_text(f"{project.host(1)} {(project.state / 'key.pub').read_text()}")
    try:
        data = project.px("status", "--output", "json", code=6).data
        assert [host["state"] for host in data["hosts"]] == ["unreachable", "running"]
        assert "Host key verification failed" in project.px("ssh", "--", "true", code=255).stderr
    finally:
        known.write_text(right)
    assert project.on(1, "hostname") == project.host(1)


def test_destroy_asks_and_what_it_leaves_is_the_objects(project: Project) -> None:
    refused = project.px("destroy", code=2)
    assert "there is no terminal to ask on" in refused.stderr
    assert project.on(2, f"cat {PATH}/hello.txt") == "hello from one"

    ended = project.px("destroy", "--yes")
    assert "Removed 2 hosts" in ended.stdout
    assert "nothing" in ended.stdout
    buckets = Path("/var/lib/px-ansible/buckets") / project.name
    until(lambda: traces(project.name) == [f"file {buckets}"], 5, "only the objects are left")
    assert not project.state.exists()

    project.write(nodes=1)
    project.provision()
    assert project.on(1, f"cat {PATH}/hello.txt; ls {PATH}").split("\n")[1:] == ["deep", "hello.txt"]

    assert "ALL OBJECTS" in project.px("destroy", "--purge", "--yes").stdout
    assert traces(project.name) == []
