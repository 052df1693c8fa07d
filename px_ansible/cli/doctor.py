"""`px-ansible doctor`: what a run needs of this computer, and what of it is not there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from px_ansible.cli.options import file_option, find_file, output_option, provider_option
from px_ansible.errors import ConfigError, PrerequisiteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.checks import Check

_COLORS = {"ok": "green", "missing": "red", "warning": "yellow"}
_STATE_WIDTH, _NAME_WIDTH = 8, 18


@click.command()
@file_option
@provider_option
@output_option
def doctor(file: str | None, provider: str | None, output: str) -> int:
    """Check that this computer has what a run needs, and say what to type where not. Asks no cloud, changes nothing.

    What is needed depends on the provider: that of --provider, or else of the px.yaml here. It ends with 0 where
    all that is needed is there, and with 4 where something is missing.

    \b
    Example:
      px-ansible doctor
      px-ansible doctor --provider local
    """  # noqa: D301
    from px_ansible.checks.survey import survey  # noqa: PLC0415 - 0.1 s, for no other command

    own, chosen = _of_file(file, provider)
    checks = [*own, *survey(chosen)]
    missing = [check for check in checks if check.needed and check.state == "missing"]
    if output == "json":
        from px_ansible.cli.tables import print_json  # noqa: PLC0415

        print_json(
            {"version": 1, "provider": chosen, "ready": not missing, "checks": [_as_data(one) for one in checks]}
        )
    else:
        _show(checks, chosen)
    return PrerequisiteError.exit_code if missing else 0


def _of_file(file: str | None, provider: str | None) -> tuple[list[Check], str | None]:
    """Return the checks of the px.yaml, where there is one, and the provider in question."""
    from px_ansible.checks import project  # noqa: PLC0415
    from px_ansible.checks.survey import NAMES  # noqa: PLC0415
    from px_ansible.config import load, shown_name  # noqa: PLC0415
    from px_ansible.config.words import meant  # noqa: PLC0415

    if provider is not None and provider not in NAMES:
        close = meant(provider, NAMES)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(NAMES)}"
        raise UsageError(f"there is no provider {provider!r}", hint=hint)
    try:
        path = find_file(file)
    except UsageError:
        return [], provider
    try:
        config = load(path, provider=provider)
    except ConfigError as error:
        # A provider that this version does not have is the business of its own check.
        if all(issue.rule == "unknown-provider" for issue in error.issues):
            return [], provider
        return [project.invalid(error, shown_name(path))], provider
    return list(project.checks(config)), config.provider


def _show(checks: Sequence[Check], provider: str | None) -> None:
    from px_ansible.cli.tables import count  # noqa: PLC0415
    from px_ansible.cli.terminal import has_color  # noqa: PLC0415

    color = has_color(sys.stdout)
    subject = ""
    for check in checks:
        if check.subject != subject:
            click.echo(f"{'' if not subject else chr(10)}{_head(check, color)}")
            subject = check.subject
        for line in _lines(check, color):
            click.echo(line, color=color)
    needed = [check for check in checks if check.needed]
    missing = [check for check in needed if check.state == "missing"]
    warnings = sum(check.state == "warning" for check in needed)
    whose = f"provider {provider}" if provider else "every provider"
    noun = "warning"
    click.echo()
    if missing:
        names = ", ".join(check.name for check in missing)
        click.echo(f"Not ready for {whose}: {names} {'is' if len(missing) == 1 else 'are'} missing.")
    else:
        click.echo(f"All that {whose} needs is here{f'; {count(warnings, noun)}' if warnings else ''}.")
    if provider is None:
        click.echo("Name a provider for what it needs besides: px-ansible doctor --provider NAME")


def _head(check: Check, color: bool) -> str:
    text = check.subject + ("" if check.needed else " (not needed now)")
    return click.style(text, bold=True) if color else text


def _lines(check: Check, color: bool) -> list[str]:
    """Return the lines of a check; those of what is not needed are pale."""
    state = f"{check.state:{_STATE_WIDTH}}"
    text = f"{check.name:{_NAME_WIDTH}} {check.found}".rstrip()
    if not color:
        state_shown = state
    else:
        state_shown = click.style(state, fg=_COLORS[check.state], dim=not check.needed)
        text = click.style(text, dim=True) if not check.needed else text
    lines = [f"  {state_shown} {text}"]
    if check.hint and check.state != "ok":
        lines.append(f"  {'':{_STATE_WIDTH}} {'':{_NAME_WIDTH}} Try: {check.hint}")
    return lines


def _as_data(check: Check) -> dict[str, object]:
    return {
        "subject": check.subject,
        "name": check.name,
        "state": check.state,
        "found": check.found,
        "hint": check.hint,
        "needed": check.needed,
    }
