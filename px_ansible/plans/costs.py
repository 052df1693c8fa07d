"""What the hosts of a plan cost, as far as prices are known: the machines alone, without disks, traffic and tax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from px_ansible.plans.actions import Action

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.plans.plan import Plan

HOURS_A_MONTH = 730


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars per hour: of one host, of all hosts when the plan is done, and of those that it creates or starts.

    `date` and `region` are those of the prices; where `region` is None they are the same everywhere. `spot` prices
    change by the hour; `ceiling` says that only the usual price of a spot host is known, which it stays below.
    """

    per_host: float
    after: float
    created: float
    date: str
    region: str | None
    spot: bool
    ceiling: bool


def price(config: Config) -> float | None:
    """Return what one host costs an hour; of a spot host without a known spot price, the usual price."""
    machine = config.machine.type if config.machine else None
    if machine is None:
        return None
    if config.spot and machine.spot_usd_per_hour is not None:
        return machine.spot_usd_per_hour
    return machine.usd_per_hour


def cost_of(plan: Plan) -> Cost | None:
    """Return what the hosts of a plan cost; None where no price is known."""
    config, each = plan.config, price(plan.config)
    machine = config.machine.type if config.machine else None
    if each is None or machine is None:
        return None
    after = sum(host.action is not Action.REMOVE for host in plan.hosts)
    created = len(plan.hosts_to(Action.CREATE, Action.START))
    ceiling = config.spot and machine.spot_usd_per_hour is None
    return Cost(each, each * after, each * created, machine.date, machine.region, config.spot, ceiling)
