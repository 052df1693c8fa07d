"""What the pages in docs/ show is what happens."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from px_ansible.cli import COMMANDS
from px_ansible.machine_types import choose, price_list
from px_ansible.plans.actions import Action

TOP = Path(__file__).parents[2]


def blocks(page, language):
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_plan_of_the_quickstart_as_json_is_the_one_in_the_docs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "px_ansible", "plan", "--offline", "--output", "json"],
        cwd=TOP / "examples" / "quickstart",
        env={**os.environ, "PX_MACHINE_TYPES": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    (shown,) = blocks("plan-json.md", "json")
    assert done.stdout == shown


def test_every_key_and_action_of_a_plan_is_explained():
    (shown,) = blocks("plan-json.md", "json")
    data = json.loads(shown)
    text = (TOP / "docs" / "plan-json.md").read_text(encoding="utf-8").replace(shown, "")
    explained = set(re.findall(r"`(\w+)`", text))
    assert {*data, *data["machine"], *data["cost"], *Action} - explained == set()


def test_the_users_machine_types_in_the_docs_are_taken_as_the_page_says(tmp_path, monkeypatch):
    (shown,) = blocks("machine-types.md", "json")
    (tmp_path / "gcp.json").write_text(shown)
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path))
    known = price_list("gcp")
    assert {name: one.usd_per_hour for name, one in known.types.items() if one.date == "2026-11-01"} == {
        "e2-highcpu-4": 0.0871,
        "c9-standard-4": 0.1,
    }
    assert choose(known, 4, 16 * 1024).name == "c9-standard-4"


@pytest.mark.parametrize("page", sorted(path.name for path in (TOP / "docs").glob("*.md")))
def test_links_lead_somewhere_and_commands_exist(page):
    text = (TOP / "docs" / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert "://" in link or (TOP / "docs" / link).exists(), link
    for command in re.findall(r"`px-ansible ([a-z]+)", text):
        assert command in COMMANDS
