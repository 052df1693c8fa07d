"""The mounts of both shapes of px.yaml, the rules between their fields, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible.config import addresses, clients, credentials, values, words
from px_ansible.config.model import Cache, Mount
from px_ansible.config.paths import above, cache_problem, path_problem
from px_ansible.schema import defaults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path as FilePath

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source


def find(source: Source) -> list[Path]:
    """Return the place of each mount of either shape, in file order."""
    shapes: list[tuple[Path, Any]] = [((), source.data), (("file_mounts",), source.data.get("file_mounts"))]
    found = [
        (*above_it, key)
        for above_it, block in shapes
        if isinstance(block, dict)
        for key in block
        if key.startswith("/")
    ]
    return sorted(found, key=source.line_of)


def fields_of(source: Source, place: Path) -> dict[str, Any]:
    """Return what a mount says; nothing where it is no mapping."""
    value: Any = source.data
    for part in place:
        value = value[part]
    return value if isinstance(value, dict) else {}


def as_addressed(source: Source) -> dict[str, Any]:
    """Return the data of a px.yaml in which every mount is of the store that its source is an address of.

    Where `store` says another one, that is the mistake: its other keys are right for the bucket they stand with.
    """
    data = dict(source.data)
    for place in find(source):
        fields = fields_of(source, place)
        if right := addresses.contradicted(fields):
            inside: Any = data
            for part in place[:-1]:
                inside[part] = dict(inside[part])
                inside = inside[part]
            inside[place[-1]] = {**fields, "store": right.name}
    return data


def clouds_of(source: Source) -> dict[str, Path]:
    """Return the providers whose stores the mounts are of, each with the place of its first mount."""
    clouds: dict[str, Path] = {}
    for place in find(source):
        if store := addresses.store_of(fields_of(source, place)):
            clouds.setdefault(store.provider, place)
    return clouds


def issues_of(source: Source, emulated: Collection[str], cloud: str | None) -> Iterator[Issue]:
    """Yield the issues of all mounts that the schema cannot say.

    `emulated` are the stores served without a cloud; `cloud` is the one that gives the hosts an identity, if any.
    """
    seen: dict[str, Path] = {}
    places = find(source)
    lines = {str(place[-1]): source.line_of(place) for place in places}
    for place in places:
        path = str(place[-1])
        if problem := path_problem(path):
            yield source.at_key(place, *problem, rule="mount-path")
        elif outer := next((folder for folder in above(path) if folder in lines), None):
            message = f"the mount {path!r} is inside the mount {outer!r} of line {lines[outer]}"
            yield source.at_key(
                place, message, "mount them side by side, such as " + _beside(path), rule="nested-mount"
            )
        if path in seen and fields_of(source, seen[path]) != fields_of(source, place):
            message = f"{path!r} is mounted twice, with different content"
            hint = f"the other one is on line {source.line_of(seen[path])}: keep one of them"
            yield source.at_key(place, message, hint, rule="mount-twice")
        seen.setdefault(path, place)
        yield from _field_issues(source, place, fields_of(source, place), emulated)
        yield from _cache_issues(source, place, fields_of(source, place), lines)
        if cloud:
            yield from _foreign_issues(source, place, fields_of(source, place), cloud)


def _field_issues(source: Source, place: Path, fields: dict[str, Any], emulated: Collection[str]) -> Iterator[Issue]:
    yield from addresses.issues_of(source, place, fields)
    store = addresses.store_of(fields)
    if store:
        yield from credentials.issues_of(source, place, fields, store)
        if issue := clients.name_issue(source, place, fields, store):
            yield issue
        if client := clients.client_of(fields, store):
            yield from clients.issues_of(source, place, fields, client)
        addressed = any(key in fields or clients.misspelt(fields, key) for key in ("region", "endpoint"))
        if store.needs_region and not addressed and store.name not in emulated:
            message = f"store {store.name!r} needs the region of the bucket: it is part of its address"
            yield source.at_value((*place, "store"), message, "add below it: region: nyc3", rule="region")
    for key in values.MODE_KEYS:
        text = source.entries[(*place, key)].text if key in fields else None
        if text and values.mode(text) is None:
            message = f"{key!r} must be three octal digits in which the owner can read, not {words.quote(text)}"
            example = "0755" if key == "dir_mode" else "0644"
            yield source.at_value((*place, key), message, f'for example: {key}: "{example}"', rule="file-mode")


def _foreign_issues(source: Source, place: Path, fields: dict[str, Any], cloud: str) -> Iterator[Issue]:
    """Yield that the hosts of one cloud have no identity in the cloud of a bucket."""
    store = addresses.store_of(fields)
    if store is None or store.provider == cloud or not isinstance(fields.get("source"), str):
        return
    ways = ("credentials", "anonymous", "endpoint")
    if any(map(fields.get, ways)) or any(clients.misspelt(fields, key) for key in (*ways, "store")):
        return
    message = f"the hosts of provider {cloud!r} have no identity in {store.provider!r}, where this bucket is"
    needs = ", ".join(f"{name}: {{env: VARIABLE}}" for name in store.sign_ins[0].needs)
    hint = f"add below it: credentials: {{{needs}}}, or 'anonymous: true' for a public bucket"
    yield source.at_value((*place, "source"), message, hint, rule="foreign-store")


def _cache_issues(source: Source, place: Path, fields: dict[str, Any], mounts: Collection[str]) -> Iterator[Issue]:
    cache = fields.get("cache")
    if not isinstance(cache, dict):
        return
    size, path = cache.get("size"), cache.get("path")
    at = (*place, "cache")
    if values.is_no_size(size):
        yield values.size_issue(source, (*at, "size"), 10)
    if issue := values.duration_issue(source, (*at, "metadata_seconds")) if "metadata_seconds" in cache else None:
        yield issue
    if isinstance(path, str) and path.startswith("/") and (problem := cache_problem(path, mounts)):
        yield source.at_value((*at, "path"), *problem, rule="cache-path")


def build_issues(source: Source, architecture: str) -> Iterator[Issue]:
    """Yield the mounts of a px.yaml without issues whose client is not built for the hosts' architecture."""
    for place in find(source):
        fields = fields_of(source, place)
        store = addresses.store_of(fields)
        if store and (issue := clients.build_issue(source, place, fields, store, architecture)):
            yield issue


