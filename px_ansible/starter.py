"""A first px.yaml: what the user said, and as comments what could be said besides, taken from the schema."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from px_ansible.config import parse
from px_ansible.errors import ConfigError
from px_ansible.providers import PROVIDERS
from px_ansible.schema import bundled
from px_ansible.source import read
from px_ansible.stores import STORES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from px_ansible.errors import Issue
    from px_ansible.stores import Store

PATH = "path"
SOURCE = "gs://px-gcs-bucket"
NODES, CPUS = 2, 4
_WIDTH = 100
_HEAD = """\
# A cluster and its buckets. `px-ansible validate` checks this file, `px-ansible provision` makes what it says.
# A line such as `# name: training` is a key that may be used and an example of it: take the # away.
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, where it is mounted, and what has to be said of it besides."""

    source: str
    path: str | None = None
    store: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user said; None and nothing are what the schema or the provider fills in."""

    buckets: Sequence[Bucket] = field(default_factory=lambda: [Bucket(SOURCE)])
    provider: str | None = None
    name: str | None = None
    nodes: object = NODES
    cpus: object = CPUS
    hosts: Sequence[str] = ()


def text_of(answers: Answers, file: Path) -> str:
    """Return the px.yaml.

    Raises:
        ConfigError: The answers do not make a valid one; places are in the file that they would make.
    """
    lines = list(_lines(answers))
    plain = "\n".join(lines) + "\n"
    if issues := problems_of(plain, file):
        raise ConfigError(issues, lines=plain.splitlines())
    return _HEAD + "\n" + "\n".join(_with_comments(lines, answers, file)) + "\n"


def problems_of(text: str, file: Path) -> list[Issue]:
    """Return what is wrong with the text of a px.yaml that is about to be written to `file`."""
    try:
        parse(text.encode(), file=file, name=file.name)
    except ConfigError as error:
        # A file that names no provider may be for one that this version does not have.
        named = _named_provider(text)
        return [issue for issue in error.issues if issue.rule != "unknown-provider" or named]
    return []


def problem_of(answers: Answers, key: str, file: Path) -> Issue | None:
    """Return what is wrong with the last line of a key (PATH: with that of a mount's path), or None."""
    lines = list(_lines(answers))
    prefix = "source:" if key == PATH else key
    numbers = [number - (key == PATH) for number, line in enumerate(lines, start=1) if line.strip().startswith(prefix)]
    found = problems_of("\n".join(lines) + "\n", file)
    return next((issue for issue in found if numbers and issue.line == numbers[-1]), None)


def store_of(bucket: Bucket, provider: str | None) -> Store | None:
    """Return the store of a bucket: the one that was said, or that of the provider's cloud, or of the address."""
    if bucket.store:
        return STORES.get(bucket.store)
    fits = [store for store in STORES.values() if store.reads(bucket.source)]
    of_cloud = [store for store in fits if store.provider == provider]
    return next(iter([*of_cloud, *(store for store in fits if store.by_address)]), None)


@cache
def bucket_for(provider: str | None) -> Bucket:
    """Return the bucket of the example: one that the hosts of the provider reach without further ado."""
    examples = bundled()["$defs"]["mount"]["properties"]
    for source in (SOURCE, *examples["source"]["examples"]):
        for region in (None, *reversed(examples["region"]["examples"])):
            bucket = Bucket(source, region=region)
            lines = _lines(Answers([bucket], provider, hosts=["example"]), signed=False)
            if not problems_of("\n".join(lines) + "\n", Path("px.yaml")):
                return bucket
    return Bucket(SOURCE)


@cache
def _sign_in(bucket: Bucket, provider: str | None) -> Any:
    """Return the example of credentials for a bucket of another cloud, where the hosts have no identity; else None."""
    lines = _lines(Answers([bucket], provider, hosts=["example"]), signed=False)
    issues = problems_of("\n".join(lines) + "\n", Path("px.yaml"))
    store = store_of(bucket, provider)
    if store is None or not any(issue.rule == "foreign-store" for issue in issues):
        return None
    return bundled()["$defs"][f"store-{store.name}"]["then"]["properties"]["credentials"]["examples"][0]


def path_of(bucket: Bucket, provider: str | None, taken: Sequence[str] = ()) -> str:
    """Return where a bucket is mounted: where it was said, or at its own name."""
    if bucket.path:
        return bucket.path
    store = store_of(bucket, provider)
    address = store.reads(bucket.source) if store else None
    name = address.bucket if address and address.bucket else "data"
    path = f"/{name}" if _may_be(f"/{name}") else f"/mnt/{name}"
    number = 2
    unique = path
    while unique in taken:
        unique, number = f"{path}-{number}", number + 1
    return unique


