"""What exists of a cluster, as its provider lists it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A host that exists, as its provider lists it.

    `state` is running, stopped, starting or stopping; `attributes` are the provider's.
    """

    name: str
    state: str
    address: str | None
    attributes: Mapping[str, Any]

    def as_data(self) -> dict[str, Any]:
        """Return the host as its provider's `list` returned it."""
        return {"name": self.name, "state": self.state, "address": self.address, **self.attributes}


@dataclass(frozen=True, slots=True)
class SharedThing:
    """Something that the hosts share and that exists: a network, a bucket server."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """What exists of a cluster: its provider's `list`, and the mounts that the last provision left on the hosts.

    `variables` are host variables of the provider's role that `list` found out, and that its other entry points need.
    `strangers` are hosts whose host keys this computer does not know.
    """

    hosts: tuple[FoundHost, ...] = ()
    shared: tuple[SharedThing, ...] = ()
    applied: tuple[Mapping[str, str], ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    strangers: frozenset[str] = frozenset()
