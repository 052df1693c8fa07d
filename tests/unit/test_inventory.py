"""What the provider's role is told in each run: the inventories around a plan, and what `list` found out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from px_ansible import inventory as inventories
from px_ansible import prerequisites
from px_ansible.checks import project
from px_ansible.cluster import places_of
from px_ansible.config import Config, parse
from px_ansible.errors import ConfigError, PrerequisiteError
from px_ansible.inventory import GROUP, Places
from px_ansible.plans import Action, Found, FoundHost, SharedThing, make_plan
from px_ansible.providers import PROVIDERS
from px_ansible.state import ClusterState

PLACES = Places(Path("/state/key"), Path("/state/known_hosts"), Path("/cache"))
# What the plan of a px.yaml that says little compares.
ITS = {
    "machine_type": "x",
    "spot": False,
    "startup": "",
    "network": "its own",
    "service_account": "its own",
    "ssh_user": "px",
}
STOPPED = FoundHost("demo-1", "stopped", "203.0.113.1", {"zone": "us-central1-b", "machine_type": "x"})
FOUND = Found((STOPPED,), (SharedThing("network demo", "running"),), (), {"provider_gcp_project": "of-credentials"})


def config(provider: str, *lines: str, more: str = "") -> Config:
    text = "".join(
        f"  {line}\n" for line in ("name: demo", f"provider: {provider}", *(lines or ("nodes: 2", "machine_type: x")))
    )
    return parse(f"cluster:\n{text}{more}".encode(), file=Path("/project/px.yaml"), name="px.yaml")


def localhost(inventory: dict[str, Any]) -> dict[str, Any]:
    return inventory["all"]["hosts"]["localhost"]


def group(inventory: dict[str, Any]) -> dict[str, Any]:
    return inventory["all"]["children"][GROUP]


def test_list_of_a_cloud_gets_what_px_yaml_says_of_it():
    of_list = localhost(inventories.inventory_to_list(config("gcp", "region: europe-west4", "nodes: 1"), {}))
    assert of_list["provider_gcp_region"] == "europe-west4"
    assert not any("known_hosts" in name or "authorized_key" in name for name in of_list)


def test_list_of_a_provider_on_this_computer_needs_nothing():
    of_list = localhost(inventories.inventory_to_list(config("local", "nodes: 1"), {}))
    assert not any(name.startswith("provider_") for name in of_list)


def test_what_list_found_out_wins_on_localhost_and_on_the_hosts():
    plan = make_plan(config("gcp", "nodes: 1", "gcp: {project: of-px-yaml}"), FOUND)
    made = inventories.inventory_of(plan, PLACES, "key")
    destroyed = inventories.inventory_to_destroy(plan.config, FOUND, PLACES, purge=False)
    for one in (made, destroyed):
        assert localhost(one)["provider_gcp_project"] == "of-credentials"
        assert group(one)["vars"]["provider_gcp_project"] == "of-credentials"
        assert localhost(one)["provider_gcp_region"] == group(one)["vars"]["provider_gcp_region"]


def test_every_planned_host_has_what_list_returned_for_it():
    as_listed = {"name": "demo-1", "state": "stopped", "address": "203.0.113.1", **STOPPED.attributes}
    plan = make_plan(config("gcp"), FOUND)
    assert group(inventories.inventory_of(plan, PLACES, "key"))["hosts"]["demo-1"]["px_found"] == as_listed
    assert group(inventories.inventory_of(plan, PLACES, "key"))["hosts"]["demo-2"]["px_found"] == {}
    destroyed = inventories.inventory_to_destroy(plan.config, FOUND, PLACES, purge=False)
    assert group(destroyed)["hosts"] == {"demo-1": {"px_found": as_listed}}


def test_hosts_of_their_owner_have_no_such_variable():
    plan = make_plan(config("static", "static: {hosts: [a]}"), Found())
    assert "px_found" not in group(inventories.inventory_of(plan, PLACES, None))["hosts"]["a"]


@pytest.mark.parametrize("state", ["stopped", "starting", "stopping"])
def test_a_host_that_does_not_run_is_started_and_the_reason_says_its_state(state):
    found = Found((FoundHost("demo-1", state, None, ITS),))
    (host,) = make_plan(config("gcp", "nodes: 1", "machine_type: x"), found).hosts
    assert (host.action, host.reason) == (Action.START, f"it is {state}")


BUCKETS = """
/a: {source: gs://first, read_only: true}
/b: {source: gs://second/folder, read_only: true}
/c: {source: gs://first/other}
/d: {source: gs://second, read_only: true}
/e: {source: gs://public, anonymous: true}
/f: {source: gs://signed, credentials: {service_account_key: {file: key.json}}}
/g: {source: gs://elsewhere, endpoint: "https://example.com"}
/h: {source: s3://foreign, credentials: {access_key_id: {env: A}, secret_access_key: {env: B}}}
"""


def test_the_buckets_that_the_hosts_own_identity_is_for():
    made = inventories.inventory_of(make_plan(config("gcp", more=BUCKETS), Found()), PLACES, "key")
    wanted = [{"name": "first", "read_only": False}, {"name": "second", "read_only": True}]
    assert group(made)["vars"]["provider_gcp_buckets"] == localhost(made)["provider_gcp_buckets"] == wanted


def test_the_same_container_of_two_accounts_is_two_buckets():
    more = "".join(f"/{name}: {{source: https://{name}.blob.core.windows.net/data}}\n" for name in ("acct1", "acct2"))
    of_list = localhost(inventories.inventory_to_list(config("azure", "nodes: 1", more=more), {}))
    assert of_list["provider_azure_buckets"] == [
        {"name": "data", "read_only": False, "account": "acct1"},
        {"name": "data", "read_only": False, "account": "acct2"},
    ]


def in_regions(*regions: str | None) -> Found:
    its = [{**ITS, **({"region": region} if region else {})} for region in regions]
    return Found(tuple(FoundHost(f"demo-{n}", "running", "203.0.113.1", one) for n, one in enumerate(its, 1)))


def test_a_region_that_px_yaml_leaves_open_is_that_of_the_hosts():
    plan = make_plan(config("gcp", "nodes: 3", "machine_type: x"), in_regions("asia-east1", "asia-east1"))
    assert plan.config.region == "asia-east1"
    assert plan.config.notes[-1] == "region asia-east1: its hosts are there; a new cluster would be in us-central1"
    assert [host.action for host in plan.hosts] == [Action.KEEP, Action.KEEP, Action.CREATE]
    made = inventories.inventory_of(plan, PLACES, "key")
    assert group(made)["vars"]["provider_gcp_region"] == "asia-east1"


def test_the_region_of_the_hosts_takes_the_place_of_this_computers_settings(monkeypatch):
    monkeypatch.setenv("CLOUDSDK_COMPUTE_REGION", "europe-west1")
    one = config("gcp", "nodes: 1", "machine_type: x")
    assert any("CLOUDSDK" in note for note in one.notes)
    plan = make_plan(one, in_regions("asia-east1"))
    assert plan.config.region == "asia-east1"
    assert not any("CLOUDSDK" in note for note in plan.config.notes)


def test_a_host_in_another_region_than_px_yaml_names_cannot_be_moved():
    plan = make_plan(config("gcp", "nodes: 1", "machine_type: x", "region: us-east1"), in_regions("asia-east1"))
    assert (plan.hosts[0].action, plan.hosts[0].reason) == (Action.REPLACE, "region asia-east1 -> us-east1")


def test_hosts_that_do_not_say_their_region_stay():
    plan = make_plan(config("gcp", "nodes: 1", "machine_type: x"), in_regions(None))
    assert (plan.config.region, plan.hosts[0].action) == ("us-central1", Action.KEEP)


def test_the_key_that_px_yaml_names_is_the_one_that_ssh_offers():
    one = config("gcp", "nodes: 1", "ssh: {key: keys/mine}")
    state = ClusterState("gcp", "demo", Path("/state"))
    assert places_of(one, state).key == Path("/project/keys/mine")
    assert places_of(config("gcp"), state).key == Path("/state/key")
    options = inventories.ssh_options(one, "demo-1", places_of(one, state))
    assert 'IdentityFile="/project/keys/mine"' in options


def test_a_key_of_the_users_own_is_not_made():
    assert "SSH key" in [one.name for one in make_plan(config("gcp"), Found()).shared]
    plan = make_plan(config("gcp", "nodes: 1", "ssh: {key: mine}"), Found())
    assert "SSH key" not in [one.name for one in plan.shared]


def test_another_key_than_the_hosts_know_is_brought_to_them():
    found = Found((FoundHost("demo-1", "running", None, {**ITS, "key": "the made one"}),))
    plan = make_plan(config("gcp", "nodes: 1", "machine_type: x", "ssh: {key: mine}"), found, "mine")
    assert (plan.hosts[0].action, plan.hosts[0].reason) == (Action.CHANGE, "the cluster has a new SSH key")


@pytest.mark.parametrize("provider", sorted(name for name, row in PROVIDERS.items() if row.cloud))
def test_a_startup_script_is_absolute_for_the_role_and_has_to_be_there(provider, tmp_path):
    one = replace(config(provider, "nodes: 1", f"{provider}: {{startup: setup.sh}}"), file=tmp_path / "px.yaml")
    of_list = localhost(inventories.inventory_to_list(one, {}))
    assert of_list[f"provider_{provider}_startup"] == str(tmp_path / "setup.sh")
    with pytest.raises(PrerequisiteError) as refused:
        prerequisites.require_files(one)
    assert refused.value.log == (
        f"the file {tmp_path}/setup.sh cannot be read: No such file or directory ({provider}.startup)",
    )
    assert {check.name: check.state for check in project.checks(one)}["startup"] == "missing"
    (tmp_path / "setup.sh").write_text("#!/bin/sh\n")
    prerequisites.require_files(one)
    assert {check.name: check.state for check in project.checks(one)}["startup"] == "ok"


@pytest.mark.parametrize(
    ("accelerator", "rule"),
    [
        ("{type: nvidia-tesla-t4, count: 2}", None),
        ("{type: nvidia-tesla-t4}", "missing-key"),
        ("{type: Tesla T4, count: 1}", "wrong-form"),
        ("{type: nvidia-tesla-t4, count: 3}", "wrong-value"),
    ],
)
def test_an_accelerator_has_a_type_and_a_count(accelerator, rule):
    lines = ("nodes: 1", f"gcp: {{accelerator: {accelerator}}}")
    if rule is None:
        of_list = localhost(inventories.inventory_to_list(config("gcp", *lines), {}))
        assert of_list["provider_gcp_accelerator"] == {"type": "nvidia-tesla-t4", "count": 2}
        return
    with pytest.raises(ConfigError) as refused:
        config("gcp", *lines)
    assert [(issue.line, issue.rule) for issue in refused.value.issues] == [(5, rule)]
