"""What every command has: an example, options with a working environment variable, a place on the page of commands."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from px_ansible.cli import COMMANDS, cli

TOP = Path(__file__).parents[2]


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


OPTIONS = [
    (name, option.name)
    for name in COMMANDS
    for option in command(name).params
    if isinstance(option, click.Option) and option.name != "help"
]


def help_of(name: str) -> str:
    with click.Context(command(name), info_name=f"px-ansible {name}") as context:
        return command(name).get_help(context)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_has_an_example_of_the_command(name):
    _, found, examples = help_of(name).partition("Example:")
    assert found
    assert f"px-ansible {name}" in examples.partition("Options:")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_is_in_one_line(name):
    assert COMMANDS[name].endswith(".")
    assert len(COMMANDS[name]) <= 70


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_an_option_names_its_environment_variable_and_takes_its_value(name, option, monkeypatch):
    found = next(one for one in command(name).params if one.name == option)
    assert isinstance(found.envvar, str)
    assert found.envvar.startswith("PX_")
    assert f"[env: {found.envvar}" in found.help
    text, value = _a_value(found)
    monkeypatch.setenv(found.envvar, text)
    context = command(name).make_context(name, [], resilient_parsing=True)
    assert context.get_parameter_source(option) is click.core.ParameterSource.ENVIRONMENT
    taken = context.params if found.expose_value else {option: found.consume_value(context, {})[0]}
    assert taken[option] == value


def _a_value(option: click.Option) -> tuple[str, object]:
    """Return a text for the variable, which is not the default, and what it means."""
    if option.count:
        return "2", 2
    if option.is_flag:
        return "1", True
    if isinstance(option.type, click.Choice):
        other = next(choice for choice in option.type.choices if choice != option.default)
        return str(other), other
    if option.type.name in ("integer", "integer range"):
        return "7", 7
    if option.type.name in ("float", "float range"):
        return "7.5", 7.5
    return ("one two", ("one", "two")) if option.multiple else ("one", "one")


def test_the_page_of_commands_has_them_all_in_order():
    page = (TOP / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")] == list(COMMANDS)
