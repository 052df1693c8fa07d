"""Zones that have no machines of a type, as a test wants it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.gce.operations import OperationError

if TYPE_CHECKING:
    from emulators.gce.world import Resource


@dataclass
class _Lack:
    zone: str
    machine_type: str
    left: int  # how often; below zero: for ever


@dataclass
class Capacity:
    """What is lacking."""

    _lacks: list[_Lack] = field(default_factory=list)

    def exhaust(self, zone: str, machine_type: str, times: int) -> None:
        self._lacks.append(_Lack(zone, machine_type, times or -1))

    def clear(self) -> None:
        self._lacks.clear()

    def require(self, instance: Resource) -> None:
        """Fail the operation where there is no machine for an instance."""
        zone = instance.path.split("/")[3]
        machine = instance.data["machineType"].rpartition("/")[2]
        for lack in self._lacks:
            if lack.left and lack.zone == zone and lack.machine_type in ("", machine):
                lack.left -= 1
                raise exhausted(instance.path.split("/")[1], zone, machine)


def exhausted(project: str, zone: str, machine: str) -> OperationError:
    """Return Google's error of 2024 and later."""
    message = (
        f"The zone 'projects/{project}/zones/{zone}' does not have enough resources available to fulfill the request.  "
        "Try a different zone, or try again later."
    )
    spoken = (
        f"A {machine} VM instance is currently unavailable in the {zone} zone. Alternatively, you can try your request "
        "again with a different VM hardware configuration or at a later time. For more information, see the "
        "troubleshooting documentation."
    )
    link = {
        "description": "Troubleshooting documentation",
        "url": "https://cloud.google.com/compute/docs/resource-error",
    }
    metadatas = {"attachment": "", "vmType": machine, "zone": zone, "zonesAvailable": ""}
    details: list[dict[str, Any]] = [
        {"help": {"links": [link]}},
        {"localizedMessage": {"locale": "en-US", "message": spoken}},
        {
            "errorInfo": {
                "domain": "compute.googleapis.com",
                "reason": "resource_availability",
                "metadatas": metadatas,
            }
        },
    ]
    return OperationError("ZONE_RESOURCE_POOL_EXHAUSTED", message, 503, details)
