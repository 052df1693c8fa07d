"""The question before something is made or lost."""

from __future__ import annotations

import sys

import click

from px_ansible.errors import UsageError


def ask(question: str, *, yes: bool) -> None:
    """Ask, unless `yes` was given; without a terminal nobody can answer, and a no ends the command."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this needs a yes, and there is no terminal to ask on", hint="add --yes")
    click.confirm(question, abort=True, err=True)
