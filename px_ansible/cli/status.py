"""`px-ansible status`: hosts and mounts as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from px_ansible.cli.options import file_option, open_cluster, output_option, provider_option, verbose_option
from px_ansible.errors import RunError, UnreachableError

if TYPE_CHECKING:
    from px_ansible.report import Report


@click.command()
@file_option
@provider_option
@output_option
@verbose_option
def status(file: str | None, provider: str | None, output: str, verbosity: int) -> int:
    """Show the hosts and their mounts as they are now, asked on every host.

    It ends with 0 where every host that px.yaml wants runs and every mount answers, with 5 where not, with 6 where a
    host could not be reached.

    \b
    Example:
      px-ansible status --output json
    """  # noqa: D301
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.cli.report import show_status  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415

    cluster = open_cluster(file, provider, verbosity)
    with Progress(verbosity=verbosity, passing=True) as cluster.on_event:
        found = cluster.find()
        report = cluster.look(found)
    if output == "json":
        heads = {"cluster": cluster.config.cluster, "provider": cluster.config.provider}
        shared = [{"name": one.name, "state": one.state} for one in found.shared]
        print_json({**report.as_data(), **heads, "shared": shared})
    else:
        show_status(report)
        for one in found.shared:
            click.echo(f"{one.name}: {one.state}")
        if not found.hosts:
            click.echo("Nothing is there yet: px-ansible provision makes it.")
    return _exit_code(report)


def _exit_code(report: Report) -> int:
    hosts = report.hosts.values()
    if report.unreachable:
        return UnreachableError.exit_code
    fine = all(host.state == "running" and all(mount.ready for mount in host.mounts) for host in hosts)
    return 0 if fine else RunError.exit_code
