"""The command `px-ansible`. Every command is in a file of its own, and is imported only when it is called."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from px_ansible.errors import EXIT_CONTROL_C, ConfigError, PrerequisiteError, PxError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from click.shell_completion import CompletionItem

# Where the module's name is not the command's: Python has a `list` of its own.
MODULES = {"list": "clusters"}
# name -> what the list of commands says; the order is the order of work.
COMMANDS = {
    "init": "Write a px.yaml to begin with.",
    "validate": "Check px.yaml files and show every problem.",
    "plan": "Show what provision would do, and what it would cost.",
    "provision": "Make the hosts and mount the buckets, as px.yaml says.",
    "status": "Show the hosts and their mounts as they are now.",
    "ssh": "Open a shell on a host, or run a command on one or all.",
    "logs": "Print what a mount, or a run, has logged.",
    "mount": "Bring the mounts alone to what px.yaml says.",
    "unmount": "Take mounts away from the hosts.",
    "inventory": "Print the hosts as an inventory for Ansible.",
    "runs": "List what was run, and show a run's report again.",
    "list": "List this user's clusters.",
    "destroy": "Remove the hosts; buckets stay.",
    # What is not about one cluster.
    "doctor": "Check that this computer has what a run needs.",
    "schema": "Print the JSON Schema of px.yaml.",
    "completion": "Print the script that makes a shell complete px-ansible.",
    "version": "Show what is installed here.",
}


# What changes something, step by step: the next run begins where this one was stopped.
_GO_ON = frozenset({"provision", "destroy", "mount", "unmount"})


class Commands(click.Group):
    """The commands of COMMANDS, each imported from its module when it is needed."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order of work."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import a command."""
        if name not in COMMANDS:
            return None
        spelt = MODULES.get(name, name)
        command: click.Command = getattr(importlib.import_module(f"px_ansible.cli.{spelt}"), spelt)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a name that is almost one gets a suggestion."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from px_ansible.cli.suggestions import unknown_command  # noqa: PLC0415

            ctx.fail(unknown_command(args[0], COMMANDS))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the commands without importing them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        found = [CompletionItem(name, help=says) for name, says in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the command line, which shows the help where that was asked for."""
        with _as_long_as_somebody_reads():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and say how to go on where Ctrl-C ended it."""
        with _as_long_as_somebody_reads():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt:
                click.echo(_stopped(ctx.invoked_subcommand), err=True)
                ctx.exit(EXIT_CONTROL_C)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@contextmanager
def _as_long_as_somebody_reads() -> Iterator[None]:
    """End in silence where the reader had enough (`px-ansible status | head`), as other programs do."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would try once more at its end to write what is left.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        raise click.exceptions.Exit(128 + signal.SIGPIPE) from None


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from px_ansible.cli.version import show  # noqa: PLC0415

        show()
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show what is installed here and exit.",
)
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
        # The name is px-ansible where it was started with `python -m` too.
        result: Any = cli.main(arguments, prog_name="px-ansible", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.exceptions.Exit as end:
        code = end.exit_code
    except (click.Abort, KeyboardInterrupt) as end:
        # At a question, or before the command had begun. A ^C stands in the line of the question, a no does not.
        typed = isinstance(end.__context__, KeyboardInterrupt | EOFError)
        click.echo(("\n" if typed else "") + "Nothing was done.", err=True)
        code = EXIT_CONTROL_C
    except click.UsageError as error:
        from px_ansible.cli.suggestions import with_suggestion  # noqa: PLC0415

        with_suggestion(error).show()
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except PxError as error:
        _show(error)
        code = error.exit_code
    sys.exit(code)


def _stopped(command: str | None) -> str:
    """Return what is said when Ctrl-C has ended a command."""
    if command in _GO_ON:
        return f"Stopped. `px-ansible {command}` goes on from here."
    return "Stopped."


def _terminate(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _show(error: PxError) -> None:
    from px_ansible.cli.terminal import has_color, terminal_width, wrapped  # noqa: PLC0415

    color = has_color(sys.stderr)
    if isinstance(error, ConfigError):
        from px_ansible.issues import render_all  # noqa: PLC0415

        text = render_all(error.issues, error.lines, color, terminal_width(sys.stderr))
        click.echo(text, err=True, color=color)
        click.echo(f"{error}: nothing was done.", err=True)
        return
    head = "Error:"
    message = wrapped(f"{head} {error.message}", sys.stderr, indent=0)
    click.echo(message.replace(head, click.style(head, fg="red", bold=True), 1), err=True, color=color)
    if isinstance(error, PrerequisiteError) and error.missing:
        from px_ansible.cli import missing  # noqa: PLC0415

        for line in missing.lines(error.missing):
            click.echo(line, err=True, color=color)
    else:
        for line in error.log:
            click.echo(f"    {click.style(line, dim=True)}", err=True, color=color)
    if error.hint:
        click.echo(f"  {click.style('Try:', bold=True)} {error.hint}", err=True, color=color)
