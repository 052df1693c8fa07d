"""Clusters beside each other, and beside other networks of the computer, do not meet."""

from __future__ import annotations

import ipaddress
import subprocess
from typing import TYPE_CHECKING

import pytest
from ansible_collections.px.storage.plugins.module_utils.local import network
from traces import ip, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import MakeProject
    from project import Project

# Named like a bridge of ours: tests that run beside this one then take it for somebody's cluster, not for a trace.
DUMMY = "pxd00d00"


def first_choice(cluster: str) -> str:
    """Return the network that a cluster gets where none is taken."""
    return str(network._free_subnet(cluster, []))


@pytest.fixture(scope="module")
def one(make_project: MakeProject) -> Project:
    return make_project("left")


@pytest.fixture(scope="module")
def other(make_project: MakeProject, one: Project) -> Project:
    """A cluster whose first choice of a network is the one's too."""
    made = make_project("right")
    name = next(name for n in range(100_000) if first_choice(name := f"right-{n}") == first_choice(one.name))
    made.folder = made.folder.rename(made.top / name)
    return made


@pytest.fixture(scope="module")
def taken(one: Project) -> Iterator[str]:
    """The network that both would choose is another interface's, with a smaller mask."""
    subnet = ipaddress.ip_network(first_choice(one.name))
    inside = f"{subnet[200]}/29"
    subprocess.run(["ip", "link", "add", "name", DUMMY, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "address", "add", inside, "dev", DUMMY], check=True)
        yield inside
        # Nothing of it was touched.
        assert [a["local"] for a in ip("-4", "address", "show", "dev", DUMMY)[0]["addr_info"]] == [str(subnet[200])]
    finally:
        subprocess.run(["ip", "link", "delete", "dev", DUMMY], check=True)


@pytest.fixture(scope="module", autouse=True)
def _provisioned(one: Project, other: Project, taken: str) -> None:
    """Both at the same time."""
    for project in (one, other):
        project.write(nodes=1)
    works = [project.start("provision", "--yes") for project in (one, other)]
    said = [process.communicate(timeout=240)[0] for process in works]
    assert [process.returncode for process in works] == [0, 0], said


def test_each_takes_a_network_that_is_free(one: Project, other: Project, taken: str) -> None:
    subnets = [ipaddress.ip_network(project.record["subnet"]) for project in (one, other)]
    assert not subnets[0].overlaps(subnets[1])
    assert one.record["bridge"] != other.record["bridge"]
    for subnet in subnets:
        assert not subnet.overlaps(ipaddress.ip_network(taken, strict=False))
        assert subnet.subnet_of(ipaddress.ip_network("198.18.0.0/15"))


def test_buckets_of_the_same_name_are_two(one: Project, other: Project) -> None:
    one.on(1, "echo left > /px-gcs-bucket/file")
    assert other.on(1, "ls /px-gcs-bucket") == ""


def test_a_host_does_not_reach_the_other_cluster(one: Project, other: Project) -> None:
    assert "unreachable" in one.on(1, f"ip route get {other.address(1)} 2>&1; true").lower()


def test_the_same_cluster_from_another_folder_is_refused(one: Project) -> None:
    twin = one.top / "twin"
    twin.mkdir()
    (twin / "px.yaml").write_text(one.file.read_text().replace("cluster:", f"cluster:\n  name: {one.name}", 1))
    refused = one.px("provision", "--yes", "--file", str(twin / "px.yaml"), code=4)
    assert f"The cluster '{one.name}' (local) belongs to {one.file}" in refused.stderr
    assert "another `cluster.name`" in refused.stderr


def test_destroying_one_leaves_the_other(one: Project, other: Project) -> None:
    before = one.boot_id(1), one.units(1)
    other.px("destroy", "--yes", "--purge")
    assert traces(other.name) == []
    assert (one.boot_id(1), one.units(1)) == before
    assert one.on(1, "cat /px-gcs-bucket/file") == "left"
