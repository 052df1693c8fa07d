"""One call of an API method, read and checked, on its way to what answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.exchange import Request
    from emulators.gce.cloud import GoogleCloud
    from emulators.gce.discovery import Method
    from emulators.gce.identities import Identity
    from emulators.gce.projects import Project


@dataclass
class Call:
    """What a handler gets."""

    cloud: GoogleCloud
    method: Method
    request: Request
    identity: Identity | None  # None: anonymous
    params: dict[str, str]
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def who(self) -> str:
        return self.identity.email if self.identity else ""

    @property
    def project(self) -> Project:
        return self.cloud.projects.get(self.params["project"])


@dataclass(frozen=True)
class Handled:
    """What answers a method, and what one must be allowed to do to call it."""

    handler: Callable[[Call], dict[str, Any]]
    permissions: tuple[str, ...]


HANDLERS: dict[str, Handled] = {}


def handles(method: str, *permissions: str) -> Callable[[Any], Any]:
    """Register what answers a method, by its id in the API's description."""

    def register(handler: Any) -> Any:
        assert method not in HANDLERS, method
        HANDLERS[method] = Handled(handler, permissions)
        return handler

    return register
