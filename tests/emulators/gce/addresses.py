"""Addresses that instances get where no hook gives them any: from the ranges that RFC 5737 sets apart for documents."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from emulators.gce import errors

if TYPE_CHECKING:
    from emulators.gce.world import World

_EXTERNAL = [ipaddress.ip_network(one) for one in ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24")]
_FIRST = 2  # Google keeps the network's own address and the gateway, and the last two


class Addresses:
    """Hands out addresses that nothing has."""

    def __init__(self, world: World) -> None:
        self._world = world

    def external(self) -> str:
        taken = {one.data["address"] for one in self._world.of("addresses")}
        taken |= {address for one in self._world.of("instances") for address in external_of(one.data)}
        for network in _EXTERNAL:
            for address in network.hosts():
                if str(address) not in taken:
                    return str(address)
        raise AssertionError("the emulator has no external address left")

    def internal(self, subnetwork: str, block: str) -> str:
        """Return a free address of a subnetwork."""
        network = ipaddress.ip_network(block)
        taken = {
            one["networkIP"]
            for instance in self._world.of("instances")
            for one in instance.data["networkInterfaces"]
            if one["subnetwork"] == subnetwork
        }
        for number in range(_FIRST, network.num_addresses - _FIRST):
            if str(network[number]) not in taken:
                return str(network[number])
        message = f"IP space of '{subnetwork.split('/v1/')[1]}' is exhausted."
        raise errors.ApiError(400, message, "IP_SPACE_EXHAUSTED")


def external_of(instance: dict) -> list[str]:
    """Return the external addresses that an instance has now."""
    interfaces = instance["networkInterfaces"]
    return [config["natIP"] for one in interfaces for config in one.get("accessConfigs", []) if "natIP" in config]
