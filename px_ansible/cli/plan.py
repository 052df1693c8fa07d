"""`px-ansible plan`: what provision would do."""

from __future__ import annotations

from pathlib import Path

import click

from px_ansible.cli.options import (
    file_option,
    load_config,
    of_ansible,
    output_option,
    provider_option,
    verbose_option,
)
from px_ansible.errors import EXIT_CHANGES


@click.command()
@file_option
@provider_option
@click.option(
    "--offline",
    is_flag=True,
    envvar="PX_OFFLINE",
    help="Ask nobody, and plan as if nothing existed.  [env: PX_OFFLINE]",
)
@click.option(
    "--out",
    metavar="FILE",
    envvar="PX_OUT",
    help="Keep the plan in FILE, for provision --plan FILE.  [env: PX_OUT]",
)
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="PX_DETAILED_EXITCODE",
    help="Exit with 7 when there is something to do.  [env: PX_DETAILED_EXITCODE]",
)
@output_option
@verbose_option
def plan(
    file: str | None,
    provider: str | None,
    offline: bool,
    out: str | None,
    detailed_exitcode: bool,
    output: str,
    verbosity: int,
) -> int:
    """Show what provision would do, and what it would cost.

    Prices are data of one day (docs/machine-types.md); with --offline no account is needed to see them.

    \b
    Example:
      px-ansible plan --offline
      px-ansible plan --out demo.plan && px-ansible provision --plan demo.plan
    """  # noqa: D301
    from px_ansible import api  # noqa: PLC0415 - `--help` needs none of it
    from px_ansible.cli.plan_view import show  # noqa: PLC0415
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415
    from px_ansible.plans import file as plan_file  # noqa: PLC0415
    from px_ansible.plans.data import as_data  # noqa: PLC0415

    config = load_config(file, provider)
    if offline:
        made = api.plan(config, offline=True)
    else:
        with Progress(verbosity=verbosity, passing=True) as watch:
            made = api.plan(config, on_event=watch, verbosity=of_ansible(verbosity))
    if output == "json":
        print_json({**as_data(made), "offline": offline})
    else:
        show(made, offline=offline)
    if out:
        plan_file.write(Path(out), made)
        click.echo(f"Kept in {out}: px-ansible provision --plan {out}", err=True)
    return EXIT_CHANGES if detailed_exitcode and made.changes else 0