@cache
def _may_be(path: str) -> bool:
    """Tell whether a bucket may be mounted at a path: /etc and its like are the system's."""
    text = f"cluster: {{}}\n{_flow(path)}: {{source: {SOURCE}}}\n"
    return not problems_of(text, Path("px.yaml"))


def _named_provider(text: str) -> bool:
    block = read(text.encode(), name="px.yaml").data.get("cluster")
    return isinstance(block, dict) and "provider" in block


def _lines(answers: Answers, *, signed: bool = True) -> Iterator[str]:
    """Yield what the user said as lines; `signed` adds where credentials are to buckets that need them."""
    yield "cluster:"
    row = PROVIDERS.get(answers.provider or "")
    if answers.provider:
        yield f"  provider: {_flow(answers.provider)}"
    if answers.name:
        yield f"  name: {_flow(answers.name)}"
    if row and row.existing:
        yield f"  {row.name}:"
        yield f"    hosts: {_flow(list(answers.hosts))}"
    else:
        yield f"  nodes: {_flow(answers.nodes)}"
        yield f"  cpus_per_node: {_flow(answers.cpus)}"
    taken: list[str] = []
    for bucket in answers.buckets:
        path = path_of(bucket, answers.provider, taken)
        taken.append(path)
        store = store_of(bucket, answers.provider)
        yield ""
        yield f"{_flow(path)}:"
        yield f"  source: {_flow(bucket.source)}"
        yield f"  store: {_flow(bucket.store or (store.name if store else 'gcs'))}"
        if bucket.region:
            yield f"  region: {_flow(bucket.region)}"
        if signed and (credentials := _sign_in(bucket, answers.provider)):
            yield f"  credentials: {_flow(credentials)}"


def _with_comments(lines: Sequence[str], answers: Answers, file: Path) -> Iterator[str]:
    """Yield the lines, with the keys that were not used below the cluster and below the first mount."""
    ends = [number for number, line in enumerate(lines) if not line]
    first = ends[1] if len(ends) > 1 else len(lines)
    for number, line in enumerate([*lines, ""]):
        if number == ends[0]:
            yield from _optional(_cluster_keys(answers), lines, number, file)
        elif number == first:
            yield from _optional(_mount_keys(answers), lines, number, file)
        if number < len(lines):
            yield line


def _optional(keys: Mapping[str, Any], lines: Sequence[str], end: int, file: Path) -> Iterator[str]:
    """Yield a comment and an example for each key that could be added before the line `end`."""
    for key, schema in keys.items():
        for example in schema.get("examples", ()):
            line = f"  {key}: {_flow(example)}"
            # Not every key goes with every provider and store, nor every example: what is shown can be used.
            if not problems_of("\n".join([*lines[:end], line, *lines[end:]]) + "\n", file):
                says = textwrap.wrap(schema["description"], _WIDTH, initial_indent="  # ", subsequent_indent="  # ")
                yield from ("", *says, f"  # {line.strip()}")
                break


def _cluster_keys(answers: Answers) -> dict[str, Any]:
    definitions = bundled()["$defs"]
    keys = {key: schema for key, schema in definitions["cluster"]["properties"].items() if "$ref" not in schema}
    row = PROVIDERS.get(answers.provider or "")
    if row and row.existing:
        keys = {key: schema for key, schema in keys.items() if key not in ("nodes", "cpus_per_node")}
    elif row:
        keys[row.name] = definitions[f"provider-{row.name}"]
    return keys


def _mount_keys(answers: Answers) -> dict[str, Any]:
    definitions = bundled()["$defs"]
    bucket = answers.buckets[0]
    store = store_of(bucket, answers.provider)
    own = definitions[f"store-{store.name}"]["then"]["properties"] if store else {}
    general = definitions["mount"]["properties"]
    keys = {key: own[key] if isinstance(own.get(key), dict) else schema for key, schema in general.items()}
    return {
        key: schema for key, schema in keys.items() if key != "credentials" or not _sign_in(bucket, answers.provider)
    }


def _flow(value: Any) -> str:
    """Return a value as YAML in one line, in quotes where it needs them."""
    return (
        yaml.safe_dump(value, default_flow_style=True, width=1 << 20, allow_unicode=True).removesuffix("...\n").strip()
    )
