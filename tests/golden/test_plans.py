"""Every folder of `plans` has a px.yaml and what exists (found.json), and the plan and the inventory that follow."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from px_ansible.cli.plan import as_data, summary
from px_ansible.config import load
from px_ansible.inventory import Places, inventory_of
from px_ansible.plan import Found, FoundHost, SharedThing, make_plan

CASES = sorted(path.parent for path in (Path(__file__).parent / "plans").glob("*/px.yaml"))
KEY = "ssh-ed25519 AAAAC3 px-ansible:demo"
PLACES = Places(Path("/state/key"), Path("/state/known hosts"), Path("/cache"))


def read_found(case: Path) -> Found:
    path = case / "found.json"
    data = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    names = ("name", "state", "address")
    return Found(
        hosts=tuple(
            FoundHost(*(one[name] for name in names), {key: one[key] for key in one if key not in names})
            for one in data.get("hosts", [])
        ),
        shared=tuple(SharedThing(**one) for one in data.get("shared", [])),
        applied=tuple(data.get("applied", [])),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_plan_and_inventory(case, monkeypatch, update_golden):
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    config = load(case / "px.yaml", provider="local")
    plan = make_plan(config, read_found(case), KEY)
    results = {
        "plan.json": {"summary": summary(plan), **as_data(plan)},
        "inventory.json": inventory_of(plan, PLACES, KEY),
    }
    for name, result in results.items():
        text = json.dumps(result, indent=2) + "\n"
        if update_golden:
            (case / name).write_text(text, encoding="utf-8")
        assert text == (case / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_provisioned_cluster_has_nothing_to_do(case):
    """What a plan leads to is, found again, no reason for another plan."""
    config = load(case / "px.yaml", provider="local")
    plan = make_plan(config, read_found(case), KEY)
    attributes = {"image": config.image or "debian-12", "cpus": config.cpus_per_node, "key": KEY}
    attributes["memory_mib"] = config.memory_per_node
    names = [host.name for host in plan.hosts if host.action != "remove"]
    reached = Found(
        hosts=tuple(FoundHost(name, "running", "198.18.0.2", attributes) for name in names),
        applied=tuple(plan.applied()),
    )
    again = make_plan(config, reached, KEY)
    assert not again.changes
    assert summary(again) == "Nothing to do: everything is as px.yaml says."
    assert [host.name for host in again.hosts] == [f"{config.cluster}-{n}" for n in range(1, config.nodes + 1)]
