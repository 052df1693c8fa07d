"""A computer that lacks something: which one, and what to type, before anything is made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from project import COMMAND
from traces import traces

if TYPE_CHECKING:
    from conftest import MakeProject
    from project import Project

NOBODY = 65534
# Stands in for an mmdebstrap whose mirror goes away in the middle.
HALF_AN_IMAGE = """\
#!/bin/sh
for word in "$@"; do case $word in /*.tmp-*) target=$word;; esac; done
mkdir -p "$target/etc" && echo half > "$target/etc/hostname"
echo "I: downloading packages"
echo "E: the mirror went away" >&2
exit 1
"""


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project("lack", nodes=1)


def path_without(project: Project, *programs: str) -> str:
    """Return a PATH with everything of this computer's but these programs."""
    folder = project.top / "bin"
    folder.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        for file in Path(place).glob("*"):
            link = folder / file.name
            link.unlink(missing_ok=True)
            link.symlink_to(file)
    for program in programs:
        (folder / program).unlink()
    return str(folder)


def run_wrapped(project: Project, *wrapper: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*wrapper, *COMMAND, "provision", "--yes"],
        cwd=project.folder,
        env=project.environment | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_needs_root(project: Project) -> None:
    # Another user, who may yet read this Python and this checkout wherever they are.
    nobody = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reader = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    refused = run_wrapped(project, "setpriv", *nobody, *reader, PYTHONDONTWRITEBYTECODE="1")
    assert refused.returncode == 4, refused.stderr
    assert "provider local needs root" in refused.stderr
    assert "sudo" in refused.stderr
    assert traces(project.name) == []
    assert not (project.top / "state").exists()


@pytest.mark.parametrize(
    ("programs", "packages"),
    [
        (["systemd-nspawn"], "systemd-container"),
        (["mmdebstrap"], "mmdebstrap"),
        (["systemd-nspawn", "mmdebstrap"], "mmdebstrap systemd-container"),
    ],
)
def test_a_missing_program_is_named_with_its_package(project: Project, programs: list[str], packages: str) -> None:
    refused = project.px("provision", "--yes", code=4, PATH=path_without(project, *programs))
    for program in programs:
        assert program in refused.stderr
    assert f"apt-get install {packages}" in refused.stderr
    assert traces(project.name) == []
    assert not project.state.exists()


def test_a_missing_dev_fuse_is_named(project: Project) -> None:
    # In a mount namespace of its own: /dev without a fuse.
    hide = 'mount --bind "$0" /dev && exec "$@"'
    empty = project.top / "dev"
    empty.mkdir()
    (empty / "null").touch()
    refused = run_wrapped(project, "unshare", "--mount", "--propagation", "private", "sh", "-c", hide, str(empty))
    assert refused.returncode == 4, refused.stderr
    assert "/dev/fuse" in refused.stderr
    assert "modprobe fuse" in refused.stderr
    assert traces(project.name) == []
    assert not project.state.exists()


def test_an_image_build_that_fails_half_way_leaves_nothing(project: Project) -> None:
    path = path_without(project, "mmdebstrap")
    Path(path, "mmdebstrap").write_text(HALF_AN_IMAGE)
    Path(path, "mmdebstrap").chmod(0o755)
    cache = project.top / "cache"
    refused = project.px("provision", "--yes", code=5, PATH=path, XDG_CACHE_HOME=str(cache))
    assert "mmdebstrap could not build the debian-12 image (exit 1)" in refused.stderr
    assert "E: the mirror went away" in refused.stderr
    assert "apt-get update" in refused.stderr
    images = cache / "px-ansible" / "images"
    assert [one.name for one in images.iterdir() if not one.name.endswith(".lock")] == []
    assert traces(project.name) == []
