"""The parameter `fields`, a part of an answer: `items(name,status),nextPageToken`, `items/*/instances(name)`."""

from __future__ import annotations

from typing import Any

from emulators.gce import errors


def pick(data: Any, mask: str) -> Any:
    """Return what a mask leaves of an answer."""
    tree, rest = _read(mask)
    if rest:
        raise errors.ApiError(400, f"Invalid field selection {mask}", "invalidParameter", location="fields")
    return _cut(data, tree)


def _read(mask: str) -> tuple[dict[str, Any], str]:
    """Read a list of fields up to its end; return it as a tree, and what follows."""
    tree: dict[str, Any] = {}
    while mask:
        name, inner, mask = _one(mask)
        tree[name] = inner
        if not mask.startswith(","):
            return tree, mask
        mask = mask[1:]
    return tree, mask


def _one(mask: str) -> tuple[str, dict[str, Any], str]:
    """Read one field, `name`, `name(...)` or `name/...`; return its name, what is below it, and what follows."""
    length = next((at for at, sign in enumerate(mask) if sign in ",/()"), len(mask))
    name, mask = mask[:length], mask[length:]
    if mask.startswith("/"):
        below, inner, mask = _one(mask[1:])
        return name, {below: inner}, mask
    if mask.startswith("("):
        inner, mask = _read(mask[1:])
        return name, inner, mask[1:] if mask.startswith(")") else "("
    return name, {}, mask


def _cut(data: Any, tree: dict[str, Any]) -> Any:
    if not tree or ("*" in tree and not tree["*"]):
        return data
    if isinstance(data, list):
        return [_cut(one, tree) for one in data]
    if not isinstance(data, dict):
        return data
    if "*" in tree:
        return {name: _cut(value, tree["*"]) for name, value in data.items()}
    return {name: _cut(data[name], inner) for name, inner in tree.items() if name in data}
