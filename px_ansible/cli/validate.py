"""`px-ansible validate`: every problem of px.yaml files, without touching anything."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from px_ansible.cli.options import find_file, provider_option
from px_ansible.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.config import Config
    from px_ansible.errors import Issue

    Result = tuple[str, Config | ConfigError]


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@provider_option
@click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    envvar="PX_OUTPUT",
    help="What to print on stdout: github are the annotations of a workflow, sarif is for code scanning.  "
    "[env: PX_OUTPUT; default: text]",
)
def validate(files: tuple[str, ...], provider: str | None, output: str) -> None:
    """Check px.yaml files and show every problem, with its place and what to write instead.

    Without FILE it is the px.yaml that the other commands would use; '-' reads standard input.

    \b
    Example:
      px-ansible validate
      px-ansible validate clusters/*/px.yaml
      px-ansible validate --output sarif clusters/*/px.yaml > px.sarif
    """  # noqa: D301 - click's mark for text that keeps its lines
    names = files or (str(find_file()),)
    results = [(name, _check(name, provider)) for name in names]
    if output == "text":
        for name, result in results:
            _show(name, result)
    else:
        click.echo(_FORMS[output](results), nl=output != "github")
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
    from px_ansible.cli.terminal import has_color, terminal_width  # noqa: PLC0415
    from px_ansible.issues import render_all  # noqa: PLC0415
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    if isinstance(result, ConfigError):
        color = has_color(sys.stdout)
        click.echo(render_all(result.issues, result.lines, color, terminal_width(sys.stdout)), color=color)
        click.echo(f"{_name(name)}: {result}")
        return
    mounts = len(result.mounts)
    click.echo(f"{_name(name)}: valid, {_count(result.nodes, 'host')} and {_count(mounts, 'mount')}")
    for note in result.notes:
        click.echo(f"    note: {note}")
    if not PROVIDERS[result.provider].role:
        click.echo(f"    note: this version cannot make hosts on {result.provider!r} yet; try it with --provider local")


def _json(results: Sequence[Result]) -> str:
    from px_ansible.issue_forms import as_data  # noqa: PLC0415

    files = [
        {
            "file": _name(name),
            "valid": not isinstance(result, ConfigError),
            "issues": [as_data(issue) for issue in _issues(result)],
        }
        for name, result in results
    ]
    return json.dumps({"version": 1, "files": files}, indent=2)


def _github(results: Sequence[Result]) -> str:
    from px_ansible.issue_forms import as_annotation  # noqa: PLC0415

    return "".join(f"{as_annotation(issue)}\n" for _, result in results for issue in _issues(result))


def _sarif(results: Sequence[Result]) -> str:
    from px_ansible.sarif import sarif  # noqa: PLC0415

    return json.dumps(sarif(issue for _, result in results for issue in _issues(result)), indent=2)


_FORMS = {"json": _json, "github": _github, "sarif": _sarif}


def _issues(result: Config | ConfigError) -> Sequence[Issue]:
    return result.issues if isinstance(result, ConfigError) else ()


def _name(name: str) -> str:
    from px_ansible.config import shown_name  # noqa: PLC0415

    return "<stdin>" if name == "-" else shown_name(Path(name))


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
