"""`px-ansible provision`: from px.yaml to hosts with mounted buckets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from px_ansible.cli.consent import ask
from px_ansible.cli.options import (
    file_option,
    open_cluster,
    output_option,
    provider_option,
    verbose_option,
    yes_option,
)
from px_ansible.errors import UsageError

if TYPE_CHECKING:
    from px_ansible.cluster import Cluster
    from px_ansible.plans import Plan
    from px_ansible.report import Report


@click.command()
@file_option
@provider_option
@yes_option
@click.option(
    "--replace",
    is_flag=True,
    envvar="PX_REPLACE",
    help="Make hosts anew that cannot change in place; what is only on them is lost.  [env: PX_REPLACE]",
)
@output_option
@verbose_option
def provision(file: str | None, provider: str | None, yes: bool, replace: bool, output: str, verbosity: int) -> int:
    """Make the hosts and mount the buckets, as px.yaml says; run again, it changes only what differs.

    \b
    Example:
      px-ansible provision --provider local
    """  # noqa: D301
    from px_ansible.cli.plan_view import show  # noqa: PLC0415
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.cli.report import show_provision  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415

    cluster = open_cluster(file, provider, verbosity)
    cluster.require_credentials()
    began = time.monotonic()
    with cluster.state.lock():
        with Progress(verbosity=verbosity, passing=True) as cluster.on_event:
            plan = cluster.plan(cluster.find())
        if output == "text" and plan.changes:
            show(plan)
        _agree(plan, yes=yes, replace=replace)
        with Progress(verbosity=verbosity) as cluster.on_event:
            report = cluster.provision(plan)
    seconds = time.monotonic() - began
    if output == "json":
        print_json(_as_data(cluster, plan, report, seconds))
    else:
        show_provision(plan, report, seconds)
    return report.exit_code


def _agree(plan: Plan, *, yes: bool, replace: bool) -> None:
    """Ask before anything is made or lost; nobody is asked about a plan that only keeps and repairs."""
    from px_ansible.plans import Action  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    if (fixed := plan.hosts_to(Action.REPLACE)) and not replace:
        raise UsageError(
            f"{', '.join(fixed)} cannot change in place and would have to be made anew",
            hint="px-ansible provision --replace (what is only on them is lost; buckets stay), or put px.yaml back",
        )
    if not any(host.pending for host in plan.hosts):
        return
    question = "Go ahead?"
    if plan.destroys and PROVIDERS[plan.config.provider].existing:
        question = f"{', '.join(plan.destroys)} will lose the mounts of this cluster, and nothing else. Go ahead?"
    elif plan.destroys:
        question = (
            f"{', '.join(plan.destroys)} will be removed, and what is only on them is lost; buckets stay. Go ahead?"
        )
    ask(question, yes=yes)


def _as_data(cluster: Cluster, plan: Plan, report: Report, seconds: float) -> dict[str, object]:
    from px_ansible.plans.data import as_data  # noqa: PLC0415

    heads = {
        "cluster": cluster.config.cluster,
        "provider": cluster.config.provider,
        "seconds": round(seconds, 1),
    }
    return {**report.as_data(), **heads, "plan": as_data(plan)}
