"""Every folder of `plans` has a px.yaml and what exists (found.json), and the plan and the inventory that follow."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from px_ansible.cli.plan_view import summary
from px_ansible.config import Config, Mount, load
from px_ansible.inventory import Places, inventory_of
from px_ansible.plans import Found, FoundHost, SharedThing, make_plan
from px_ansible.plans.data import as_data
from px_ansible.providers import PROVIDERS

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
        variables=data.get("variables", {}),
    )


def read_config(case: Path) -> Config:
    """Read a case's px.yaml; where it names no provider, it is local."""
    named = "provider:" in (case / "px.yaml").read_text(encoding="utf-8")
    config = load(case / "px.yaml", provider=None if named else "local")
    # Files that px.yaml names are absolute in an inventory: the checkout may be anywhere.
    return replace(
        config, file=Path("/project/px.yaml"), mounts=tuple(at_project(mount, case) for mount in config.mounts)
    )


def at_project(mount: Mount, case: Path) -> Mount:
    secrets = {
        name: replace(one, file=Path("/project") / one.file.relative_to(case)) if one.file else one
        for name, one in mount.credentials.items()
    }
    return replace(mount, credentials=secrets)


def key_of(config: Config) -> str | None:
    return None if PROVIDERS[config.provider].existing else KEY


@pytest.fixture(autouse=True)
def _only_our_prices(monkeypatch, tmp_path):
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_plan_and_inventory(case, monkeypatch, update_golden):
    monkeypatch.setattr(sys, "executable", "/venv/bin/python")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    config = read_config(case)
    plan = make_plan(config, read_found(case), key_of(config))
    results = {
        "plan.json": {"summary": summary(plan), **as_data(plan)},
        "inventory.json": inventory_of(plan, PLACES, key_of(config)),
    }
    for name, result in results.items():
        text = json.dumps(result, indent=2) + "\n"
        if update_golden:
            (case / name).write_text(text, encoding="utf-8")
        assert text == (case / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_provisioned_cluster_has_nothing_to_do(case):
    """What a plan leads to is, found again, no reason for another plan."""
    config = read_config(case)
    plan = make_plan(config, read_found(case), key_of(config))
    attributes = {**PROVIDERS[config.provider].attributes(config), "key": KEY}
    names = [host.name for host in plan.hosts if host.action != "remove"]
    reached = Found(
        hosts=tuple(FoundHost(name, "running", "198.18.0.2", attributes) for name in names),
        shared=tuple(SharedThing(one.name, "running") for one in plan.shared),
        applied=tuple(plan.applied()),
    )
    again = make_plan(config, reached, key_of(config))
    assert not again.changes
    assert summary(again).startswith("Nothing to do: everything is as px.yaml says.")
    assert [host.name for host in again.hosts] == list(config.hosts)
