"""A px.yaml -> Config: reads, checks everything, and fills the defaults."""

from __future__ import annotations

import math
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible import files, schema
from px_ansible.config import (
    broken,
    clients,
    clouds,
    cluster,
    credentials,
    machines,
    mounts,
    ranges,
    shape,
    values,
    words,
)
from px_ansible.config.model import Config, Ssh
from px_ansible.errors import ConfigError, Issue
from px_ansible.machine_types import price_list
from px_ansible.providers import PROVIDERS
from px_ansible.source import read
from px_ansible.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from px_ansible.machine_types import PriceList
    from px_ansible.providers import Provider
    from px_ansible.source import Source

# More than anyone works through before checking again; a file of junk has thousands.
_MOST_ISSUES = 100
# Folders looked at for the hint to a file: the user may have named '/'.
_MOST_FOLDERS = 2


def load(file: Path, *, provider: str | None = None) -> Config:
    """Read a px.yaml.

    Args:
        file: where it is.
        provider: the provider of the command line, which wins over the file's.

    Raises:
        ConfigError: with every problem of the file, in file order.
    """
    name = shown_name(file)
    try:
        with file.open("rb") as stream:
            # One byte more than allowed is enough to know, and a device or a pipe may have no end.
            raw = stream.read(MAX_BYTES + 1) if not file.is_file() else stream.read()
    except OSError as error:
        raise ConfigError([_unreadable(name, error)]) from None
    return parse(raw, file=file, name=name, provider=provider)


def parse(raw: bytes, *, file: Path, name: str, provider: str | None = None) -> Config:
    """Read the bytes of a px.yaml: as `load`, with `name` for messages.

    Raises:
        ConfigError: with every problem of the file, in file order.
    """
    try:
        source = read(raw, name=name)
    except ConfigError as error:
        issues = _in_file_order(*broken.issues_of(raw, error.issues[0]))
        raise ConfigError(issues, lines=credentials.shown_lines(error.lines)) from None
    block = source.data.get("cluster")
    misspelt = clients.misspelt(block, "provider", of="cluster")
    places = {} if misspelt else mounts.clouds_of(source)
    choice = cluster.provider_of(block, provider, places, misspelt=misspelt)
    shape_issues = shape.issues_of(source, mounts.as_addressed(source))
    row, own = PROVIDERS.get(choice.name), cluster.provider_row(choice.own)
    rules = [
        *values.number_issues(source, shape_issues),
        *cluster.issues_of(source, block, choice, places),
        *_cloud_issues(source, block, own),
        *mounts.issues_of(source, row.emulators if row else (), own.name if own and own.cloud else None),
    ]
    issues = _in_file_order(source.issues, rules, shape_issues)
    if not issues and row:
        fields, notes = _fields(source, row, choice)
        prices = price_list(row.name)
        config = _config(source, row, file, fields, notes, prices)
        too_small = machines.issues_of(source, fields, config.machine, prices)
        issues = [*too_small, *mounts.build_issues(source, row.arch(config))]
    if issues or row is None:
        raise ConfigError(issues, lines=credentials.shown_lines(source.lines, source))
    return config


def _cloud_issues(source: Source, block: Any, own: Provider | None) -> Iterator[Issue]:
    block = block if isinstance(block, dict) else {}
    yield from ranges.issues_of(source, block)
    if own:
        yield from clouds.issues_of(source, block, own)


def _fields(source: Source, row: Provider, choice: cluster.Choice) -> tuple[dict[str, Any], list[str]]:
    """Return what `cluster` comes to with its defaults, and notes on what of it was written for another provider."""
    fields, notes = deepcopy(source.data["cluster"]), []
    for at, reason in clouds.left_aside(fields, row, choice.own).items() if choice.overridden else ():
        inside = fields
        for part in at[:-1]:
            inside = inside[part]
        value = inside.pop(at[-1])
        name = ".".join(map(str, at))
        shown = words.line(name, value) if isinstance(value, str | int | float) else name
        notes.append(f"'{shown}' is left aside: {reason}")
    return {**schema.defaults("cluster"), **fields}, notes


