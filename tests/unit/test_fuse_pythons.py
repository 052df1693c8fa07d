"""The program runs with the Python that a host has: 3.6 (RHEL 8) to 3.13, and its standard library."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FOLDER = TOP / "plugins/module_utils/fuse"
MODULES = [TOP / "plugins/modules/mounts.py", TOP / "plugins/modules/mounts_info.py"]
FILES = sorted(FOLDER.rglob("*.py")) + MODULES
# What subprocess.run learned in Python 3.7; vermin does not look at arguments.
TOO_NEW = {"capture_output", "text"}


def vermin(*paths):
    command = [
        str(Path(sys.executable).with_name("vermin")),
        "-t=3.6-",
        "--no-tips",
        "--eval-annotations",
        "--violations",
    ]
    return subprocess.run([*command, *map(str, paths)], capture_output=True, text=True, check=False)


def test_every_file_runs_with_python_3_6():
    done = vermin(FOLDER, *MODULES)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "newer",
    ["if (a := 1): pass", "from __future__ import annotations", "def f(x: list[str]): pass", "import dataclasses"],
)
def test_what_is_newer_would_be_found(tmp_path, newer):
    (tmp_path / "new.py").write_text(newer + "\n")
    assert vermin(tmp_path).returncode == 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_every_file_compiles_and_calls_programs_as_python_3_6_does(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    runs = (call for call in calls if ast.unparse(call.func).startswith("subprocess."))
    assert not [word.arg for call in runs for word in call.keywords if word.arg in TOO_NEW]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_nothing_but_the_standard_library_is_imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    ours = {"ansible_collections", "ansible"} if path in MODULES else {"ansible_collections"}
    assert names - set(sys.stdlib_module_names) <= ours
