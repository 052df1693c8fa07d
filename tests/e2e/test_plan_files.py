"""A plan that was kept is carried out as it was, or refused; and the Python API of docs/python.md, run for real."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ansible_collections.px.storage.plugins.module_utils.local.machine import Machine
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout
from project import BUCKET, Project

if TYPE_CHECKING:
    from conftest import MakeProject

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
SIZE = {"nodes": 2, "memory_per_node": "512 MiB"}


@pytest.fixture(scope="module")
def project(make_project: MakeProject) -> Project:
    return make_project("plan", **SIZE)


def kept(project: Project) -> Path:
    return project.top / "kept.plan"


def refused(project: Project) -> str:
    """Try the plan that was kept, and return what was said: it must not be done."""
    result = project.px("provision", "--plan", str(kept(project)), code=2)
    assert f"the plan {kept(project)} is out of date, and nothing was done" in result.stderr
    assert f"px-ansible plan --out {kept(project)}, and look at it" in result.said
    assert "Traceback" not in result.stderr
    return result.said


def test_offline_needs_no_program_no_right_and_leaves_nothing(project: Project) -> None:
    assert "needs what is not on this computer" in project.px("plan", code=4, PATH="/nowhere").said
    said = project.px("plan", "--offline", PATH="/nowhere").said
    assert "Nobody was asked: this is the plan where nothing exists yet on local." in said
    assert "2 hosts to create, 1 mount to add." in said
    assert not project.state.exists()


def test_a_plan_is_kept_and_nothing_is_made(project: Project) -> None:
    result = project.px("plan", "--out", str(kept(project)), "--detailed-exitcode", code=7)
    assert f"px-ansible provision --plan {kept(project)}" in result.stderr
    assert stat.S_IMODE(kept(project).stat().st_mode) == 0o600
    assert not project.machine(1).exists()


def test_it_is_carried_out_from_anywhere_and_without_a_question(project: Project, tmp_path: Path) -> None:
    # Neither the px.yaml nor the provider is said: the plan knows both.
    environment = {name: value for name, value in project.environment.items() if name != "PX_PROVIDER"}
    done = subprocess.run(
        [sys.executable, "-m", "px_ansible", "provision", "--plan", str(kept(project))],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 hosts created" in done.stdout
    for number in (1, 2):
        assert project.mounted(number) == {"/px-gcs-bucket"}


def test_done_once_it_is_not_done_again(project: Project) -> None:
    said = refused(project)
    for number in (1, 2):
        assert f"{project.host(number)}: the plan creates it, now it would be kept" in said
    assert "/px-gcs-bucket (gcsfuse): the plan creates it, now it would be kept" in said


def test_another_px_yaml_is_refused_and_the_hosts_stay_as_they_are(project: Project) -> None:
    project.px("plan", "--out", str(kept(project)))
    before = [(project.boot_id(number), project.units(number)) for number in (1, 2)]
    project.write({"/px-gcs-bucket": {**BUCKET, "read_only": True}}, **SIZE)
    said = refused(project)
    assert f"{project.file}: it says something else than it did" in said
    assert "/px-gcs-bucket (gcsfuse): the plan keeps it, now it would be changed" in said
    assert [(project.boot_id(number), project.units(number)) for number in (1, 2)] == before
    project.write(**SIZE)


def test_a_host_that_was_removed_by_hand_is_said_and_not_made_anew_unseen(project: Project) -> None:
    project.px("plan", "--out", str(kept(project)))
    assert Machine(Layout("/var/lib/px-ansible", project.name), project.host(2)).remove()
    assert f"{project.host(2)}: the plan keeps it, now it would be created" in refused(project)
    assert not project.machine(2).exists()

    planned = project.px("plan", "--out", str(kept(project)), "--output", "json").data
    assert {one["name"]: one["action"] for one in planned["hosts"]} == {
        project.host(1): "keep",
        project.host(2): "create",
    }
    done = project.px("provision", "--plan", str(kept(project)), "--output", "json").data
    assert done["plan"]["hosts"] == planned["hosts"]
    assert project.mounted(2) == {"/px-gcs-bucket"}


def test_the_python_of_the_docs_does_what_it_says(project: Project) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[:1]
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project.folder,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.host(1) in done.stdout
