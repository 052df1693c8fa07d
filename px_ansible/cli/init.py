"""`px-ansible init`: a px.yaml to begin with."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from px_ansible.cli import known
from px_ansible.cli.options import FILE
from px_ansible.errors import UsageError

if TYPE_CHECKING:
    from px_ansible.starter import Answers

STDOUT = "-"


@click.command()
@click.option(
    "-f",
    "--file",
    envvar="PX_FILE",
    metavar="FILE",
    default=FILE,
    shell_complete=known.files,
    help="Where to write; '-' is stdout.  [env: PX_FILE; default: px.yaml]",
)
@click.option(
    "--source",
    "sources",
    envvar="PX_SOURCE",
    metavar="URL",
    multiple=True,
    help="A bucket: gs://BUCKET, s3://BUCKET, ...; may be given several times.  [env: PX_SOURCE]",
)
@click.option(
    "--path",
    "paths",
    envvar="PX_PATH",
    metavar="PATH",
    multiple=True,
    help="Where the first bucket is mounted, then the second; default: /BUCKET.  [env: PX_PATH]",
)
@click.option(
    "--store",
    envvar="PX_STORE",
    metavar="NAME",
    help="The kind of store, where the source does not say it.  [env: PX_STORE]",
)
@click.option(
    "--region",
    envvar="PX_REGION",
    metavar="NAME",
    help="The region of the buckets, where it matters.  [env: PX_REGION]",
)
@click.option(
    "--provider",
    envvar="PX_PROVIDER",
    metavar="NAME",
    shell_complete=known.providers,
    help="Where the hosts are; default: the cloud of the buckets.  [env: PX_PROVIDER]",
)
@click.option(
    "--name", envvar="PX_NAME", metavar="NAME", help="The cluster's name; default: the folder's.  [env: PX_NAME]"
)
@click.option("--nodes", envvar="PX_NODES", metavar="NUMBER", help="How many hosts.  [env: PX_NODES; default: 2]")
@click.option("--cpus", envvar="PX_CPUS", metavar="NUMBER", help="CPUs per host.  [env: PX_CPUS; default: 4]")
@click.option(
    "--host",
    "hosts",
    envvar="PX_HOST",
    metavar="ADDRESS",
    multiple=True,
    help="A host that is there already (provider static); may be given several times.  [env: PX_HOST]",
)
@click.option(
    "--yes", is_flag=True, envvar="PX_YES", help="Do not ask: what no option says has its default.  [env: PX_YES]"
)
@click.option("--force", is_flag=True, envvar="PX_FORCE", help="Overwrite FILE.  [env: PX_FORCE]")
def init(
    file: str,
    sources: tuple[str, ...],
    paths: tuple[str, ...],
    store: str | None,
    region: str | None,
    provider: str | None,
    name: str | None,
    nodes: str | None,
    cpus: str | None,
    hosts: tuple[str, ...],
    yes: bool,
    force: bool,
) -> None:
    """Write a px.yaml to begin with, with what may be said besides as comments.

    On a terminal it asks for what no option says.

    \b
    Example:
      px-ansible init
      px-ansible init --source gs://px-gcs-bucket --nodes 2 --cpus 4
    """  # noqa: D301
    from px_ansible import starter  # noqa: PLC0415 - 0.1 s

    to = Path(file)
    _refuse(to, force=force)
    if hosts:
        provider = _of_hosts(provider)
    if len(paths) > max(len(sources), 1):
        raise UsageError("there are more --path than --source", hint="give each bucket its --source")
    buckets = [
        starter.Bucket(source, paths[number] if number < len(paths) else None, store, region)
        for number, source in enumerate(sources)
    ]
    if not buckets:
        example = starter.bucket_for(provider)
        path = paths[0] if paths else None
        buckets = [replace(example, path=path, store=store or example.store, region=region or example.region)]
    answers = starter.Answers(
        buckets=buckets,
        provider=provider,
        name=name,
        nodes=starter.NODES if nodes is None else _number(nodes),
        cpus=starter.CPUS if cpus is None else _number(cpus),
        hosts=hosts,
    )
    if not yes and sys.stdin.isatty():
        from px_ansible.cli.questions import Questions  # noqa: PLC0415

        told = {"provider": provider, "source": sources, "nodes": nodes, "cpus": cpus}
        answers = Questions(answers, _named(to), {key for key, value in told.items() if value}).ask()
    _write(to, starter.text_of(answers, _named(to)))
    _say_what_next(to, answers)


def _of_hosts(provider: str | None) -> str:
    """Return the provider of hosts that are there already."""
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    existing = next(name for name, row in PROVIDERS.items() if row.existing)
    if provider not in (None, existing):
        raise UsageError(f"--host is for provider {existing}, and not for {provider}", hint="take one of them out")
    return existing


def _number(text: str) -> object:
    """Return a number as one; what is none stays as it is, for the rules of px.yaml to say so."""
    return int(text) if text.isdecimal() else text


def _named(to: Path) -> Path:
    return Path(FILE) if str(to) == STDOUT else to


def _refuse(to: Path, *, force: bool) -> None:
    """Refuse to overwrite a file before anything is asked."""
    if str(to) != STDOUT and to.exists() and not force:
        raise UsageError(
            f"{to} is there already", hint="add --force to overwrite it, or name another file: -f OTHER.yaml"
        )


def _write(to: Path, text: str) -> None:
    if str(to) == STDOUT:
        click.echo(text, nl=False)
        return
    new = to.with_name(f".{to.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(to)
    except OSError as error:
        raise UsageError(
            f"{to} cannot be written: {error.strerror}", hint="name another place: -f FOLDER/px.yaml"
        ) from None


def _say_what_next(to: Path, answers: Answers) -> None:
    if str(to) == STDOUT:
        return
    named = "" if to == Path(FILE) else f" -f {to}"
    click.echo(f"Wrote {to}. What is next:")
    click.echo(f"  px-ansible doctor{named}  # what is missing here?")
    click.echo(f"  px-ansible provision{named}" + ("" if answers.provider else "  # --provider local tries it here"))