def _config(
    source: Source, row: Provider, file: Path, fields: dict[str, Any], notes: list[str], prices: PriceList | None
) -> Config:
    memory, disk = fields.get("memory_per_node"), fields.get("disk_size")
    settings = {**schema.defaults(f"provider-{row.name}"), **fields.get(row.name, {})}
    name = fields.get("name") or cluster.default_name(file)
    hosts = row.existing.names(settings) if row.existing else _numbered(name, int(fields["nodes"]))
    folder = file.absolute().parent
    machine = machines.choice_of(fields, prices)
    region, origin = clouds.named_region(fields, row.cloud, settings.get("zones")) if row.cloud else None, None
    if row.cloud and region is None:
        region, origin = clouds.default_region(row.cloud)
    notes = [
        *notes,
        *(clouds.notes_of(region, origin, row.cloud) if row.cloud and region else ()),
        *machines.notes_of(machine, prices),
    ]
    ssh = fields["ssh"]
    return Config(
        file=file,
        cluster=name,
        provider=row.name,
        hosts=tuple(hosts),
        cpus_per_node=int(fields["cpus_per_node"]),
        memory_per_node=None if memory is None else values.size_mib(memory),
        image=fields.get("image"),
        mounts=mounts.mounts_of(source, folder),
        settings=settings,
        region=region,
        region_from=origin,
        zone=str(fields["zone"]) if "zone" in fields else None,
        machine=machine,
        disk_size_gib=None if disk is None else math.ceil((values.size_mib(disk) or 0) / 1024),
        spot=fields["spot"],
        labels=dict(fields["labels"]),
        ssh=Ssh(
            user=ssh.get("user"),
            key=files.named(folder, ssh["key"]) if "key" in ssh else None,
            allow=ranges.normal(ssh.get("allow", ())),
        ),
        notes=tuple(notes),
    )


def _numbered(cluster_name: str, nodes: int) -> list[str]:
    """Return the names of hosts that are made for the cluster."""
    return [f"{cluster_name}-{number}" for number in range(1, nodes + 1)]


def _in_file_order(*layers: Sequence[Issue]) -> list[Issue]:
    """Return all issues sorted, less those at a place that an earlier layer has explained better."""
    kept: dict[Issue, None] = {}
    for layer in layers:
        explained = {(issue.line, issue.column) for issue in kept}
        kept |= dict.fromkeys(
            issue
            for issue in _without_echoes(layer)
            if issue.rule == "missing-key" or (issue.line, issue.column) not in explained
        )
    ordered = sorted(kept, key=lambda issue: (issue.line, issue.column, issue.message))
    if len(ordered) > _MOST_ISSUES:
        rest = ordered[_MOST_ISSUES]
        message = "more problems follow from here on"
        hint = f"{len(ordered) - _MOST_ISSUES:,} of them: settle those above, then check again"
        return [*ordered[:_MOST_ISSUES], replace(rest, message=message, hint=hint, rule="more")]
    return ordered


def _without_echoes(issues: Sequence[Issue]) -> list[Issue]:
    """Drop 'has no source' where an unknown key was meant to be it: one mistake, one issue."""
    hints = [issue.hint or "" for issue in issues if issue.rule == "unknown-key"]
    return [
        issue
        for issue in issues
        if issue.rule != "missing-key"
        or not any(f"did you mean {issue.message.rsplit(' has no ', 1)[-1]}?" == hint for hint in hints)
    ]


def shown_name(file: Path) -> str:
    """Return a file as the user would name it: from the current folder where it is below that."""
    try:
        return str(file.relative_to(Path.cwd())) if file.is_absolute() else str(file)
    except ValueError:
        return str(file)


def _unreadable(name: str, error: OSError) -> Issue:
    if isinstance(error, FileNotFoundError):
        return Issue(
            name,
            0,
            0,
            "there is no such file",
            "name the px.yaml, or go to the folder that it is in",
            rule="no-file",
        )
    if isinstance(error, IsADirectoryError):
        return Issue(name, 0, 0, "this is a folder", _file_in(name), rule="no-file")
    hint = "see who may read it: ls -l" if isinstance(error, PermissionError) else None
    return Issue(name, 0, 0, f"the file cannot be read: {error.strerror}", hint, rule="no-file")


def _file_in(folder: str) -> str:
    """Return the hint to the px.yaml that is in a folder, or in the folders of it."""
    here = Path(folder)
    if (here / files.PX_YAML).is_file():
        return f"name the file in it: {here / files.PX_YAML}"
    below = sorted(islice(here.glob(f"*/{files.PX_YAML}"), _MOST_FOLDERS))
    if len(below) > 1:
        return f"name the files in it: {here}/*/{files.PX_YAML}"
    return f"name the file in it: {below[0]}" if below else f"there is no {files.PX_YAML} in it: name another file"
