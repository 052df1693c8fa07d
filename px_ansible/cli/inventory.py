"""`px-ansible inventory`: the cluster's hosts for the user's own Ansible."""

from __future__ import annotations

import click

from px_ansible.cli.options import file_option, open_cluster, provider_option
from px_ansible.errors import UsageError


@click.command()
@file_option
@provider_option
@click.option(
    "--list",
    "every",
    is_flag=True,
    envvar="PX_LIST",
    help="All hosts as JSON, as Ansible asks an inventory script.  [env: PX_LIST]",
)
@click.option(
    "--host",
    envvar="PX_HOST",
    metavar="NAME",
    help="One host's variables as JSON, as Ansible asks an inventory script.  [env: PX_HOST]",
)
def inventory(file: str | None, provider: str | None, every: bool, host: str | None) -> None:
    """Print the hosts of the last run as an inventory for Ansible: as a YAML file, or as a script's JSON.

    It says how to reach the hosts and has the variables that the client roles take; secrets are lookups. A script of
    two lines is a dynamic inventory: `#!/bin/sh`, `exec px-ansible inventory -c NAME "$@"`. So is a file for the
    plugin px.storage.px.

    \b
    Example:
      px-ansible inventory > hosts.yml
      ansible -i hosts.yml all -m ansible.builtin.ping
    """  # noqa: D301
    from px_ansible import shared_inventory  # noqa: PLC0415

    if every and host:
        raise UsageError("--list is about all hosts, and --host about one", hint="take one of them out")
    cluster = open_cluster(file, provider, 0, copy=True, asks=False)
    group = shared_inventory.of_cluster(cluster.config, cluster.state)
    if every or host:
        from px_ansible.cli.tables import print_json  # noqa: PLC0415

        print_json(shared_inventory.as_host(group, host) if host else shared_inventory.as_script(group))
    else:
        click.echo(shared_inventory.as_yaml(group), nl=False)
