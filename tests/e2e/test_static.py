"""Hosts that are there already: the machines of one cluster, reached by address, are the static hosts of another."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import MakeProject
    from project import Project

BUCKET = "px-gcs-bucket"
OURS, THEIRS = "/static-data", "/px-gcs-bucket"
# With the bucket server of the other cluster, which provider static knows nothing of.
MOUNT = {
    "source": f"gs://{BUCKET}/static",
    "endpoint": "http://buckets.px.internal:4443/storage/v1/",
    "anonymous": True,
    "options": {"enable-hns": False, "enable-atomic-rename-object": False},
}


@pytest.fixture(scope="module")
def machines(make_project: MakeProject) -> Project:
    one = make_project("c2l", nodes=2)
    one.provision()
    return one


@pytest.fixture(scope="module")
def hosts(machines: Project) -> list[str]:
    return [machines.address(1), machines.address(2)]


@pytest.fixture(scope="module")
def project(make_project: MakeProject, machines: Project, hosts: list[str]) -> Project:
    """A project whose `ssh` has a config and a known_hosts of its own, in place of those in root's home."""
    one = make_project("c2s")
    del one.environment["PX_PROVIDER"]
    programs = one.top / "bin"
    programs.mkdir()
    config = one.top / "ssh_config"
    config.write_text(f"UserKnownHostsFile {one.top}/known_hosts\nGlobalKnownHostsFile /dev/null\n")
    (programs / "ssh").write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {config} "$@"\n')
    (programs / "ssh").chmod(0o755)
    one.environment["PATH"] = f"{programs}:{one.environment['PATH']}"
    (one.folder / "my.key").write_bytes((machines.state / "key").read_bytes())
    (one.folder / "my.key").chmod(0o600)
    write(one, hosts)
    return one


def write(project: Project, hosts: list[str]) -> None:
    cluster = {"provider": "static", "static": {"hosts": hosts, "key": "my.key"}}
    project.file.write_text(yaml.safe_dump({"cluster": cluster, OURS: MOUNT}, sort_keys=False))


def know(project: Project, machines: Project, hosts: list[str]) -> None:
    """Do what the user does with ssh-keyscan, with the keys that the machines really have."""
    keys = [(machines.state / "known_hosts" / machines.host(number)).read_text().split(" ", 1)[1] for number in (1, 2)]
    lines = [f"{host} {key}" for host, key in zip(hosts, keys, strict=True)]
    (project.top / "known_hosts").write_text("".join(lines))


def invocation(machines: Project, number: int, path: str) -> str:
    """Return what a restart of a mount's unit changes."""
    find = f"grep -lx 'Path={path}' /etc/systemd/system/px-mount-*.service | xargs -n 1 basename"
    return machines.on(number, f"{find} | xargs systemctl show -P InvocationID")


def untouched(machines: Project) -> list[str]:
    """Return what changes when the machines, or the other cluster's mounts on them, are restarted."""
    return [call for number in (1, 2) for call in (machines.boot_id(number), invocation(machines, number, THEIRS))]


def state(project: Project) -> Path:
    return project.top / "state" / "px-ansible" / "clusters" / "static" / project.name


def test_a_host_key_that_nobody_looked_at_is_refused(project: Project, machines: Project, hosts: list[str]) -> None:
    done = project.px("provision", "--yes", code=6)
    assert "Host key verification failed" in done.said
    assert f"ssh-keyscan {hosts[0]} >> ~/.ssh/known_hosts" in done.said
    assert done.seconds < 30
    assert not (project.top / "known_hosts").exists()
    assert machines.mounted(1) == machines.mounted(2) == {THEIRS}


def test_provision_mounts_on_the_hosts_and_changes_nothing_else(
    project: Project, machines: Project, hosts: list[str]
) -> None:
    know(project, machines, hosts)
    before = untouched(machines)
    data = project.provision()
    assert [(host["name"], host["address"], host["state"]) for host in data["hosts"]] == [
        (host, host, "running") for host in hosts
    ]
    assert [[mount["ready"] for mount in host["mounts"]] for host in data["hosts"]] == [[True], [True]]
    assert machines.mounted(1) == machines.mounted(2) == {OURS, THEIRS}
    project.px("ssh", hosts[0], "--", f"echo from one > {OURS}/hello.txt")
    assert project.px("ssh", hosts[1], "--", "cat", f"{OURS}/hello.txt").stdout == "from one\n"
    assert machines.on(2, f"cat {THEIRS}/static/hello.txt") == "from one"
    assert untouched(machines) == before


def test_px_ansible_makes_no_key_for_hosts_that_have_theirs(project: Project) -> None:
    assert not (state(project) / "key").exists()
    assert not (state(project) / "known_hosts").exists()


