"""What `pip install px-ansible` brings: the package with its data, and the collection inside it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*command, str(TOP)], check=True)
    return next(folder.glob("px_ansible-*.whl"))


def test_the_wheel_is_complete(wheel):
    packed = set(zipfile.ZipFile(wheel).namelist())
    kept = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout.splitlines()
    collection = ("galaxy.yml", "meta/", "playbooks/", "plugins/", "roles/")
    assert {name for name in kept if name.startswith("px_ansible/")} <= packed
    assert {f"px_ansible/_content/{name}" for name in kept if name.startswith(collection)} <= packed
    assert not [name for name in packed if "/tests/" in name or "__pycache__" in name]


def test_an_installed_px_ansible_finds_its_collection(wheel, tmp_path):
    """Run from the unpacked wheel alone: no checkout around it."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "import pathlib; from px_ansible import content; print(content.root())"
    code += "; content.link_collection(pathlib.Path('c'))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "site" / "px_ansible" / "_content")
    listed = subprocess.run(
        [Path(sys.executable).with_name("ansible-doc"), "--list", "px.storage"],
        env={"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "c"), "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {path.stem for path in (TOP / "plugins" / "modules").glob("*.py")}
    assert names == {line.split()[0].removeprefix("px.storage.") for line in listed.splitlines() if line.strip()}
