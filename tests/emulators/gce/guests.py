"""Instances of the emulated Google Cloud that really boot: the hook that makes machines, and the objects they mount."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

from emulators.gce import object_server
from emulators.gce.machines import MachineError, NoMachines, Running
from emulators.gce.metadata import Metadata
from emulators.gce.objects import HOST, Objects, OldName
from emulators.guests import Agent, Site
from emulators.guests.answerer import ADDRESS

if TYPE_CHECKING:
    from emulators.gate import Gate
    from emulators.gce.cloud import GoogleCloud
    from emulators.gce.machines import Order

_IMAGE = Path(__file__).parent / "guest"
_AGENT = "px-guest-agent"
OLD_HOST = "www.googleapis.com"
METADATA_NAMES = ("metadata.google.internal", "metadata")


class Guests(Site):
    """Sets the cloud's hook, gives the gate the objects of its buckets, and ends both with the block."""

    def __init__(self, cloud: GoogleCloud, gate: Gate, folder: Path) -> None:
        agent = Agent(_AGENT, (_IMAGE / _AGENT).read_text(), (_IMAGE / f"{_AGENT}.service").read_text())
        super().__init__(gate, folder, "gce", agent, (HOST, OLD_HOST))
        self.cloud = cloud
        self._hosts = {name: gate.hosts[name] for name in (HOST, OLD_HOST)}

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            where = object_server.start(self.layout)
        except BaseException:
            self.__exit__()
            raise
        objects = Objects(self.cloud, self._hosts[HOST], where)
        self.gate.hosts |= {HOST: objects, OLD_HOST: OldName(objects, self._hosts[OLD_HOST])}
        self.cloud.machines.hook = self
        return self

    def __exit__(self, *_: object) -> None:
        self.cloud.machines.hook = NoMachines()
        super().__exit__()
        self.gate.hosts |= self._hosts

    # The hook.

    def on_create(self, order: Order) -> Running:
        with self.at_work():
            self.remove(order.name)  # of an insert that failed in the end: nobody deletes that
            self.make(order.name, Metadata(self.cloud, order.name), dict.fromkeys(METADATA_NAMES, ADDRESS))
            return self._started(order.name)

    def on_start(self, order: Order) -> Running:
        with self.at_work():
            return self._started(order.name)

    def on_stop(self, order: Order) -> None:
        with self.at_work():
            self.guest(order.name).stop()

    def on_delete(self, order: Order) -> None:
        with self.at_work():
            self.remove(order.name)

    def _started(self, name: str) -> Running:
        """Switch a machine on; Google, too, says RUNNING before anything in it does."""
        try:
            address = self.start(name)
        except LocalError as error:
            raise MachineError(f"{error.message}: {error.log}") from error
        return Running(address, address, self.guest(name).console)
