"""`px-ansible provision`: from px.yaml to hosts with mounted buckets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from px_ansible.cli.consent import ask
from px_ansible.cli.options import (
    file_option,
    load_config,
    of_ansible,
    output_option,
    provider_option,
    verbose_option,
    yes_option,
)

if TYPE_CHECKING:
    from px_ansible.api import Provisioned
    from px_ansible.plans import Plan


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
@click.option(
    "--plan",
    "kept",
    metavar="FILE",
    envvar="PX_PLAN",
    help="Carry out the plan that `plan --out FILE` kept, without asking, unless something changed since.  "
    "[env: PX_PLAN]",
)
@output_option
@verbose_option
def provision(
    file: str | None,
    provider: str | None,
    yes: bool,
    replace: bool,
    kept: str | None,
    output: str,
    verbosity: int,
) -> int:
    """Make the hosts and mount the buckets, as px.yaml says; run again, it changes only what differs.

    \b
    Example:
      px-ansible provision --provider local
      px-ansible plan --out demo.plan && px-ansible provision --plan demo.plan
    """  # noqa: D301
    from px_ansible import api  # noqa: PLC0415
    from px_ansible.cli.phases import Phases  # noqa: PLC0415
    from px_ansible.cli.plan_view import show  # noqa: PLC0415
    from px_ansible.cli.report import show_provision  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415
    from px_ansible.plans import file as plan_file  # noqa: PLC0415

    plan = plan_file.read(Path(kept)) if kept else None
    config = load_config(file or (str(plan.px_yaml) if plan else None), provider or (plan.provider if plan else None))
    with Phases(verbosity) as watch:

        def confirm(made: Plan) -> None:
            watch.pause()
            if output == "text" and made.changes:
                show(made)
            _agree(made, yes=yes or plan is not None)
            watch.work()

        done = api.provision(
            config, replace=replace, kept=plan, confirm=confirm, on_event=watch, verbosity=of_ansible(verbosity)
        )
    if output == "json":
        print_json(_as_data(done))
    else:
        show_provision(done.plan, done.report, done.seconds)
    return done.report.exit_code


def _agree(plan: Plan, *, yes: bool) -> None:
    """Ask before anything is made or lost; nobody is asked about a plan that only keeps and repairs."""
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

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


def _as_data(done: Provisioned) -> dict[str, object]:
    from px_ansible.plans.data import as_data  # noqa: PLC0415

    heads = {
        "cluster": done.plan.config.cluster,
        "provider": done.plan.config.provider,
        "seconds": round(done.seconds, 1),
    }
    return {**done.report.as_data(), **heads, "plan": as_data(done.plan)}
