"""`px-ansible ssh`: a shell or a command on a host, or a command on all of them."""

from __future__ import annotations

import os
import shlex

import click

from px_ansible.cli import known
from px_ansible.cli.options import file_option, open_cluster, output_option, provider_option
from px_ansible.errors import UsageError


class _WithCommand(click.Command):
    """A command whose line may end in `-- CMD...`, which is not for us to read."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set aside what stands behind the first `--`."""
        at = args.index("--") if "--" in args else len(args)
        ctx.obj = args[at + 1 :]
        try:
            rest = super().parse_args(ctx, args[:at])
        except click.NoSuchOption as error:
            if error.option_name.startswith("--"):
                raise
            says = f"there is no option {error.option_name}; those of the command stand with it behind '--'"
            raise UsageError(says, hint="px-ansible ssh 2 -- ls -l") from None
        if ctx.args and not ctx.resilient_parsing:
            line = shlex.join(["--", *ctx.args, *ctx.obj])
            raise UsageError("the command stands behind '--'", hint=f"px-ansible ssh {ctx.params['host']} {line}")
        return rest


@click.command(
    cls=_WithCommand,
    options_metavar="[OPTIONS]",
    short_help="Open a shell on a host.",
    context_settings={"allow_extra_args": True},
)
@file_option
@provider_option
@click.option(
    "--all",
    "everywhere",
    is_flag=True,
    envvar="PX_SSH_ALL",
    help="Run CMD on all hosts at once; each line begins with the host's name.  [env: PX_SSH_ALL]",
)
@output_option
@click.argument("host", required=False, metavar="[HOST] [-- CMD...]", shell_complete=known.hosts)
@click.pass_obj
def ssh(
    command: list[str], file: str | None, provider: str | None, everywhere: bool, output: str, host: str | None
) -> int:
    """Open a shell on HOST (default: the first), or run a command there and end with its exit code.

    HOST may be a number: 2 is CLUSTER-2. With --all the exit code is the highest of the hosts', and 6 where one could
    not be reached; the command reads no input, and Ctrl-C ends it on every host. --output json is for --all: per host
    its stdout, stderr and exit code.

    \b
    Example:
      px-ansible ssh
      px-ansible ssh 2 -- ls -l /px-gcs-bucket
      px-ansible ssh --all -- df -h /px-gcs-bucket
    """  # noqa: D301
    from px_ansible.cli import hosts  # noqa: PLC0415

    if everywhere and host and not command:
        raise UsageError("the command stands behind '--'", hint=f"px-ansible ssh --all -- {host}")
    if everywhere and host:
        raise UsageError(f"--all is every host, and {host!r} is one", hint="take one of them out")
    if everywhere and not command:
        raise UsageError("--all needs a command", hint="px-ansible ssh --all -- uptime")
    cluster = open_cluster(file, provider, 0, copy=True, asks=False)
    known = hosts.hosts_of(cluster)
    if everywhere:
        from px_ansible.cli.fan_out import run_on_all  # noqa: PLC0415

        return run_on_all(cluster, known, " ".join(command), as_json=output == "json")
    line = hosts.ssh_command(cluster, hosts.pick(cluster, known, host), *command)
    return os.execvp(line[0], line)