def test_status_shows_the_addresses(project: Project, hosts: list[str]) -> None:
    rows = [line.split() for line in project.px("status").stdout.splitlines()]
    assert [row[:3] for row in rows if row and row[0] in hosts] == [[host, host, "running"] for host in hosts]
    # What the other cluster has mounted there is shown too: it is asked what the host has.
    assert [row[-3:] for row in rows if OURS in row] == [[OURS, BUCKET, "ready"]] * 2


def test_a_second_provision_changes_nothing(project: Project, machines: Project) -> None:
    before = [invocation(machines, number, OURS) for number in (1, 2)]
    assert project.provision()["changed"] == 0
    assert [invocation(machines, number, OURS) for number in (1, 2)] == before


def test_all_hosts_their_logs_and_their_mounts_alone(project: Project, machines: Project, hosts: list[str]) -> None:
    before = untouched(machines)
    said = project.px("ssh", "--all", "--", "hostname").stdout
    width = max(map(len, hosts))
    assert sorted(said.splitlines()) == [f"{hosts[n]:<{width}} | {machines.host(n + 1)}" for n in (0, 1)]
    assert project.px("ssh", "2", "--", "hostname").stdout == f"{machines.host(2)}\n"
    logs = project.px("logs", hosts[1]).stdout
    assert f"on {OURS}." in logs
    assert f"on {THEIRS}." not in logs  # that mount is the other cluster's
    assert "Took 1 mount away from 2 hosts." in project.px("unmount", "--yes").stdout
    assert machines.mounted(1) == machines.mounted(2) == {THEIRS}
    project.px("mount")
    assert machines.mounted(1) == machines.mounted(2) == {OURS, THEIRS}
    assert list(project.px("inventory", "--list").data["_meta"]["hostvars"]) == hosts
    assert untouched(machines) == before


def test_the_others_go_on_when_a_host_cannot_be_reached(project: Project, hosts: list[str]) -> None:
    # The hosts' network ends before .200.
    lost = hosts[0].rsplit(".", 1)[0] + ".200"
    write(project, [lost, hosts[1]])
    try:
        states = {
            host["name"]: host["state"] for host in project.px("status", "--output", "json", code=5).data["hosts"]
        }
        assert states == {lost: "missing", hosts[0]: "running", hosts[1]: "running"}
    finally:
        write(project, hosts)


def test_a_host_that_leaves_the_list_loses_the_mount_and_nothing_else(
    project: Project, machines: Project, hosts: list[str]
) -> None:
    write(project, hosts[1:])
    shown = project.px("plan").stdout
    assert f"- leave   {hosts[0]}" in shown.replace("  ", " ").replace("leave ", "leave   ")
    assert "px.yaml does not list it" in shown
    done = project.px("provision", "--yes")
    assert "1 host left as they were" in done.said
    assert machines.mounted(1) == {THEIRS}
    assert machines.mounted(2) == {OURS, THEIRS}
    assert machines.on(1, f"test -e {OURS} || echo gone") == "gone"
    assert list(json.loads((state(project) / "inventory.json").read_text())["hosts"]) == hosts[1:]
    assert project.provision()["changed"] == 0


def test_destroy_takes_the_mounts_away_and_leaves_the_hosts(
    project: Project, machines: Project, hosts: list[str]
) -> None:
    before = untouched(machines)
    write(project, hosts)
    project.provision()
    ended = project.px("destroy", "--yes")
    assert "Took 1 mount away from 2 hosts; the hosts and the buckets stay." in ended.stdout
    assert machines.mounted(1) == machines.mounted(2) == {THEIRS}
    for number in (1, 2):
        assert machines.on(number, f"ls -d {OURS} /etc/systemd/system/px-mount-static*", code=2) == ""
    assert untouched(machines) == before
    assert machines.on(1, f"cat {THEIRS}/static/hello.txt") == "from one"
    assert not state(project).exists()
    assert "There was nothing to remove." in project.px("destroy", "--yes").stdout


def test_hosts_that_are_gone_for_good_can_be_forgotten(project: Project, hosts: list[str]) -> None:
    lost = hosts[0].rsplit(".", 1)[0] + ".200"  # the hosts' network ends before it
    write(project, [lost])
    project.px("provision", "--yes", code=6)
    told = project.px("destroy", "--yes", "--output", "json", code=6).data
    assert (told["removed"], told["left"]) == ([], [lost])
    shown = project.px("destroy", "--yes", code=6).stdout
    assert f"{lost}: ssh: connect to host {lost} port 22: " in shown
    assert f"rm -r {state(project)}" in shown
    shutil.rmtree(state(project))
    assert "There was nothing to remove." in project.px("destroy", "--yes").stdout
