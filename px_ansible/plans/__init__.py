"""Config + what exists -> Plan: what to create, keep, change, remove, and what it costs. Pure: it asks nobody."""

from __future__ import annotations

from px_ansible.plans.actions import Action
from px_ansible.plans.found import Found, FoundHost, SharedThing
from px_ansible.plans.mounts import MountPlan
from px_ansible.plans.plan import HostPlan, Plan, SharedPlan, make_plan

__all__ = [
    "Action",
    "Found",
    "FoundHost",
    "HostPlan",
    "MountPlan",
    "Plan",
    "SharedPlan",
    "SharedThing",
    "make_plan",
]
