"""The names that programs may use: all there, typed, and none of them costs a command that does not need it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import px_ansible

TOP = Path(__file__).parents[2]
PROGRAM = """\
from px_ansible import Config, Event, Plan, PxError, Report, destroy, load, plan, provision, status

config: Config = load("px.yaml", provider="local")


def say(event: Event) -> None:
    print(event.host, event.task)


def only_keep(made: Plan) -> None:
    if made.changes:
        raise PxError("no")


made: Plan = plan(config, offline=True, on_event=say)
report: Report = provision(config, kept="demo.plan", confirm=only_keep).report
healthy: bool = status(config).healthy
complete: bool = destroy(config, purge=True).complete
"""


def mypy(folder: Path, name: str, text: str) -> str:
    # Each under a name of its own: mypy would take two of one size and second for one.
    (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", name],
        cwd=folder,
        env={**os.environ, "MYPYPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("name", px_ansible.__all__)
def test_every_name_is_there(name):
    assert getattr(px_ansible, name) is not None
    assert name in dir(px_ansible)


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="module 'px_ansible' has no attribute 'lod'"):
        px_ansible.lod  # noqa: B018


def test_a_program_in_its_types_is_right_and_one_with_a_slip_is_not(tmp_path):
    assert mypy(tmp_path, "right.py", PROGRAM).startswith("Success")
    assert 'has no attribute "lod"' in mypy(tmp_path, "name.py", PROGRAM.replace("load,", "lod,"))
    slip = mypy(tmp_path, "argument.py", PROGRAM.replace("offline=", "offlin="))
    assert 'Unexpected keyword argument "offlin"' in slip


def test_the_page_names_what_there_is():
    text = (TOP / "docs" / "python.md").read_text(encoding="utf-8")
    assert {name for name in px_ansible.__all__ if not name.startswith("_")} - set(re.findall(r"\w+", text)) == set()


def test_the_package_alone_imports_nothing_of_its_own():
    code = "import sys, px_ansible; print([name for name in sys.modules if name.startswith('px_ansible.')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_traceback_that_nobody_catches_says_the_problems(tmp_path):
    (tmp_path / "px.yaml").write_text("cluster: {nodes: 0}\n")
    run = [sys.executable, "-c", "from px_ansible import load; load('px.yaml')"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("px.yaml:1:18: 'nodes' must be from 1 to 1000, not 0 (")
    assert done.stdout == ""
