"""Errors of the command line in one form: what is wrong, and what was probably meant."""

from __future__ import annotations

from ast import literal_eval
from typing import TYPE_CHECKING

import click

from px_ansible.config.words import meant

if TYPE_CHECKING:
    from collections.abc import Iterable

# What other tools call these commands.
_ALSO_CALLED = {
    "apply": "provision",
    "check": "validate",
    "create": "provision",
    "delete": "destroy",
    "deploy": "provision",
    "down": "destroy",
    "help": "--help",
    "launch": "provision",
    "lint": "validate",
    "ls": "list",
    "preview": "plan",
    "umount": "unmount",
    "up": "provision",
}


def with_suggestion(error: click.UsageError) -> click.UsageError:
    """Return an error of click's, ending in `Did you mean 'NAME'?` or in the names that there are."""
    if isinstance(error, click.NoSuchOption):
        message = f"No such option {error.option_name!r}.{_options_hint(error)}"
    elif isinstance(error, click.MissingParameter) and error.param and isinstance(error.param.type, click.Choice):
        message = f"Missing {_name(error.param)}. There are: {', '.join(map(str, error.param.type.choices))}."
    elif isinstance(error, click.BadParameter) and error.param and isinstance(error.param.type, click.Choice):
        wrong = _wrong_choice(error, error.param, [str(choice) for choice in error.param.type.choices])
        if wrong is None:
            return error
        message = wrong
    else:
        return error
    return click.UsageError(message, error.ctx)


def unknown_command(name: str, commands: Iterable[str]) -> str:
    """Return what is said about a command that does not exist."""
    close = _ALSO_CALLED.get(name)
    return f"No such command {name!r}.{f' Did you mean {close!r}?' if close else _hint(name, list(commands))}"


def _options_hint(error: click.NoSuchOption) -> str:
    if error.ctx and isinstance(error.ctx.command, click.Group):
        return " Options stand behind the command: px-ansible COMMAND [OPTIONS]."
    if not error.option_name.startswith("--"):
        return ""  # a letter looks like every other letter
    params = error.ctx.command.get_params(error.ctx) if error.ctx else ()
    names = [name for param in params for name in (*param.opts, *param.secondary_opts) if name.startswith("--")]
    return f" Did you mean {close!r}?" if (close := _close(error.option_name, names)) else ""


def _wrong_choice(error: click.BadParameter, param: click.Parameter, choices: list[str]) -> str | None:
    # The value is in the message only: 'jsn' is not one of 'text', 'json'.
    try:
        value = str(literal_eval(error.message.partition(" is not ")[0]))
    except (ValueError, SyntaxError):
        return None
    return f"{value!r} is not a value of {_name(param)}.{_hint(value, choices)}"


def _name(param: click.Parameter) -> str:
    return (param.name or "").upper() if isinstance(param, click.Argument) else max(param.opts, key=len)


def _hint(name: str, names: list[str]) -> str:
    close = _close(name, names)
    return f" Did you mean {close!r}?" if close else f" There are: {', '.join(names)}."


def _close(name: str, names: list[str]) -> str | None:
    longer = [one for one in names if one.startswith(name)]
    return longer[0] if len(longer) == 1 else meant(name, names)
