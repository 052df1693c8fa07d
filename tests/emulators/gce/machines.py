"""What an emulated instance is made of: nothing, or whatever a test hooks in (a machine that really boots).

A hook is told what the API call carried and nothing else, so that what runs in the machine cannot know more than a real
one would.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from emulators.gce.operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.gce.clock import Clock
    from emulators.gce.world import Resource


@dataclass(frozen=True)
class Order:
    """An instance, as the calls of the API have made it."""

    project: str
    number: str  # the project's
    zone: str
    name: str
    id: str
    machine_type: str
    hostname: str
    metadata: dict[str, str]
    labels: dict[str, str]
    tags: tuple[str, ...]
    service_account: str  # its email address, or nothing
    scopes: tuple[str, ...]
    disks: tuple[dict[str, Any], ...]  # as the instance shows them, with image and size of each
    spot: bool


@dataclass(frozen=True)
class Running:
    """What a hook may answer: the addresses at which the machine is reached, and its serial console's text."""

    internal: str = ""
    external: str = ""
    serial: str | Callable[[], str] = ""


class MachineError(Exception):
    """No machine came of it: the operation ends with this error. (One that does not boot is no error at Google.)"""

    def __init__(self, message: str, code: str = "INTERNAL_ERROR", status: int = 500) -> None:
        super().__init__(message)
        self.error = OperationError(code, message, status)


class Hook(Protocol):
    """What makes machines. Each is called in a thread of its own; the operation lasts until it returns."""

    def on_create(self, order: Order) -> Running | None: ...
    def on_start(self, order: Order) -> Running | None: ...
    def on_stop(self, order: Order) -> None: ...
    def on_delete(self, order: Order) -> None: ...


class NoMachines:
    """The hook of an emulator without machines: instances run because they say so."""

    def on_create(self, order: Order) -> None:
        """Make nothing."""

    on_start = on_stop = on_delete = on_create


@dataclass
class Errand:
    """A call of a hook, under way."""

    done: bool = False
    result: Any = None
    error: OperationError | None = None


@dataclass
class Machines:
    """The machines of a cloud."""

    clock: Clock
    hook: Hook = field(default_factory=NoMachines)

    def call(self, what: str, order: Order) -> Errand:
        """Call the hook in the background."""
        errand = Errand()
        if isinstance(self.hook, NoMachines):
            errand.done = True
            return errand

        def run() -> None:
            try:
                errand.result = getattr(self.hook, what)(order)
            except MachineError as error:
                errand.error = error.error
            except Exception as error:  # noqa: BLE001 - a test shall see it, not wait for ever
                self.clock.broken.append(error)
                errand.error = OperationError("INTERNAL_ERROR", repr(error), 500)
            with self.clock.changed:
                errand.done = True
                self.clock.changed.notify_all()

        threading.Thread(target=run, name=f"{what} {order.name}", daemon=True).start()
        return errand

    def result(self, errand: Errand) -> Running:
        """Return what a finished errand has brought; raises what it failed with."""
        if errand.error:
            raise errand.error
        return errand.result or Running()


def order(resource: Resource, number: str, disks: tuple[dict[str, Any], ...]) -> Order:
    """Return an instance's order."""
    data = resource.data
    accounts = data.get("serviceAccounts", [])
    project, zone = resource.path.split("/")[1:4:2]
    return Order(
        project=project,
        number=number,
        zone=zone,
        name=resource.name,
        id=data["id"],
        machine_type=data["machineType"].rpartition("/")[2],
        hostname=data.get("hostname") or f"{resource.name}.{zone}.c.{project}.internal",
        metadata={one["key"]: one.get("value", "") for one in data["metadata"].get("items", [])},
        labels=dict(data.get("labels", {})),
        tags=tuple(data["tags"].get("items", [])),
        service_account=accounts[0]["email"] if accounts else "",
        scopes=tuple(accounts[0]["scopes"]) if accounts else (),
        disks=disks,
        spot=bool(data["scheduling"].get("preemptible")),
    )
