"""Every FUSE client has a scenario that says what molecule/shared needs. To run one takes root; this does not."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS

TOP = Path(__file__).parents[2]
SCENARIOS = {path.parent.name: path.parent for path in TOP.glob("molecule/*/molecule.yml")}


def test_every_client_has_a_scenario_and_the_reverse() -> None:
    assert set(SCENARIOS) == {"default", *CLIENTS}


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_scenario_mounts_with_its_client(name: str) -> None:
    variables = yaml.safe_load((SCENARIOS[name] / "inventory/scenario.yml").read_text())["all"]["vars"]
    assert variables["scenario_client"] == name
    assert variables[f"{name}_mounts"] == "{{ scenario_mounts }}"
    stores = {bucket["store"] for bucket in variables["scenario_buckets"]}
    assert variables["scenario_mount"].get("store", CLIENTS[name].STORES[0]) in stores


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_scenario_overrides_only_what_there_is(name: str) -> None:
    """A variable of molecule/shared that is misspelt in a scenario would be ignored."""
    known = yaml.safe_load((TOP / "molecule/shared/inventory/hosts.yml").read_text())["all"]["vars"]
    variables = yaml.safe_load((SCENARIOS[name] / "inventory/scenario.yml").read_text())["all"]["vars"]
    own = {"scenario_client", "scenario_buckets", "scenario_mount"}
    assert {one for one in variables if one.startswith("scenario_")} <= own | set(known)
