"""What a plan costs, and what it must not pretend to know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from px_ansible.cli.plan_view import _money, summary
from px_ansible.config import load
from px_ansible.machine_types import Choice, MachineType
from px_ansible.plans import Found, FoundHost, SharedThing, make_plan
from px_ansible.plans.costs import HOURS_A_MONTH, cost_of, price
from px_ansible.providers import PROVIDERS

KEY = "ssh-ed25519 AAAAC3"
TYPE = MachineType("acme-4", 4, 16, "x86_64", "2026-11-01", "us-central1", 0.5, 0.125)


@pytest.fixture(autouse=True)
def _only_our_prices(monkeypatch, tmp_path):
    monkeypatch.setenv("PX_MACHINE_TYPES", str(tmp_path / "none"))


@pytest.fixture
def config(tmp_path):
    """Return a cluster of 4 on a cloud, of a type that costs half a dollar."""
    file = tmp_path / "px.yaml"
    file.write_text("cluster: {name: demo, nodes: 4, provider: gcp}\n")
    return replace(load(file), machine=Choice(TYPE.name, TYPE, "a test", named=True))


def there(config, *states):
    attributes = {**PROVIDERS[config.provider].attributes(config), "key": KEY}
    hosts = (FoundHost(f"demo-{n}", state, None, attributes) for n, state in enumerate(states, start=1))
    return Found(hosts=tuple(hosts))


def test_a_new_cluster(config):
    cost = cost_of(make_plan(config, Found()))
    assert (cost.per_host, cost.created, cost.after) == (0.5, 2.0, 2.0)
    assert (cost.date, cost.region) == ("2026-11-01", "us-central1")
    assert summary(make_plan(config, Found())).endswith(" All hosts cost about $2.00 an hour ($1,460 a month).")
    assert HOURS_A_MONTH == 730


def test_what_is_created_or_started_is_new_and_what_is_removed_costs_no_more(config):
    found = there(config, "running", "stopped", "running", "running", "running", "running")
    plan = make_plan(config, replace(found, shared=(SharedThing("network px-demo", "stopped"),)), KEY)
    cost = cost_of(plan)
    assert (len(plan.hosts_to("remove")), cost.created, cost.after) == (2, 0.5, 2.0)
    assert summary(plan) == (
        "1 host to start, 2 hosts to remove, network px-demo to start, identity to create."
        " What is new costs about $0.50 an hour ($365 a month); all hosts then $2.00 an hour ($1,460 a month)."
    )


def test_a_cluster_that_stays_has_its_price_too(config):
    one = replace(config, hosts=("demo-1",))
    assert summary(make_plan(one, there(config, "running"))).endswith(
        " The host costs about $0.50 an hour ($365 a month)."
    )


def test_the_spot_price_where_it_is_known(config):
    spot = replace(config, spot=True)
    assert price(spot) == 0.125
    assert not cost_of(make_plan(spot, Found())).ceiling


def test_a_spot_price_that_is_not_known_is_below_the_usual_one(config):
    machine = Choice(TYPE.name, replace(TYPE, spot_usd_per_hour=None), "a test", named=True)
    plan = make_plan(replace(config, spot=True, machine=machine), Found())
    assert cost_of(plan).ceiling
    assert " at most $2.00 an hour" in summary(plan)


@pytest.mark.parametrize("machine", [None, Choice("x9", None, "px.yaml names it", named=True)])
def test_without_a_price_no_sum_is_made_up(config, machine):
    plan = make_plan(replace(config, machine=machine), Found())
    assert cost_of(plan) is None
    assert "$" not in summary(plan)


def test_a_type_without_price(config):
    machine = Choice(TYPE.name, replace(TYPE, usd_per_hour=None, spot_usd_per_hour=None), "a test", named=True)
    assert cost_of(make_plan(replace(config, machine=machine), Found())) is None


class TestPricesThatChanged:
    """The cheapest type of today is not the one of the day when the hosts were made."""

    @pytest.fixture
    def config(self, tmp_path):
        file = tmp_path / "px.yaml"
        file.write_text("cluster: {name: demo, nodes: 3, provider: gcp, cpus_per_node: 4, memory_per_node: 16 GiB}\n")
        return load(file)

    def plan(self, config, *types):
        attributes = dict(PROVIDERS["gcp"].attributes(config))
        hosts = [
            FoundHost(f"demo-{n}", "running", None, {**attributes, "machine_type": name})
            for n, name in enumerate(types, start=1)
        ]
        return make_plan(config, Found(hosts=tuple(hosts)))

    def test_hosts_keep_a_type_that_is_enough_and_new_ones_get_it_too(self, config):
        plan = self.plan(config, "n2-standard-4", "n2-standard-4")
        assert [host.action for host in plan.hosts] == ["keep", "keep", "create"]
        assert plan.config.machine.name == "n2-standard-4"
        assert plan.config.machine.why == "its hosts have it; 'machine_type: e2-standard-4' would be the cheapest today"

    def test_px_yaml_that_names_the_type_wins(self, config):
        named = replace(config, machine=replace(config.machine, named=True))
        assert self.plan(named, "n2-standard-4").hosts[0].action == "replace"

    @pytest.mark.parametrize(
        "other",
        ["n2-highcpu-4", "n2-standard-8", "n2-standard-2", "t2a-standard-4", "unknown-4"],
        ids=["too little memory", "more CPUs", "less CPUs", "Arm", "not known"],
    )
    def test_a_type_that_would_not_be_chosen_for_this_px_yaml_is_replaced(self, config, other):
        plan = self.plan(config, other)
        assert plan.hosts[0].action == "replace"
        assert plan.hosts[0].reason == f"machine_type {other} -> e2-standard-4"

    def test_hosts_of_several_types_become_what_most_are(self, config):
        plan = self.plan(config, "n2-standard-4", "n2d-standard-4", "n2-standard-4")
        assert [host.action for host in plan.hosts] == ["keep", "replace", "keep"]

    def test_todays_choice_needs_no_words(self, config):
        assert self.plan(config, "e2-standard-4").config is config


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (0.0042, "$0.0042"),
        (0.098940, "$0.0989"),
        (0.192, "$0.192"),
        (0.5, "$0.50"),
        (0.99996, "$1.00"),
        (1.2, "$1.20"),
        (99.994, "$99.99"),
        (14445.24, "$14,445"),
    ],
)
def test_money(dollars, shown):
    assert _money(dollars) == shown
