"""Plans and reports as text on stdout: tables that fit the terminal, plain where it is none."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

# A table of a file or a pipe is as wide as its content.
UNLIMITED = 10_000


def console() -> Console:
    """Return the console for stdout."""
    from rich.console import Console  # noqa: PLC0415 - 55 ms

    from px_ansible.cli.terminal import has_color, is_able  # noqa: PLC0415

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to the one place that knows what to do; rich would end the program with 1."""
            raise BrokenPipeError

    able = is_able(sys.stdout)
    return Screen(
        file=sys.stdout,
        width=None if sys.stdout.isatty() else UNLIMITED,
        # FORCE_COLOR would make rich take a pipe for a terminal, with frames as wide as UNLIMITED.
        force_terminal=able,
        color_system=("auto" if able else "standard") if has_color(sys.stdout) else None,
        highlight=False,
        soft_wrap=False,
    )


def table(console: Console, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under heads; a column that is empty in all rows is left out."""
    from rich import box  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    used = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    shown = Table(
        box=box.SIMPLE_HEAD if console.is_terminal else None,
        # The frame's own line is a space more: two in all, framed or not.
        padding=(0, 1 if console.is_terminal else 2, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for index in used:
        shown.add_column(heads[index], overflow="fold")
    for row in rows:
        shown.add_row(*(row[index] for index in used))
    console.print(shown)


def print_json(data: Any) -> None:
    """Print data for machines."""
    sys.stdout.write(json.dumps(data, indent=2) + "\n")


def count(number: int, noun: str) -> str:
    """Return `1 host`, `2 hosts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
