"""`px-ansible schema`: the JSON Schema of px.yaml, for editors and other programs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from px_ansible.cli import known
from px_ansible.errors import UsageError


@click.command()
@click.option(
    "-w",
    "--write",
    "file",
    envvar="PX_WRITE",
    metavar="FILE",
    shell_complete=known.files,
    help="Write it to FILE and print nothing.  [env: PX_WRITE]",
)
def schema(file: str | None) -> None:
    """Print the JSON Schema (2020-12) of px.yaml: one document, without references to others.

    An editor with a YAML language server completes and checks px.yaml by it where the first line of px.yaml is
    `# yaml-language-server: $schema=px.schema.json`.

    \b
    Example:
      px-ansible schema
      px-ansible schema --write px.schema.json
    """  # noqa: D301
    from px_ansible.schema import bundled  # noqa: PLC0415

    text = json.dumps(bundled(), indent=2, ensure_ascii=False) + "\n"
    if file is None or file == "-":
        click.echo(text, nl=False)
        return
    _write(Path(file), text)


def _write(file: Path, text: str) -> None:
    """Write the schema where there is nothing, or an older one: a px.yaml by its side is easily meant."""
    try:
        if file.exists() and not _is_schema(file):
            raise UsageError(
                f"{file} is there already, and is no JSON Schema",
                hint="name another file: px-ansible schema --write px.schema.json",
            )
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", hint="px-ansible schema > FILE") from None


def _is_schema(file: Path) -> bool:
    try:
        return "$schema" in json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, TypeError):
        return False
