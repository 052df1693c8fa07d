"""What is missing, one thing below the other: its name, what is wrong, and what to type."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from px_ansible.cli.terminal import wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from px_ansible.checks import Check

_WIDEST_NAME = 20


def lines(missing: Sequence[Check]) -> Iterator[str]:
    """Yield the lines for stderr: name and finding in columns, the hint below the finding."""
    width = max((len(one.name) for one in missing if len(one.name) <= _WIDEST_NAME), default=4)
    for one in missing:
        left = f"  {one.name:{width}}  "
        # A name that is wider has its line for itself.
        found = wrapped(one.found, sys.stderr, indent=width + 4)
        if len(one.name) > width:
            yield f"  {click.style(one.name, bold=True)}"
            yield found
        else:
            yield left.replace(one.name, click.style(one.name, bold=True), 1) + found.strip()
        if one.hint:
            # A command is one line, however long: it is there to be copied.
            yield f"{' ' * (width + 4)}{click.style('Try:', bold=True)} {one.hint}"
