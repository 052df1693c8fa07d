"""The options that several commands share; each has an environment variable, and its help names it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from px_ansible import files
from px_ansible.cli import known
from px_ansible.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from px_ansible.cluster import Cluster
    from px_ansible.clusters import Known
    from px_ansible.config import Config
    from px_ansible.state import ClusterState

FILE = files.PX_YAML


def file_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --file, and --cluster beside it: the two ways to say which cluster is meant.

    The command gets `file` alone; `open_cluster` and its like know of the other one.
    """
    file = click.option(
        "-f",
        "--file",
        "file",
        envvar="PX_FILE",
        metavar="FILE",
        shell_complete=known.files,
        help="The px.yaml; default: the one here or in a folder above.  [env: PX_FILE]",
    )
    cluster = click.option(
        "-c",
        "--cluster",
        "cluster",
        envvar="PX_CLUSTER",
        metavar="NAME",
        expose_value=False,
        callback=_note_cluster,
        shell_complete=known.clusters,
        help="A cluster that `list` shows, from any folder: NAME or PROVIDER/NAME.  [env: PX_CLUSTER]",
    )
    return file(cluster(command))


def _note_cluster(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    context.meta[__name__] = value


provider_option = click.option(
    "--provider",
    envvar="PX_PROVIDER",
    metavar="NAME",
    shell_complete=known.providers,
    help="Where the hosts are, whatever px.yaml says, such as local.  [env: PX_PROVIDER]",
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
    if found := files.nearest():
        return found
    hint = f"px-ansible init (writes one), or name it: -f FOLDER/{FILE}"
    if __name__ in click.get_current_context().meta and known.any_cluster():
        hint += "; or one of your clusters (px-ansible list): -c NAME"
    raise UsageError(f"there is no {FILE} in {Path.cwd()} or in a folder above it", hint=hint)


def load_config(file: str | None, provider: str | None, *, copy: bool = False) -> Config:
    """Return the config of the px.yaml that a command was told to use.

    `copy` is for a command that does with the px.yaml of the last provision where the project is gone; then a line on
    stderr says so.
    """
    known = _known(file, provider, copy=copy)
    if known.note:
        click.echo(known.note, err=True)
    return known.config


def open_cluster(
    file: str | None, provider: str | None, verbosity: int, *, copy: bool = False, asks: bool = True
) -> Cluster:
    """Return the cluster that a command was told to use, `copy` as for `load_config`, `asks` as for `Cluster.open`."""
    from px_ansible.cluster import Cluster  # noqa: PLC0415

    config = load_config(file, provider, copy=copy)
    return Cluster.open(config, verbosity=of_ansible(verbosity), asks=asks)


def of_ansible(verbosity: int) -> int:
    """Return Ansible's own verbosity: the first -v is for px-ansible."""
    return max(verbosity - 1, 0)


def open_state(file: str | None, provider: str | None) -> ClusterState:
    """Return the state of the cluster that a command was told to use: all that one needs which asks no host."""
    from px_ansible import clusters, state  # noqa: PLC0415

    file, name = _said(file)
    if name and not file:
        return clusters.find(name, provider)
    config = _known(file, provider, copy=True).config
    clusters.refuse_renamed(config)
    return state.open_cluster(config.provider, config.cluster, config.file)


def _known(file: str | None, provider: str | None, *, copy: bool) -> Known:
    from px_ansible import clusters  # noqa: PLC0415 - `--help` needs none of it
    from px_ansible.config import load  # noqa: PLC0415

    file, name = _said(file)
    if name and not file:
        return clusters.config_of(clusters.find(name, provider), copy=copy)
    config = load(find_file(file), provider=provider)
    if name and name not in (config.cluster, f"{config.provider}/{config.cluster}"):
        raise UsageError(
            f"{config.file} is of the cluster {config.cluster!r}, not of {name!r}",
            hint=f"write `name: {name.rpartition('/')[2]}` under `cluster:`, or take -f or -c out",
        )
    return clusters.Known(config)


def _said(file: str | None) -> tuple[str | None, str | None]:
    """Return the px.yaml and the name that were given; what stands on the command line wins over a variable."""
    context = click.get_current_context()
    name: str | None = context.meta.get(__name__)
    here = click.core.ParameterSource.COMMANDLINE
    on_line = [context.get_parameter_source(option) is here for option in ("file", "cluster")]
    if file and name and on_line == [True, False]:
        return file, None
    if file and name and on_line == [False, True]:
        return None, name
    return file, name
