"""`px-ansible destroy`: remove the hosts and what they shared."""

from __future__ import annotations

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
from px_ansible.errors import RunError

if TYPE_CHECKING:
    from px_ansible.cluster import Cluster
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
    """  # noqa: D301
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.cli.tables import count, print_json  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    cluster = open_cluster(file, provider, verbosity, copy=True)
    with cluster.state.lock():
        with Progress(verbosity=verbosity, passing=True) as cluster.on_event:
            found = cluster.find()
        _agree(cluster, found, yes=yes, purge=purge, say=output == "text")
        with Progress(verbosity=verbosity) as cluster.on_event:
            report, left = cluster.destroy(found, purge=purge)
    names = [host.name for host in left.hosts] + [one.name for one in left.shared]
    if output == "json":
        print_json({**report.as_data(), "removed": [host.name for host in found.hosts], "left": names})
    elif names:
        click.echo(f"Still there: {', '.join(names)}")
        for host in report.failed:
            click.echo(f"  {host.name}: {host.error}")
    elif found.hosts and PROVIDERS[cluster.config.provider].existing:
        mounts, hosts = count(len(found.applied), "mount"), count(len(found.hosts), "host")
        click.echo(f"Took {mounts} away from {hosts}; the hosts and the buckets stay.")
    elif found.hosts or found.shared or report.changed:
        kept = "" if purge else "; buckets stay"
        click.echo(f"Removed {count(len(found.hosts), 'host')} and what they shared: nothing of them is left{kept}.")
    else:
        click.echo("There was nothing to remove.")
    return RunError.exit_code if names or report.exit_code else 0


def _agree(cluster: Cluster, found: Found, *, yes: bool, purge: bool, say: bool) -> None:
    """Show what goes, and ask."""
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    if not (found.hosts or found.shared):
        return
    if say and PROVIDERS[cluster.config.provider].existing:
        click.echo(f"This ends the cluster {cluster.config.cluster}. Its hosts stay, and lose its mounts:")
        for name in [host.name for host in found.hosts] + [mount["path"] for mount in found.applied]:
            click.echo(f"  - {name}")
    elif say:
        click.echo(f"This removes the cluster {cluster.config.cluster} ({cluster.config.provider}):")
        for name in [host.name for host in found.hosts] + [one.name for one in found.shared]:
            click.echo(f"  - {name}")
        click.echo("  - and ALL OBJECTS of the buckets emulated here" if purge else "Buckets stay.")
    ask("Go ahead?", yes=yes)
