"""Hosts that know another SSH key than the cluster: one that was lost, or that px.yaml named before or names now."""

from __future__ import annotations

import subprocess

import pytest

from px_ansible.cli import hosts as hosts_of_commands
from px_ansible.cluster import Cluster
from px_ansible.config import load
from px_ansible.errors import PrerequisiteError
from px_ansible.plans import Action, Found, FoundHost
from px_ansible.providers import PROVIDERS
from px_ansible.state import open_cluster

OWN = "{name: demo, nodes: 1, provider: gcp}"
GIVEN = "{name: demo, nodes: 1, provider: gcp, ssh: {key: id}}"


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Return what opens the cluster of a px.yaml; `id` is a key beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)

    def of(block):
        file = tmp_path / "px.yaml"
        file.write_text(f"cluster: {block}\n/data: {{source: gs://data}}\n")
        config = load(file)
        return Cluster(config, open_cluster(config.provider, config.cluster, file))

    return of


def found_by(cluster, key):
    """Return the host that the cluster wants, as a provider lists it that knows of `key`."""
    attributes = {**PROVIDERS["gcp"].attributes(cluster.config), "key": key}
    return Found((FoundHost("demo-1", "running", "192.0.2.1", attributes),))


@pytest.mark.parametrize(
    ("before", "now", "says"),
    [
        (GIVEN, OWN, "demo-1 would not take the cluster's new SSH key yet: the one that it knows is lost, or was"),
        (OWN, GIVEN, "demo-1 would not take the SSH key "),
    ],
)
def test_another_key_in_px_yaml_is_brought_by_provision(cluster, before, now, says):
    first = cluster(before)
    found = found_by(first, first.public_key())
    first.state.write_inventory({"demo-1": {"address": "192.0.2.1"}}, first.public_key())
    assert first.strange_hosts(found) == []
    second = cluster(now)
    with pytest.raises(PrerequisiteError) as caught:
        second.require_key(found)
    assert caught.value.message.startswith(says)
    assert caught.value.hint.startswith("px-ansible provision: it brings the key")
    (host,) = second.plan(found).hosts
    assert (host.action, host.reason) == (Action.CHANGE, "the cluster has a new SSH key")
    (seen,) = second.look(found).hosts.values()
    assert (seen.state, seen.hint) == ("unreachable", "px-ansible provision: it brings the key")
    assert second.strange_hosts(found_by(second, second.public_key())) == []


def test_what_goes_straight_to_the_hosts_asks_for_their_key_only_where_it_is_another(cluster, monkeypatch):
    one = cluster(OWN)
    key, asked = one.public_key(), []
    one.state.write_inventory({"demo-1": {"address": "192.0.2.1"}}, key)
    # Which provider answers is not the question here, and none does without an account.
    monkeypatch.setattr(Cluster, "find", lambda self: asked.append(self) or found_by(self, key))
    assert [host.name for host in hosts_of_commands.hosts_of(one)] == ["demo-1"]
    assert asked == []
    (one.state.folder / "key").unlink()
    with pytest.raises(PrerequisiteError, match="would not take the cluster's new SSH key"):
        hosts_of_commands.hosts_of(one)
    assert asked == [one]


def test_a_plan_of_no_hosts_makes_no_key_and_keeps_one_that_is_there(cluster):
    one = cluster(OWN)
    key = one.state.folder / "key"
    assert {thing.name: thing.action for thing in one.plan(Found()).shared}["SSH key"] == Action.CREATE
    assert not key.exists()
    one.public_key()
    assert {thing.name: thing.action for thing in one.plan(Found()).shared}["SSH key"] == Action.KEEP
