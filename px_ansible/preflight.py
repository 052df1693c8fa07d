"""What the provider itself says before anything is made: rights, quotas, what it has to give. Changes nothing."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible import inventory as inventories
from px_ansible import prerequisites
from px_ansible.checks import Check
from px_ansible.cluster import Cluster, broken_off
from px_ansible.errors import PrerequisiteError, PxError
from px_ansible.plans import Found, make_plan
from px_ansible.providers import PROVIDERS
from px_ansible.state import ClusterState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from px_ansible.config import Config
    from px_ansible.events import Event
    from px_ansible.plans import Plan


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the provider said; `variables` are those of its role that it found out on the way."""

    checks: tuple[Check, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)

    def require(self, config: Config) -> None:
        """Raise PrerequisiteError, with all that is missing, where something is."""
        if missing := [check for check in self.checks if check.state == "missing"]:
            are = prerequisites.things(len(missing))
            message = f"provider {config.provider} is not ready for the cluster {config.cluster!r}: {are} missing"
            raise PrerequisiteError(message, missing=missing)

    @property
    def notes(self) -> list[str]:
        """What to say beside the report: the warnings."""
        return [
            f"{one.name}: {one.found}" + (f" (try: {one.hint})" if one.hint else "")
            for one in self.checks
            if one.state == "warning"
        ]


def ask(cluster: Cluster, plan: Plan) -> Preflight:
    """Ask the provider whether the plan can be carried out; a provider without such checks says nothing."""
    if not PROVIDERS[plan.config.provider].checks:
        return Preflight()
    outcome, report, _ = cluster.run("checks", inventories.inventory_to_check(plan))
    error = report.controller_error()
    if error or "px_checks" not in outcome.artifact:
        raise error or broken_off(outcome)
    subject = f"provider {plan.config.provider}"
    return Preflight(
        tuple(
            Check(subject, one["name"], one["state"], one.get("found") or "", one.get("hint") or None)
            for one in outcome.artifact["px_checks"]
        ),
        dict(outcome.artifact.get("px_variables") or {}),
    )


def find(cluster: Cluster) -> Found:
    """Ask the provider what exists; where it does not say, its checks may know all that is missing, and not the first.

    Raises:
        PrerequisiteError: with all that is missing.
    """
    try:
        return cluster.find()
    except PxError:
        _ask_of_nothing(cluster).require(cluster.config)
        raise


def _ask_of_nothing(cluster: Cluster) -> Preflight:
    """Ask as if nothing existed; a provider that cannot answer that either says nothing."""
    try:
        return ask(cluster, make_plan(cluster.config, Found()))
    except PxError:
        return Preflight()


def look(config: Config, on_event: Callable[[Event], None]) -> list[Check]:
    """Return what the provider says of a px.yaml, for `doctor`: nothing of it stays on this computer."""
    with tempfile.TemporaryDirectory(prefix="px-") as folder:
        # Not the cluster's own state: to look makes none, and its runs are those that worked on it.
        cluster = Cluster(config, ClusterState(config.provider, config.cluster, Path(folder)), on_event)
        try:
            return list(ask(cluster, make_plan(config, cluster.find())).checks)
        except PxError as error:
            said = _ask_of_nothing(cluster).checks
            if any(one.state == "missing" for one in said):
                return list(said)
            gone = not error.hint or folder in error.hint
            hint = "px-ansible plan: it keeps what Ansible says" if gone else error.hint
            found = ": ".join([error.message, *error.log[-1:]])
            return [Check(f"provider {config.provider}", "answer", "missing", found, hint)]
