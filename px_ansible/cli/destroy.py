"""`px-ansible destroy`: remove the hosts and what they shared."""

from __future__ import annotations

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
from px_ansible.errors import RunError

if TYPE_CHECKING:
    from px_ansible.api import Destroyed
    from px_ansible.config import Config
    from px_ansible.plans import Found


@click.command()
@file_option
@provider_option
@yes_option
@click.option(
    "--purge",
    is_flag=True,
    envvar="PX_PURGE",
    help="Remove the objects of buckets emulated here too.  [env: PX_PURGE]",
)
@output_option
@verbose_option
def destroy(file: str | None, provider: str | None, yes: bool, purge: bool, output: str, verbosity: int) -> int:
    """Remove the cluster's hosts and what they share. Buckets in a cloud are never touched.

    Hosts that were there before (provider static) stay: they lose the mounts of the cluster, and nothing else.

    \b
    Example:
      px-ansible destroy --provider local
      px-ansible destroy --cluster demo --yes
    """  # noqa: D301
    from px_ansible import api  # noqa: PLC0415
    from px_ansible.cli.phases import Phases  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415

    config = load_config(file, provider, copy=True)
    with Phases(verbosity) as watch:

        def confirm(found: Found) -> None:
            watch.pause()
            _agree(config, found, yes=yes, purge=purge, say=output == "text")
            watch.work()

        done = api.destroy(config, purge=purge, confirm=confirm, on_event=watch, verbosity=of_ansible(verbosity))
    if output == "json":
        left = _left(done)
        removed = [host.name for host in done.found.hosts if host.name not in left]
        print_json({**done.report.as_data(), "removed": removed, "left": left})
    else:
        _show(config, done, purge=purge)
    return 0 if done.complete else done.report.exit_code or RunError.exit_code


def _left(done: Destroyed) -> list[str]:
    return [host.name for host in done.left.hosts] + [one.name for one in done.left.shared]


def _show(config: Config, done: Destroyed, *, purge: bool) -> None:
    from px_ansible.cli.report import show_destroy  # noqa: PLC0415
    from px_ansible.cli.tables import count  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415
    from px_ansible.state import clusters_folder  # noqa: PLC0415

    found = done.found
    show_destroy(done.report)
    again = "`px-ansible destroy` goes on from here."
    if names := _left(done):
        click.echo(f"Still there: {', '.join(names)}; {again}")
        if done.report.unreachable and PROVIDERS[config.provider].existing:
            folder = clusters_folder() / config.provider / config.cluster
            click.echo(f"Are they gone for good? Then forget the cluster: rm -r {folder}")
    elif done.report.exit_code:
        click.echo(f"Nothing of it is left, and a step failed all the same; {again}")
    elif found.hosts and PROVIDERS[config.provider].existing:
        mounts, hosts = count(len(found.applied), "mount"), count(len(found.hosts), "host")
        click.echo(f"Took {mounts} away from {hosts}; the hosts and the buckets stay.")
    elif found.hosts or found.shared or done.report.changed:
        kept = "" if purge else "; buckets stay"
        click.echo(f"Removed {count(len(found.hosts), 'host')} and what they shared: nothing of them is left{kept}.")
    else:
        click.echo("There was nothing to remove.")


def _agree(config: Config, found: Found, *, yes: bool, purge: bool, say: bool) -> None:
    """Show what goes, and ask."""
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    if not (found.hosts or found.shared):
        return
    if say and PROVIDERS[config.provider].existing:
        click.echo(f"This ends the cluster {config.cluster}. Its hosts stay, and lose its mounts:")
        for name in [host.name for host in found.hosts] + [mount["path"] for mount in found.applied]:
            click.echo(f"  - {name}")
    elif say:
        click.echo(f"This removes the cluster {config.cluster} ({config.provider}):")
        for name in [host.name for host in found.hosts] + [one.name for one in found.shared]:
            click.echo(f"  - {name}")
        click.echo("  - and ALL OBJECTS of the buckets emulated here" if purge else "Buckets stay.")
    ask("Go ahead?", yes=yes)
