"""The collection as Ansible sees it: what `ansible-galaxy collection build` packs, and what `ansible-doc` tells."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PACKED = {"CHANGELOG.md", "LICENSE", "README.md", "meta", "playbooks", "plugins", "roles"}
GALAXYS = {"FILES.json", "MANIFEST.json"}
MODULES = sorted(path.stem for path in (TOP / "plugins/modules").glob("*.py"))
KEYS = {"type": "str", "elements": None, "required": False, "default": None}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    command = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(folder), str(TOP)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("px-storage-*.tar.gz"))


def told(kind: str, *names: str) -> dict:
    """Return what ansible-doc tells of plugins of the collection."""
    command = [str(BIN / "ansible-doc"), "--json", "--type", kind, *(f"px.storage.{name}" for name in names)]
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests/collections"), "LC_ALL": "C.UTF-8"}
    # Ansible makes a folder in the home, wherever that is.
    with tempfile.TemporaryDirectory() as home:
        environment["HOME"] = home
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {name.rpartition(".")[2]: one for name, one in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def documented() -> dict:
    return told("module", *MODULES)


def test_the_archive_has_the_collection_and_nothing_else(archive):
    """Whoever builds it in a checkout has caches and tests around."""
    with tarfile.open(archive) as packed:
        names = packed.getnames()
    assert {name.partition("/")[0] for name in names} == PACKED | GALAXYS
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]
    kept = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {name for name in kept if name.partition("/")[0] in PACKED} <= set(names)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_documented(name, documented):
    doc = documented[name]["doc"]
    assert doc["short_description"]
    assert doc["description"]
    assert documented[name]["examples"]
    assert all(one["description"] for one in doc["options"].values())
    assert all(one["description"] for one in documented[name]["return"].values())


@pytest.mark.parametrize("name", MODULES)
def test_the_options_of_a_module_are_those_that_it_takes(name, documented, monkeypatch):
    options = documented[name]["doc"]["options"]
    taken = spec_of(name, monkeypatch)
    if "auth_kind" in options:
        # What google.cloud's fragment says, its own class takes.
        options = {key: value for key, value in options.items() if key in taken or key not in google_options()}
    assert plain(options) == plain(taken)


@pytest.mark.parametrize(("kind", "names"), [("lookup", ["gcp_token"]), ("inventory", ["px"])])
def test_other_plugins_are_documented(kind, names):
    assert all(one["doc"]["short_description"] for one in told(kind, *names).values())


def spec_of(name: str, monkeypatch) -> dict:
    """Return what a module takes: what it gives to the class that reads its arguments, or what its action does."""
    if (TOP / f"plugins/action/{name}.py").is_file() and "def main" not in (
        TOP / f"plugins/modules/{name}.py"
    ).read_text():
        return importlib.import_module(f"ansible_collections.px.storage.plugins.action.{name}").SPEC
    module = importlib.import_module(f"ansible_collections.px.storage.plugins.modules.{name}")

    def reader(argument_spec, **_more):
        raise Read(argument_spec)

    for reads in ("AnsibleModule", "GcpModule"):
        if hasattr(module, reads):
            monkeypatch.setattr(module, reads, reader)
    with pytest.raises(Read) as read:
        module.main()
    return read.value.args[0]


class Read(Exception):  # noqa: N818 - it carries an answer
    """The arguments that a module takes."""


def google_options() -> set[str]:
    """Return the options of every module of google.cloud."""
    from ansible_collections.google.cloud.plugins.doc_fragments.gcp import ModuleDocFragment  # noqa: PLC0415
    from yaml import safe_load  # noqa: PLC0415

    return set(safe_load(ModuleDocFragment.DOCUMENTATION)["options"])


def plain(options: dict) -> dict:
    """Return options as both sides say them."""
    return {
        name: {
            **{key: one.get(key) or default for key, default in KEYS.items()},
            "choices": sorted(one.get("choices") or []),
            "suboptions": plain(one.get("suboptions") or one.get("options") or {}),
        }
        for name, one in options.items()
    }
