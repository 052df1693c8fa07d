"""A host's image cannot change in place: another one is a replacement, and that has to be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import MakeProject
    from project import Project


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    one = make_project("img", nodes=1)
    one.provision()
    one.on(1, "echo kept > /px-gcs-bucket/kept; echo lost > /root/lost")
    one.write(nodes=1, image="debian-13")
    return one


def test_another_image_is_refused_without_replace(project: Project) -> None:
    before = project.boot_id(1)
    refused = project.px("provision", "--yes", code=2)
    assert f"{project.host(1)} cannot change in place" in refused.stderr
    assert "image debian-12 -> debian-13" in refused.said
    assert "provision --replace" in refused.stderr
    assert project.boot_id(1) == before


def test_replace_makes_the_host_anew_and_mounts_the_buckets(project: Project) -> None:
    data = project.provision("--replace")
    assert [host["action"] for host in data["plan"]["hosts"]] == ["replace"]
    assert project.on(1, ". /etc/os-release; echo $VERSION_ID") == "13"
    assert project.on(1, "cat /px-gcs-bucket/kept; ls /root/lost 2>/dev/null; true") == "kept"
    assert project.on(1, "systemctl is-system-running --wait") == "running"


def test_debian_13_heals_and_comes_back_from_a_reboot_too(project: Project) -> None:
    assert project.reboot(1) == "running"
    assert project.on(1, "cat /px-gcs-bucket/kept") == "kept"
