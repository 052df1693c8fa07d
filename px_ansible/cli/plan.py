"""`px-ansible plan`: what provision would do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from px_ansible.cli.options import file_option, open_cluster, output_option, provider_option, verbose_option
from px_ansible.errors import EXIT_CHANGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from px_ansible.plan import Plan

STYLES = {
    "create": "green",
    "start": "green",
    "change": "yellow",
    "replace": "red",
    "remove": "red",
    "keep": "dim",
}
# What happens to hosts that were there before their cluster.
WORDS = {"create": "add", "remove": "leave"}
SIGNS = {"create": "+", "start": ">", "change": "~", "replace": "±", "remove": "-", "keep": " "}


@click.command()
@file_option
@provider_option
@click.option(
    "--detailed-exitcode",
    is_flag=True,
    envvar="PX_DETAILED_EXITCODE",
    help="Exit with 7 when there is something to do.  [env: PX_DETAILED_EXITCODE]",
)
@output_option
@verbose_option
def plan(file: str | None, provider: str | None, detailed_exitcode: bool, output: str, verbosity: int) -> int:
    """Show what provision would do: which hosts and mounts it would make, change and remove.

    \b
    Example:
      px-ansible plan --provider local
    """  # noqa: D301
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.cli.tables import print_json  # noqa: PLC0415

    cluster = open_cluster(file, provider, verbosity)
    with Progress(verbosity=verbosity, passing=True) as cluster.on_event:
        made = cluster.plan(cluster.find())
    if output == "json":
        print_json(as_data(made))
    else:
        show(made)
    return EXIT_CHANGES if detailed_exitcode and made.changes else 0


def show(made: Plan) -> None:
    """Print a plan as tables with one line of sum."""
    from px_ansible.cli.tables import console, table  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    screen = console()
    screen.print(f"Cluster [bold]{made.config.cluster}[/], provider {made.config.provider}\n")
    words = WORDS if PROVIDERS[made.config.provider].existing else {}
    rows = [(_word(host.action, words), host.name, host.reason or "") for host in made.hosts]
    table(screen, ("", "host", "why"), rows)
    if made.mounts:
        screen.print()
        mounts = [
            (
                _word(one.action),
                one.path,
                one.source + (" (emulated here)" if one.emulated else ""),
                one.client,
            )
            for one in made.mounts
        ]
        table(screen, ("", "mount", "bucket", "client"), mounts)
    screen.print(f"\n{summary(made)}")


def _word(action: str, words: Mapping[str, str] = MappingProxyType({})) -> str:
    return f"[{STYLES[action]}]{SIGNS[action]} {words.get(action, action)}[/]"


def summary(made: Plan) -> str:
    """Return the plan in one sentence."""
    from px_ansible.cli.tables import count  # noqa: PLC0415
    from px_ansible.plan import Action  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    parts = []
    words = WORDS if PROVIDERS[made.config.provider].existing else {}
    for noun, steps, its_words in (
        ("host", [one.action for one in made.hosts], words),
        ("mount", [one.action for one in made.mounts], {}),
    ):
        parts += [
            f"{count(steps.count(action), noun)} to {its_words.get(action, action)}"
            for action in Action
            if action is not Action.KEEP and action in steps
        ]
    parts += [f"{one.name} to start" for one in made.shared if one.state != "running"]
    if not parts:
        return "Nothing to do: everything is as px.yaml says."
    return f"{', '.join(parts)}."


def as_data(made: Plan) -> dict[str, Any]:
    """Return a plan as plain data."""
    return {
        "version": 1,
        "cluster": made.config.cluster,
        "provider": made.config.provider,
        "changes": made.changes,
        "hosts": [{"name": one.name, "action": one.action, "reason": one.reason} for one in made.hosts],
        "mounts": [
            {
                "path": one.path,
                "source": one.source,
                "client": one.client,
                "action": one.action,
                "emulated": one.emulated,
            }
            for one in made.mounts
        ],
        "shared": [{"name": one.name, "state": one.state} for one in made.shared],
    }
