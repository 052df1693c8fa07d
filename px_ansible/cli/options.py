"""The options that several commands share; each has an environment variable, and its help names it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from px_ansible.cli import known
from px_ansible.errors import UsageError

if TYPE_CHECKING:
    from px_ansible.cluster import Cluster
    from px_ansible.config import Config

FILE = "px.yaml"


file_option = click.option(
    "-f",
    "--file",
    "file",
    envvar="PX_FILE",
    metavar="FILE",
    shell_complete=known.files,
    help="The px.yaml; default: the one here or in a folder above.  [env: PX_FILE]",
)
provider_option = click.option(
    "--provider",
    envvar="PX_PROVIDER",
    metavar="NAME",
    shell_complete=known.providers,
    help="Where the hosts are, whatever px.yaml says: local, static.  [env: PX_PROVIDER]",
)
yes_option = click.option("--yes", is_flag=True, envvar="PX_YES", help="Do not ask.  [env: PX_YES]")
output_option = click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="PX_OUTPUT",
    help="What to print on stdout.  [env: PX_OUTPUT; default: text]",
)
verbose_option = click.option(
    "-v",
    "--verbose",
    "verbosity",
    count=True,
    envvar="PX_VERBOSE",
    help="Show every step; -vv tells Ansible too.  [env: PX_VERBOSE]",
)


def find_file(file: str | None = None) -> Path:
    """Return the px.yaml to use: the one given, PX_FILE's, or the nearest one here or in a folder above."""
    given = file or os.environ.get("PX_FILE")
    if given:
        return Path(given)
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise UsageError(
        f"there is no {FILE} in {here} or in a folder above it",
        hint=f"px-ansible init (writes one), or name it: -f FOLDER/{FILE}",
    )


def load_config(file: str | None, provider: str | None) -> Config:
    """Return the config of the px.yaml that a command was told to use."""
    from px_ansible.config import load  # noqa: PLC0415 - `--help` needs none of it

    return load(find_file(file), provider=provider)


def open_cluster(file: str | None, provider: str | None, verbosity: int) -> Cluster:
    """Return the cluster that a command was told to use."""
    from px_ansible.cluster import Cluster  # noqa: PLC0415

    cluster = Cluster.open(load_config(file, provider))
    cluster.verbosity = max(verbosity - 1, 0)
    return cluster
