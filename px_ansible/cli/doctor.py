"""`px-ansible doctor`: what a run needs of this computer, and what of it is not there."""

from __future__ import annotations

import sys
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from px_ansible.cli import options
from px_ansible.cli.options import file_option, load_config, output_option, provider_option
from px_ansible.cli.terminal import has_color, wrapped
from px_ansible.errors import ConfigError, PrerequisiteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.checks import Check
    from px_ansible.config import Config

_COLORS = {"ok": "green", "missing": "red", "warning": "yellow"}
_STATE_WIDTH, _NAME_WIDTH = 8, 18


@click.command()
@file_option
@provider_option
@click.option(
    "--offline",
    is_flag=True,
    envvar="PX_OFFLINE",
    help="Look at this computer alone, and ask no cloud.  [env: PX_OFFLINE]",
)
@output_option
def doctor(file: str | None, provider: str | None, offline: bool, output: str) -> int:
    """Check that this computer has what a run needs, and say what to type where not. Changes nothing.

    What is needed depends on the provider: that of --provider, or else of the px.yaml here. Where nothing is missing
    on this computer, a cloud is asked too whether it can make what px.yaml says. It ends with 0 where all that is
    needed is there, and with 4 where something is missing.

    \b
    Example:
      px-ansible doctor
      px-ansible doctor --provider local
    """  # noqa: D301
    from px_ansible.checks.survey import survey  # noqa: PLC0415 - 0.1 s, for no other command
    from px_ansible.clients import CLIENTS  # noqa: PLC0415

    own, chosen, config = _of_file(file, provider)
    used = {mount.client for mount in config.mounts} if config else set(CLIENTS)
    checks = [*own, *survey(chosen, used)]
    if config and not offline and not any(check.needed and check.state == "missing" for check in checks):
        checks = _with_the_provider(checks, config)
    missing = [check for check in checks if check.needed and check.state == "missing"]
    if output == "json":
        from px_ansible.cli.tables import print_json  # noqa: PLC0415

        print_json({"version": 1, "provider": chosen, "ready": not missing, "checks": [asdict(one) for one in checks]})
    else:
        _show(checks, chosen)
    return PrerequisiteError.exit_code if missing else 0


def _with_the_provider(checks: list[Check], config: Config) -> list[Check]:
    """Return the checks with what the provider itself says behind those of its subject, where it has a say."""
    from px_ansible import preflight  # noqa: PLC0415
    from px_ansible.cli.progress import Progress  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    if not PROVIDERS[config.provider].checks:
        return checks
    with Progress(verbosity=0, passing=True) as watch:
        said = preflight.look(config, watch)
    needed = sum(check.needed for check in checks)  # the provider's own are the last of them
    return [*checks[:needed], *said, *checks[needed:]]


def _of_file(file: str | None, provider: str | None) -> tuple[list[Check], str | None, Config | None]:
    """Return the checks of the px.yaml, where there is one, the provider in question, and what px.yaml says."""
    from px_ansible.checks import project  # noqa: PLC0415
    from px_ansible.checks.survey import NAMES  # noqa: PLC0415
    from px_ansible.config import words  # noqa: PLC0415

    if provider is not None and provider not in NAMES:
        hint = words.hint(provider, NAMES, otherwise=f"there are: {', '.join(NAMES)}")
        raise UsageError(f"there is no provider {provider!r}", hint=hint)
    try:
        config = load_config(file, provider)
    except UsageError:
        if file or click.get_current_context().meta.get(options.__name__):
            raise  # a file or a cluster was named
        return [], provider, None
    except ConfigError as error:
        # A provider that this version does not have is the business of its own check.
        if provider and all(issue.rule == "unknown-provider" for issue in error.issues):
            return [], provider, None
        return [project.invalid(error, error.issues[0].file)], provider, None
    return list(project.checks(config)), config.provider, config


def _show(checks: Sequence[Check], provider: str | None) -> None:
    needed = [check for check in checks if check.needed]
    for subject, of_it in groupby(needed, lambda check: check.subject):
        _echo(click.style(subject, bold=True))
        for check in of_it:
            _show_one(check)
        click.echo()
    _show_others([check for check in checks if not check.needed])
    missing = [check.name for check in needed if check.state == "missing"]
    whose = f"provider {provider}" if provider else "every provider"
    if missing:
        says = f"Not ready for {whose}. Missing: {', '.join(missing)}."
    else:
        warnings = sum(check.state == "warning" for check in needed)
        behind = f"; {warnings} warning{'' if warnings == 1 else 's'}" if warnings else ""
        says = f"All that {whose} needs is here{behind}."
    _echo(wrapped(says, sys.stdout, indent=0))
    if provider is None:
        _echo(wrapped("What one provider needs besides: px-ansible doctor --provider NAME", sys.stdout, indent=0))


def _show_one(check: Check) -> None:
    """Show the name and what was found in columns, or below each other where there is no room for that."""
    left = f"  {check.state:{_STATE_WIDTH}} {check.name:{_NAME_WIDTH}} "
    found = wrapped(check.found, sys.stdout, indent=len(left)).strip()
    _echo(left.replace(check.state, click.style(check.state, fg=_COLORS[check.state]), 1) + found)
    if check.hint and check.state != "ok":
        _echo(wrapped(f"Try: {check.hint}", sys.stdout, indent=len(left)))


def _show_others(checks: Sequence[Check]) -> None:
    """Show in a line each what the other providers would lack."""
    _echo(click.style("not needed now", bold=True))
    for subject, of_it in groupby(checks, lambda check: check.subject):
        missing = [check.name for check in of_it if check.state == "missing"]
        says = f"would miss: {', '.join(missing)}" if missing else "all there"
        left = f"  {subject.removeprefix('provider '):{_STATE_WIDTH + _NAME_WIDTH + 1}} "
        _echo(click.style(left + wrapped(says, sys.stdout, indent=len(left)).strip(), dim=True))
    click.echo()


def _echo(text: str) -> None:
    click.echo(text, color=has_color(sys.stdout))
