"""`px-ansible ssh`: a shell or a command on a host."""

from __future__ import annotations

import os

import click

from px_ansible.cli import known
from px_ansible.cli.options import file_option, open_cluster, provider_option
from px_ansible.errors import UsageError


class _WithCommand(click.Command):
    """A command whose line may end in `-- CMD...`, which is not for us to read."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set aside what stands behind the first `--`."""
        at = args.index("--") if "--" in args else len(args)
        ctx.obj = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


@click.command(cls=_WithCommand, options_metavar="[OPTIONS]", short_help="Open a shell on a host.")
@file_option
@provider_option
@click.argument("host", required=False, metavar="[HOST] [-- CMD...]", shell_complete=known.hosts)
@click.pass_obj
def ssh(command: list[str], file: str | None, provider: str | None, host: str | None) -> None:
    """Open a shell on HOST (default: the first), or run a command there and end with its exit code.

    \b
    Example:
      px-ansible ssh
      px-ansible ssh demo-2 -- ls -l /px-gcs-bucket
    """  # noqa: D301
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    cluster = open_cluster(file, provider, 0)
    known = cluster.state.read_inventory()
    if not known:
        raise UsageError("the cluster has no hosts yet", hint="px-ansible provision")
    host = host or cluster.config.hosts[0]
    if host not in known:
        raise UsageError(f"there is no host {host!r}", hint=f"the hosts are: {', '.join(known)}")
    address = known[host]["address"]
    if address is None:
        raise UsageError(f"{host} has no address: it has never been up", hint="px-ansible provision")
    user = PROVIDERS[cluster.config.provider].user(cluster.config)
    os.execvp("ssh", ["ssh", *cluster.ssh_options(host), f"{user}@{address}", *command])