def _beside(path: str) -> str:
    return repr("/" + "-".join(path.strip("/").split("/")))


def mounts_of(source: Source, folder: FilePath) -> tuple[Mount, ...]:
    """Return the mounts of a px.yaml without issues, in file order; its files of secrets begin at `folder`."""
    mounts = {str(place[-1]): _mount(source, place, folder) for place in find(source)}
    return tuple(mounts.values())


def _mount(source: Source, place: Path, folder: FilePath) -> Mount:
    fields = {**defaults("mount"), **fields_of(source, place)}
    store = addresses.store_of(fields)
    address = store.reads(fields["source"]) if store else None
    if store is None or address is None:
        raise AssertionError(f"mount {place[-1]} passed the checks without a store")
    modes = {key: values.mode(str(source.entries[(*place, key)].text)) for key in values.MODE_KEYS if key in fields}
    cache = fields["cache"]
    return Mount(
        path=str(place[-1]),
        store=store.name,
        account=address.account,
        bucket=address.bucket,
        prefix=address.prefix,
        client=fields.get("client", store.clients[0]),
        read_only=fields["read_only"],
        uid=fields.get("uid"),
        gid=fields.get("gid"),
        file_mode=modes.get("file_mode"),
        dir_mode=modes.get("dir_mode"),
        region=fields.get("region"),
        endpoint=fields.get("endpoint"),
        anonymous=fields["anonymous"],
        cache=Cache(
            path=cache.get("path"),
            size_mib=values.size_mib(cache["size"]) if "size" in cache else None,
            metadata_seconds=cache.get("metadata_seconds"),
        ),
        credentials=credentials.secrets_of(fields, folder),
        before=tuple(fields["before"]),
        options=dict(fields["options"]),
    )
