"""`px-ansible unmount`: take mounts away from the hosts."""

from __future__ import annotations

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


@click.command()
@file_option
@provider_option
@yes_option
@output_option
@verbose_option
@click.argument("paths", nargs=-1, metavar="[PATH]...")
def unmount(
    file: str | None, provider: str | None, yes: bool, output: str, verbosity: int, paths: tuple[str, ...]
) -> int:
    """Take the mounts at PATH, or all, away from every host: their services, config and credentials. Buckets stay.

    px.yaml still has them, so that `mount` or `provision` brings them back.

    \b
    Example:
      px-ansible unmount /px-gcs-bucket
    """  # noqa: D301
    from px_ansible import mounting  # noqa: PLC0415
    from px_ansible.cli.phases import Phases  # noqa: PLC0415
    from px_ansible.cli.report import show_status  # noqa: PLC0415
    from px_ansible.cli.tables import count, print_json  # noqa: PLC0415
    from px_ansible.report import Report  # noqa: PLC0415

    cluster = open_cluster(file, provider, verbosity, copy=True)
    with cluster.state.lock(), Phases(verbosity) as watch:
        cluster.on_event = watch
        found = cluster.find()
        running = mounting.require_hosts(cluster, found)
        mounts = mounting.choose(cluster, found, paths)
        watch.pause()
        if not mounts:
            click.echo("There is nothing to unmount.", err=output == "json")
        if output == "text" and mounts:
            click.echo(f"This takes away from {', '.join(running)}:")
            for one in mounts:
                click.echo(f"  - {one['path']} ({one['source']})")
            click.echo("Hosts and buckets stay.")
        if mounts:
            ask("Go ahead?", yes=yes)
            watch.work()
            report = mounting.unmount(cluster, found, mounts)
    left = [
        f"{name} is stopped and still has them; `px-ansible provision` starts it" for name in mounting.asleep(found)
    ]
    heads = {"cluster": cluster.config.cluster, "provider": cluster.config.provider}
    if not mounts:
        if output == "json":
            print_json({**Report().as_data(), **heads, "unmounted": []})
        return 0
    report.notes += left
    if output == "json":
        print_json({**report.as_data(), **heads, "unmounted": [one["path"] for one in mounts]})
    elif report.exit_code == 0:
        click.echo(f"Took {count(len(mounts), 'mount')} away from {count(len(running), 'host')}.")
        for note in left:
            click.echo(f"Note: {note}.")
    else:
        show_status(report)
    return report.exit_code
