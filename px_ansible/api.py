"""What the commands do, for programs: load, plan, provision, status, destroy.

Every function raises the errors of px_ansible.errors, and tells its `on_event` what happens while it goes on.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible import preflight
from px_ansible.cluster import Cluster, unheard
from px_ansible.config import load as load_config
from px_ansible.errors import UsageError
from px_ansible.plans import Found, make_plan
from px_ansible.plans import file as plan_file
from px_ansible.plans.actions import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from px_ansible.config import Config
    from px_ansible.events import Event
    from px_ansible.plans import Plan
    from px_ansible.plans.file import PlanFile
    from px_ansible.report import Report


@dataclass(frozen=True, slots=True)
class Provisioned:
    """How a provision ended: what was to be done, what became of it, and how long it took."""

    plan: Plan
    report: Report
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """What exists of a cluster, and how its hosts and mounts are."""

    found: Found
    report: Report

    @property
    def healthy(self) -> bool:
        """Whether every host that px.yaml wants runs, and every mount answers."""
        hosts = self.report.hosts.values()
        return all(host.state == "running" and all(mount.ready for mount in host.mounts) for host in hosts)


@dataclass(frozen=True, slots=True)
class Destroyed:
    """How a destroy ended: what there was, what became of it, and what is left."""

    found: Found
    report: Report
    left: Found

    @property
    def complete(self) -> bool:
        """Whether nothing is left, and nothing failed."""
        return not (self.left.hosts or self.left.shared or self.report.exit_code)


def load(file: str | PathLike[str], *, provider: str | None = None) -> Config:
    """Read and check a px.yaml; `provider` wins over the one that it names.

    Raises:
        ConfigError: with every problem of the file.
    """
    return load_config(Path(file), provider=provider)


def plan(
    config: Config, *, offline: bool = False, on_event: Callable[[Event], None] = unheard, verbosity: int = 0
) -> Plan:
    """Return what provision would do. Changes nothing; `offline` asks nobody, and plans as if nothing existed."""
    if offline:
        return make_plan(config, Found())
    cluster = Cluster.open(config, on_event, verbosity)
    return cluster.plan(preflight.find(cluster))


def provision(
    config: Config,
    *,
    replace: bool = False,
    kept: PlanFile | str | PathLike[str] | None = None,
    confirm: Callable[[Plan], None] | None = None,
    on_event: Callable[[Event], None] = unheard,
    verbosity: int = 0,
) -> Provisioned:
    """Make the hosts and mount the buckets, as px.yaml says.

    Args:
        config: what px.yaml says.
        replace: whether hosts that cannot change in place may be made anew.
        kept: the file of a plan that `plan --out` kept; it must still be the plan.
        confirm: is called with the plan before anything is done, and raises what shall end it.
        on_event: is told what happens.
        verbosity: of Ansible's own output, 0 to 4.

    Raises:
        UsageError: where a host would have to be replaced, or the kept plan is out of date.
        PrerequisiteError: with all that is missing on this computer, or else at the provider.
    """
    if isinstance(kept, str | PathLike):
        kept = plan_file.read(Path(kept))
    cluster = Cluster.open(config, on_event, verbosity)
    cluster.require_credentials()
    began = time.monotonic()
    with cluster.state.lock():
        made = cluster.plan(preflight.find(cluster))
        if kept:
            plan_file.require_same(kept, made)
        if (fixed := made.hosts_to(Action.REPLACE)) and not replace:
            raise UsageError(
                f"{', '.join(fixed)} cannot change in place and would have to be made anew",
                hint="px-ansible provision --replace (what is only on them is lost; buckets stay), or put px.yaml back",
                log=[f"{host.name}: {host.reason}" for host in made.hosts if host.action is Action.REPLACE],
            )
        said = preflight.ask(cluster, made) if made.makes else preflight.Preflight()
        said.require(made.config)
        made = dataclasses.replace(made, variables={**made.variables, **said.variables})
        if confirm:
            confirm(made)
        report = cluster.provision(made, said.notes)
    return Provisioned(made, report, time.monotonic() - began)


def status(config: Config, *, on_event: Callable[[Event], None] = unheard, verbosity: int = 0) -> Status:
    """Return the hosts and their mounts as they are now. Changes nothing."""
    cluster = Cluster.open(config, on_event, verbosity)
    found = cluster.find()
    return Status(found, cluster.look(found))


def destroy(
    config: Config,
    *,
    purge: bool = False,
    confirm: Callable[[Found], None] | None = None,
    on_event: Callable[[Event], None] = unheard,
    verbosity: int = 0,
) -> Destroyed:
    """Remove the hosts and what they share; `purge` removes the objects of buckets emulated here too.

    `confirm` is called with what there is before anything is removed, and raises what shall end it.
    """
    cluster = Cluster.open(config, on_event, verbosity)
    with cluster.state.lock():
        found = cluster.find()
        if confirm:
            confirm(found)
        report, left = cluster.destroy(found, purge=purge)
    return Destroyed(found, report, left)
