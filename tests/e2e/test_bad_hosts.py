"""Hosts that do not come up, and mounts that do not: said with their own last words, and the others go on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.px.storage.plugins.module_utils.local import image
from project import BUCKET
from traces import traces

if TYPE_CHECKING:
    from conftest import MakeProject
    from project import Project

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible"
# One image, three fates: by the host's name.
INIT = """\
#!/bin/sh
case $(cat /etc/hostname) in
  *-1) exec /usr/lib/systemd/systemd.right "$@";;
  *-2) echo "this init gives up"; exit 1;;
  *) echo "this init does nothing"; trap 'exit 0' 37; while :; do sleep 1; done;;
esac
"""


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    return make_project("sick")


def test_a_port_that_is_taken_names_the_program_and_leaves_nothing(project: Project) -> None:
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - as programs do
        port = listener.getsockname()[1]
        project.write(nodes=1, local={"gcs_port": port})
        refused = project.px("provision", "--yes", code=5)
        assert f"port {port} of the gcs bucket server is taken by" in refused.stderr
        assert f"(pid {os.getpid()})" in refused.stderr
        assert "gcs_port" in refused.stderr
        assert traces(project.name) == []


def test_a_gcsfuse_that_cannot_start_is_told_with_its_last_words(project: Project) -> None:
    project.write({"/px-gcs-bucket": BUCKET, "/bad": {**BUCKET, "options": {"no-such-flag": 1}}}, nodes=1)
    failed = project.px("provision", "--yes", code=5)
    rows = [line.split() for line in failed.stdout.splitlines() if "px-gcs-bucket " in line and "ready" in line]
    assert [row[-4:] if row[-2] == "not" else row[-3:] for row in rows] == [
        ["/px-gcs-bucket", "px-gcs-bucket", "ready"],
        ["/bad", "px-gcs-bucket", "not", "ready"],
    ]
    assert "unknown flag: --no-such-flag" in failed.stdout
    assert f"Try: px-ansible ssh {project.host(1)} -- " in failed.stdout
    command = failed.stdout.split(f"Try: px-ansible ssh {project.host(1)} -- ")[1].splitlines()[0]
    assert "no-such-flag" in project.on(1, command, code=None)
    assert "not as px.yaml says" in failed.stdout

    data = project.px("status", "--output", "json", code=5).data
    assert {one["path"]: one["ready"] for one in data["hosts"][0]["mounts"]} == {"/px-gcs-bucket": True, "/bad": False}


def test_px_yaml_put_right_repairs_it(project: Project) -> None:
    before = project.units(1)["/px-gcs-bucket"]
    project.write({"/px-gcs-bucket": BUCKET, "/bad": BUCKET}, nodes=1)
    data = project.provision()
    assert all(one["ready"] for one in data["hosts"][0]["mounts"])
    assert project.mounted(1) == {"/px-gcs-bucket", "/bad"}
    assert project.units(1)["/px-gcs-bucket"] == before


def test_hosts_that_do_not_boot_show_their_console_and_the_other_goes_on(make_project: MakeProject) -> None:
    project = make_project("boot", nodes=3)
    right = image.path("debian-12", str(CACHE))
    image.ensure("debian-12", str(CACHE))
    wrong = image.path("debian-12", str(project.top / "cache" / "px-ansible"))
    wrong.parent.mkdir(parents=True)
    subprocess.run(["cp", "-a", "--link", str(right), str(wrong)], check=True)
    shutil.move(wrong / "usr/lib/systemd/systemd", wrong / "usr/lib/systemd/systemd.right")
    init = wrong / "usr/lib/systemd/systemd"
    init.write_text(INIT)
    init.chmod(0o755)
    (project.top / "cache/px-ansible/clients").symlink_to(CACHE / "clients")

    failed = project.px("provision", "--yes", code=5, XDG_CACHE_HOME=str(project.top / "cache"))
    hosts = {line.split()[0]: line.split() for line in failed.stdout.splitlines() if line.startswith(project.name)}
    assert hosts[project.host(1)][2:] == ["running", "/px-gcs-bucket", "px-gcs-bucket", "ready"]
    assert "failed" in hosts[project.host(2)]
    assert "failed" in hosts[project.host(3)]
    network = project.record["subnet"].removesuffix(".0/24")
    assert f"{project.host(2)} did not boot: its machine ended" in failed.stdout
    assert "this init gives up" in failed.stdout
    assert f"{project.host(3)} did not boot: no SSH on {network}." in failed.stdout
    assert " within 60 s" in failed.stdout
    assert "this init does nothing" in failed.stdout
    assert f"less {project.machine(2)}/console.log" in failed.stdout
    assert 60 <= failed.seconds < 120
    assert "not as px.yaml says" in failed.stdout
    assert "has no address" in project.px("ssh", project.host(3), "--", "true", code=2).stderr
    project.on(1, "echo works > /px-gcs-bucket/file")

    # With the image put right, the next provision makes it whole.
    init.unlink()
    shutil.move(wrong / "usr/lib/systemd/systemd.right", init)
    project.provision(XDG_CACHE_HOME=str(project.top / "cache"))
    assert project.on(3, "cat /px-gcs-bucket/file") == "works"
