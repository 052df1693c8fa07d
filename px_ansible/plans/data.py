"""A plan as plain data: what `plan --output json` prints, and what a plan file holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from px_ansible.clients import CLIENTS
from px_ansible.plans.actions import Action
from px_ansible.plans.costs import HOURS_A_MONTH, cost_of

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.plans.plan import Plan

VERSION = 1
_DIGITS = 5


def as_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain data; money is in US dollars."""
    config = plan.config
    return {
        "version": VERSION,
        "cluster": config.cluster,
        "provider": config.provider,
        "region": config.region,
        "changes": plan.changes,
        "machine": _machine(config),
        "cost": _cost(plan),
        "hosts": [{"name": one.name, "action": one.action, "reason": one.reason} for one in plan.hosts],
        "mounts": [
            {
                "path": one.path,
                "source": one.source,
                "client": one.client,
                "client_version": CLIENTS[one.client].version,
                "action": one.action,
                "emulated": one.emulated,
            }
            for one in plan.mounts
        ],
        "shared": [{"name": one.name, "action": one.action} for one in plan.shared],
        "sums": {
            "hosts": Counter(one.action for one in plan.hosts),
            "mounts": Counter(one.action for one in plan.mounts),
            "shared": Counter(one.action for one in plan.shared),
        },
        "notes": list(config.notes),
    }


def _machine(config: Config) -> dict[str, Any] | None:
    choice = config.machine
    if choice is None:
        return None
    known = choice.type
    return {
        "type": choice.name,
        "named": choice.named,
        "vcpus": known.vcpus if known else None,
        "memory_gib": known.memory_gib if known else None,
        "arch": known.arch if known else None,
        "gpu": known.gpu if known else None,
        "zone": config.zone,
        "spot": config.spot,
        "why": choice.why,
        "notes": list(choice.notes),
        "users_file": choice.users,
    }


def _cost(plan: Plan) -> dict[str, Any] | None:
    cost = cost_of(plan)
    if cost is None:
        return None
    return {
        "currency": "USD",
        "per_host_hour": cost.per_host,
        "per_hour": round(cost.after, _DIGITS),
        "per_month": round(cost.after * HOURS_A_MONTH, 2),
        "created_per_hour": round(cost.created, _DIGITS),
        "created_per_month": round(cost.created * HOURS_A_MONTH, 2),
        "date": cost.date,
        "region": cost.region,
        "spot": cost.spot,
        "ceiling": cost.ceiling,
    }


def steps(data: dict[str, Any]) -> dict[str, tuple[Action, str | None]]:
    """Return what the plan of some data does: the name of each thing -> the action, and why."""
    named = [(one["name"], one) for one in (*data["hosts"], *data["shared"])]
    # A mount that goes from one client to another is there twice.
    named += [(f"{one['path']} ({one['client']})", one) for one in data["mounts"]]
    return {name: (Action(one["action"]), one.get("reason")) for name, one in named}


def machine_in_words(data: dict[str, Any]) -> str:
    """Return the machine type of the plan of some data and its price, in words; empty where there is none."""
    machine, price = data["machine"], data["cost"] and data["cost"]["per_host_hour"]
    if not machine:
        return ""
    return f"{machine['type']} at ${price:.4g} an hour" if price else str(machine["type"])
