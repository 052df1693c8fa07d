"""What exists in the emulated cloud: resources by their path, and who uses whom."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.gce import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What selfLinks begin with, by whichever of the two hosts a client has asked.
BASE = "https://www.googleapis.com/compute/v1/"
HOSTS = (BASE, "https://compute.googleapis.com/compute/v1/")
PACIFIC = dt.timezone(dt.timedelta(hours=-8))


@dataclass
class Resource:
    """One resource; `path` is projects/P/zones/Z/instances/NAME."""

    path: str
    data: dict[str, Any]
    uses: set[str] = field(default_factory=set)  # paths that cannot be deleted while this is here
    ready: bool = False  # its insert operation has ended
    deleting: bool = False
    hidden: dict[str, Any] = field(default_factory=dict)  # what the API does not show

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def collection(self) -> str:
        return self.path.split("/")[-2]

    @property
    def scope(self) -> str:
        """`zones/Z`, `regions/R` or `global`."""
        return "/".join(self.path.split("/")[2:-2])

    @property
    def link(self) -> str:
        return BASE + self.path


class World:
    """All resources of all projects. Every look at them, and every change, is under `lock`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._resources: dict[str, Resource] = {}
        self._numbers = itertools.count(secrets.randbelow(10**15) + 10**18)

    def new_id(self) -> str:
        return str(next(self._numbers))

    def add(self, path: str, data: dict[str, Any], uses: set[str] = frozenset()) -> Resource:  # type: ignore[assignment]
        """Put a resource into the world; 409 where there is one of that name."""
        if path in self._resources:
            raise errors.exists(path)
        resource = Resource(path, data, set(uses))
        kind = (
            resource.collection.removesuffix("es") if resource.collection == "addresses" else resource.collection[:-1]
        )
        data |= {"kind": f"compute#{kind}", "id": self.new_id(), "creationTimestamp": now()}
        data |= {"name": resource.name, "selfLink": resource.link}
        self._resources[path] = resource
        return resource

    def find(self, path: str) -> Resource | None:
        return self._resources.get(path)

    def get(self, path: str) -> Resource:
        """Return a resource; 404 where there is none."""
        if path not in self._resources:
            raise errors.not_found(path)
        return self._resources[path]

    def remove(self, path: str) -> None:
        self._resources.pop(path, None)

    def of(self, collection: str, project: str = "", scope: str = "") -> Iterator[Resource]:
        """Yield the resources of a collection, by name: of one project, of one scope."""
        for path in sorted(self._resources):
            one = self._resources[path]
            if one.collection != collection or (project and path.split("/")[1] != project):
                continue
            if scope in ("", one.scope):
                yield one

    def users(self, path: str) -> list[Resource]:
        """Return the resources that use one."""
        return [one for _, one in sorted(self._resources.items()) if path in one.uses]

    def paths(self) -> set[str]:
        with self.lock:
            return set(self._resources)

    def where(self, fits: Callable[[Resource], bool]) -> list[Resource]:
        return [one for one in self._resources.values() if fits(one)]


def now() -> str:
    """Return the time as Compute Engine writes it."""
    return dt.datetime.now(PACIFIC).isoformat(timespec="milliseconds")


def fingerprint(*parts: Any) -> str:
    """Return what changes when the parts do, in the form of Google's fingerprints."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest()
    return base64.urlsafe_b64encode(digest[:8]).decode()
