"""A px.yaml -> Config: reads, checks everything, and fills the defaults."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible import schema
from px_ansible.config import addresses, broken, cluster, credentials, mounts, shape, values
from px_ansible.config.model import Config
from px_ansible.errors import ConfigError, Issue
from px_ansible.providers import PROVIDERS
from px_ansible.source import read
from px_ansible.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.source import Source

# More than anyone works through before checking again; a file of junk has thousands.
_MOST_ISSUES = 100
_FILE = "px.yaml"
# Folders looked at for the hint to a file: the user may have named '/'.
_MOST_FOLDERS = 2


def load(file: Path, *, provider: str | None = None, provider_must_exist: bool = True) -> Config:
    """Read a px.yaml.

    Args:
        file: where it is.
        provider: the provider of the command line, which wins over the file's.
        provider_must_exist: False accepts a file that names no provider and whose stores mean one that this
            version does not have: the file is right all the same.

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
    return parse(raw, file=file, name=name, provider=provider, provider_must_exist=provider_must_exist)


def parse(
    raw: bytes, *, file: Path, name: str, provider: str | None = None, provider_must_exist: bool = True
) -> Config:
    """Read the bytes of a px.yaml: as `load`, with `name` for messages.

    Raises:
        ConfigError: with every problem of the file, in file order.
    """
    try:
        source = read(raw, name=name)
    except ConfigError as error:
        issues = _in_file_order(*broken.issues_of(raw, error.issues[0]))
        raise ConfigError(issues, lines=credentials.shown_lines(error.lines)) from None
    clouds = {
        store.provider
        for place in mounts.find(source)
        if (store := addresses.store_of(mounts.fields_of(source, place)))
    }
    block = source.data.get("cluster")
    choice = cluster.provider_of(block, provider, clouds)
    shape_issues = shape.issues_of(source, mounts.as_addressed(source))
    provider_row = PROVIDERS.get(choice.name)
    rules = [
        *values.number_issues(source, shape_issues),
        *cluster.issues_of(source, block, choice, must_exist=provider_must_exist),
        *mounts.issues_of(source, provider_row.emulators if provider_row else ()),
    ]
    issues = _in_file_order(source.issues, rules, shape_issues)
    if not issues:
        config = _config(source, choice.name, file)
        issues = list(mounts.build_issues(source, provider_row.arch(config))) if provider_row else []
    if issues:
        raise ConfigError(issues, lines=credentials.shown_lines(source.lines, source))
    return config


def _config(source: Source, provider: str, file: Path) -> Config:
    fields = {**schema.defaults("cluster"), **source.data["cluster"]}
    memory = fields.get("memory_per_node")
    block = f"provider-{provider}"
    known = schema.defaults(block) if block in schema.bundled()["$defs"] else {}
    settings = {**known, **fields.get(provider, {})}
    name = fields.get("name") or cluster.default_name(file)
    row = PROVIDERS.get(provider)
    hosts = row.existing.names(settings) if row and row.existing else _numbered(name, int(fields["nodes"]))
    return Config(
        file=file,
        cluster=name,
        provider=provider,
        hosts=tuple(hosts),
        cpus_per_node=int(fields["cpus_per_node"]),
        memory_per_node=None if memory is None else values.size_mib(memory),
        image=fields.get("image"),
        mounts=mounts.mounts_of(source, file.absolute().parent),
        settings=settings,
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
    if (here / _FILE).is_file():
        return f"name the file in it: {here / _FILE}"
    below = sorted(islice(here.glob(f"*/{_FILE}"), _MOST_FOLDERS))
    if len(below) > 1:
        return f"name the files in it: {here}/*/{_FILE}"
    return f"name the file in it: {below[0]}" if below else f"there is no {_FILE} in it: name another file"
