"""Runs counted from the end: `-1` on a command line is a run there, and no option."""

from __future__ import annotations

import re

import click


class WithRuns(click.Command):
    """A command that takes runs; `-2` reaches it as `last-2`, which is the same run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write the numbers so that nobody looks for an option in them."""
        return super().parse_args(ctx, [re.sub(r"^(--run=)?(-\d+)$", r"\1last\2", one) for one in args])
