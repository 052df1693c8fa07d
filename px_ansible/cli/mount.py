"""`px-ansible mount`: the mounts alone, on the hosts that run."""

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

if TYPE_CHECKING:
    from px_ansible.plans import Plan


@click.command()
@file_option
@provider_option
@yes_option
@output_option
@verbose_option
def mount(file: str | None, provider: str | None, yes: bool, output: str, verbosity: int) -> int:
    """Bring the mounts to what px.yaml says, on the hosts that run; make, change and remove no host.

    It asks only before it takes a mount away that px.yaml no longer has.

    \b
    Example:
      px-ansible mount
    """  # noqa: D301
    from px_ansible import mounting  # noqa: PLC0415
    from px_ansible.cli.phases import Phases  # noqa: PLC0415
    from px_ansible.cli.report import show_provision  # noqa: PLC0415
    from px_ansible.cli.tables import count, print_json  # noqa: PLC0415
    from px_ansible.plans import Action  # noqa: PLC0415

    cluster = open_cluster(file, provider, verbosity)
    cluster.require_credentials()
    began = time.monotonic()
    with cluster.state.lock(), Phases(verbosity) as watch:
        cluster.on_event = watch
        found = cluster.find()
        plan = mounting.mount_plan(cluster, found)
        watch.pause()
        if gone := plan.mounts_to(Action.REMOVE):
            places = f"{', '.join(gone)} on {count(len(plan.hosts), 'host')}"
            ask(f"px.yaml has no longer: {places}. Take away what is mounted there (buckets stay)?", yes=yes)
        watch.work()
        report = mounting.mount(cluster, plan, found)
    report.notes += [
        f"{name} is stopped and was left alone; `px-ansible provision` starts it" for name in mounting.asleep(found)
    ]
    seconds = time.monotonic() - began
    if output == "json":
        heads = {"cluster": cluster.config.cluster, "provider": cluster.config.provider, "seconds": round(seconds, 1)}
        print_json({**report.as_data(), **heads, "mounts": _mounts(plan)})
    else:
        show_provision(plan, report, seconds)
    return report.exit_code


def _mounts(plan: Plan) -> object:
    from px_ansible.plans.data import as_data  # noqa: PLC0415

    return as_data(plan)["mounts"]
