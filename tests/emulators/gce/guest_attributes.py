"""Guest attributes: what a machine's own programs write about it, and the API then shows (host keys, first of all)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.gce.projects import Project
    from emulators.gce.world import Resource

Attributes = dict[str, dict[str, str]]  # namespace -> key -> value

_NAME = re.compile(r"[-_.A-Za-z0-9]{1,127}")
MOST_OF_A_VALUE = 262144


class RefusedError(Exception):
    """A write that is not taken: (status, why)."""


def of(instance: Resource) -> Attributes:
    """Return what an instance has written so far."""
    found: Attributes = instance.hidden.setdefault("guest attributes", {})
    return found


def enabled(instance: Resource, project: Project) -> bool:
    """Tell whether the metadata lets an instance write; its own word is before the project's."""
    own = {one["key"]: one.get("value", "") for one in instance.data["metadata"].get("items", [])}
    return (project.metadata | own).get("enable-guest-attributes", "").upper() == "TRUE"


def put(instance: Resource, words: list[str], value: str) -> None:
    """Write one: `words` are its namespace and key."""
    if len(words) != len(("namespace", "key")) or not all(_NAME.fullmatch(word) for word in words):
        raise RefusedError(400, "a guest attribute is NAMESPACE/KEY")
    if len(value.encode()) > MOST_OF_A_VALUE:
        raise RefusedError(413, "a guest attribute's value has at most 256 KiB")
    namespace, key = words
    of(instance).setdefault(namespace, {})[key] = value


def delete(instance: Resource, words: list[str]) -> None:
    namespace, _, key = "/".join(words).partition("/")
    if key not in of(instance).get(namespace, {}):
        raise RefusedError(404, "/".join(words))
    del of(instance)[namespace][key]
    if not of(instance)[namespace]:
        del of(instance)[namespace]
