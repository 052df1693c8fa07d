"""`px-ansible validate`: every problem of px.yaml files, without touching anything."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from px_ansible.cli.options import find_file, output_option, provider_option
from px_ansible.errors import ConfigError

if TYPE_CHECKING:
    from px_ansible.config import Config


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@provider_option
@output_option
def validate(files: tuple[str, ...], provider: str | None, output: str) -> None:
    """Check px.yaml files and show every problem, with its place and what to write instead.

    Without FILE it is the px.yaml that the other commands would use; '-' reads standard input.

    \b
    Example:
      px-ansible validate
      px-ansible validate --output json clusters/*/px.yaml
    """  # noqa: D301 - click's mark for text that keeps its lines
    names = files or (str(find_file()),)
    results = [(name, _check(name, provider)) for name in names]
    if output == "json":
        shown = [_as_json(name, result) for name, result in results]
        click.echo(json.dumps({"version": 1, "files": shown}, indent=2))
    else:
        for name, result in results:
            _show(name, result)
    if any(isinstance(result, ConfigError) for _, result in results):
        sys.exit(ConfigError.exit_code)


def _check(name: str, provider: str | None) -> Config | ConfigError:
    from px_ansible.config import load, parse  # noqa: PLC0415 - `--help` needs none of it

    try:
        if name != "-":
            return load(Path(name), provider=provider)
        raw = sys.stdin.buffer.read()
        file = Path("px.yaml")
        return parse(raw, file=file, name="<stdin>", provider=provider)
    except ConfigError as error:
        return error


def _show(name: str, result: Config | ConfigError) -> None:
    from px_ansible.cli.terminal import has_color  # noqa: PLC0415
    from px_ansible.issues import render_all  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    if isinstance(result, ConfigError):
        color = has_color(sys.stdout)
        click.echo(render_all(result.issues, result.lines, color), color=color)
        click.echo(f"{_name(name)}: {result}")
        return
    mounts = len(result.mounts)
    click.echo(f"{_name(name)}: valid, {_count(result.nodes, 'host')} and {_count(mounts, 'mount')}")
    for note in result.notes:
        click.echo(f"    note: {note}")
    if not PROVIDERS[result.provider].role:
        click.echo(f"    note: this version cannot make hosts on {result.provider!r} yet; try it with --provider local")


def _as_json(name: str, result: Config | ConfigError) -> dict[str, Any]:
    issues = result.issues if isinstance(result, ConfigError) else ()
    return {
        "file": _name(name),
        "valid": not isinstance(result, ConfigError),
        "issues": [
            {
                "path": issue.file,
                "line": issue.line,
                "column": issue.column,
                "message": issue.message,
                "hint": issue.hint,
                "rule": issue.rule,
            }
            for issue in issues
        ],
    }


def _name(name: str) -> str:
    from px_ansible.config import shown_name  # noqa: PLC0415

    return "<stdin>" if name == "-" else shown_name(Path(name))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
