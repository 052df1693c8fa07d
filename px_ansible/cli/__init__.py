"""The command `px-ansible`. Every command is in a file of its own, and is imported only when it is called."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from px_ansible import __version__
from px_ansible.errors import EXIT_CONTROL_C, ConfigError, PxError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

# name -> what the list of commands says; the order is the order of work.
COMMANDS = {
    "validate": "Check px.yaml files and show every problem.",
    "plan": "Show what provision would do.",
    "provision": "Make the hosts and mount the buckets, as px.yaml says.",
    "status": "Show the hosts and their mounts as they are now.",
    "ssh": "Open a shell on a host, or run a command there.",
    "destroy": "Remove the hosts; buckets stay.",
}


class Commands(click.Group):
    """The commands of COMMANDS, each imported from its module when it is needed."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order of work."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"px_ansible.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a name that is almost one gets a suggestion."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415

            close = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that had enough (`px-ansible status | head`) ends it in silence."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Python would try once more at its end to write what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(128 + signal.SIGPIPE)
        return result

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="px-ansible")
def cli() -> None:
    """Declare a cluster and its buckets in px.yaml; get the hosts with every bucket mounted as a folder.

    \b
    Example:
      px-ansible provision --provider local
      px-ansible ssh -- ls /px-gcs-bucket
    """  # noqa: D301 - click's mark for text that keeps its lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error becomes an exit code here and nowhere else."""
    # An orderly end for `kill` too: what is open is closed, and a run is stopped before its lock is let go.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        result: Any = cli.main(arguments, standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.exceptions.Exit as end:
        code = end.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nStopped. `px-ansible provision` goes on from here.", err=True)
        code = EXIT_CONTROL_C
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except PxError as error:
        _show(error)
        code = error.exit_code
    sys.exit(code)


def _terminate(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _show(error: PxError) -> None:
    if isinstance(error, ConfigError):
        from px_ansible.cli.width import terminal_width  # noqa: PLC0415
        from px_ansible.issues import render_all  # noqa: PLC0415

        color = sys.stderr.isatty() and "NO_COLOR" not in os.environ
        click.echo(render_all(error.issues, error.lines, color, terminal_width(sys.stderr)), err=True)
        click.echo(f"{error}: nothing was done.", err=True)
        return
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.message}", err=True)
    for line in error.log:
        click.echo(f"    {click.style(line, dim=True)}", err=True)
    if error.hint:
        click.echo(f"  {click.style('Try:', bold=True)} {error.hint}", err=True)
