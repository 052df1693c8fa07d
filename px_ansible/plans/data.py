"""A plan as plain data: what `plan --output json` prints, and what a plan file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible.clients import CLIENTS
from px_ansible.plans.actions import Action
from px_ansible.plans.costs import cost_of

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.plans import Plan

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
        "notes": list(config.notes),
    }


def _machine(config: Config) -> dict[str, Any] | None:
    choice = config.machine
    if choice is None:
        return None
    known = choice.type
    return {
        "type": choice.name,
        "vcpus": known.vcpus if known else None,
        "memory_gib": known.memory_gib if known else None,
        "arch": known.arch if known else None,
        "gpu": known.gpu if known else None,
        "zone": config.zone,
        "spot": config.spot,
        "why": choice.why,
        "notes": list(choice.notes),
    }


def _cost(plan: Plan) -> dict[str, Any] | None:
    cost = cost_of(plan)
    if cost is None:
        return None
    return {
        "currency": "USD",
        "per_host_hour": cost.per_host,
        "per_hour": round(cost.after, _DIGITS),
        "per_month": round(cost.a_month, 2),
        "added_per_hour": round(cost.added, _DIGITS),
        "date": cost.date,
        "region": cost.region,
        "spot": cost.spot,
        "ceiling": cost.ceiling,
    }


def steps(data: dict[str, Any]) -> dict[str, str]:
    """Return what the plan of some data does, a line for each thing: its name -> the action."""
    named = [(one["name"], one) for one in (*data["hosts"], *data["shared"])]
    named += [(one["path"], one) for one in data["mounts"]]
    return {name: str(Action(one["action"])) for name, one in named}
