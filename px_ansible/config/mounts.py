"""The mounts of both shapes of px.yaml, the rules between their fields, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible.config import addresses, values, words
from px_ansible.config.model import Mount
from px_ansible.config.paths import above, path_problem
from px_ansible.schema import defaults
from px_ansible.stores import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def issues_of(source: Source) -> Iterator[Issue]:
    """Yield the issues of all mounts that the schema cannot say."""
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
        yield from _field_issues(source, place, fields_of(source, place))


def _field_issues(source: Source, place: Path, fields: dict[str, Any]) -> Iterator[Issue]:
    yield from addresses.issues_of(source, place, fields)
    store = addresses.store_of(fields)
    for key in values.MODE_KEYS:
        text = source.entries[(*place, key)].text if key in fields else None
        if text and values.mode(text) is None:
            message = f"{key!r} must be three octal digits in which the owner can read, not {words.quote(text)}"
            example = "0755" if key == "dir_mode" else "0644"
            yield source.at_value((*place, key), message, f'for example: {key}: "{example}"', rule="file-mode")
    options = fields.get("options")
    for name in options if isinstance(options, dict) and store else ():
        if store and (instead := store.settled_options.get(name)):
            message = f"the option {name!r} is set by px-ansible"
            yield source.at_key((*place, "options", name), message, instead, rule="settled-option")


def _beside(path: str) -> str:
    return repr("/" + "-".join(path.strip("/").split("/")))


def mounts_of(source: Source) -> tuple[Mount, ...]:
    """Return the mounts of a px.yaml without issues, in file order."""
    mounts = {str(place[-1]): _mount(source, place) for place in find(source)}
    return tuple(mounts.values())


def _mount(source: Source, place: Path) -> Mount:
    fields = {**defaults("mount"), **fields_of(source, place)}
    store, address = addresses.store_of(fields), Address.of(fields["source"])
    if store is None or address is None:
        raise AssertionError(f"mount {place[-1]} passed the checks without a store")
    modes = {key: values.mode(str(source.entries[(*place, key)].text)) for key in values.MODE_KEYS if key in fields}
    return Mount(
        path=str(place[-1]),
        store=store.name,
        bucket=address.bucket,
        prefix=address.prefix,
        client=fields.get("client", store.clients[0]),
        read_only=fields["read_only"],
        uid=fields.get("uid"),
        gid=fields.get("gid"),
        file_mode=modes.get("file_mode"),
        dir_mode=modes.get("dir_mode"),
        endpoint=fields.get("endpoint"),
        options=dict(fields["options"]),
    )
