"""The network interfaces of an instance: network, subnetwork, addresses."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

from emulators.gce import errors
from emulators.gce.compute import common
from emulators.gce.links import region_of
from emulators.gce.world import fingerprint

if TYPE_CHECKING:
    from emulators.gce.call import Call
    from emulators.gce.world import Resource


def read(call: Call) -> tuple[list[dict[str, Any]], set[str]]:
    """Return the interfaces as they will be, and the paths that they use."""
    wanted = call.body.get("networkInterfaces", [])
    if not wanted:
        raise errors.invalid("resource.networkInterfaces", "", "At least one network interface is required.")
    uses: set[str] = set()
    interfaces = [_interface(call, one, index, uses) for index, one in enumerate(wanted)]
    return interfaces, uses


def _interface(call: Call, wanted: dict[str, Any], index: int, uses: set[str]) -> dict[str, Any]:
    field = f"resource.networkInterfaces[{index}]"
    subnetwork = _subnetwork(call, wanted, field)
    network = call.cloud.world.get(subnetwork.data["network"].partition("/v1/")[2])
    uses |= {subnetwork.path, network.path}
    address = wanted.get("networkIP") or call.cloud.addresses.internal(subnetwork.link, subnetwork.data["ipCidrRange"])
    if ipaddress.ip_address(address) not in ipaddress.ip_network(subnetwork.data["ipCidrRange"]):
        raise errors.invalid(f"{field}.networkIP", address, "Requested internal IP address is outside the subnetwork.")
    interface = {
        "kind": "compute#networkInterface",
        "name": f"nic{index}",
        "network": network.link,
        "subnetwork": subnetwork.link,
        "networkIP": address,
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(address, subnetwork.link),
    }
    interface |= {"nicType": wanted["nicType"]} if "nicType" in wanted else {}
    if wanted.get("accessConfigs"):
        interface["accessConfigs"] = [_access(call, wanted["accessConfigs"], field, uses)]
    return interface


def _subnetwork(call: Call, wanted: dict[str, Any], field: str) -> Resource:
    region = region_of(call.params["zone"])
    network = None
    if "network" in wanted or "subnetwork" not in wanted:
        network = common.reference(
            call, wanted.get("network", "global/networks/default"), "networks", f"{field}.network"
        )
    if "subnetwork" in wanted:
        found = common.reference(call, wanted["subnetwork"], "subnetworks", f"{field}.subnetwork", lost=404)
        if found.scope != f"regions/{region}":
            message = f"Subnetwork must be in the region of the instance, '{region}'."
            raise errors.invalid(f"{field}.subnetwork", wanted["subnetwork"], message)
        if network and found.data["network"] != network.link:
            message = "Specified subnetwork is not in the specified network."
            raise errors.invalid(f"{field}.subnetwork", wanted["subnetwork"], message)
        return found
    assert network
    if not network.data["autoCreateSubnetworks"]:
        message = "Subnetwork should be specified for custom subnetmode network"
        raise errors.invalid(field, json.dumps(wanted), message)
    path = f"projects/{call.project.id}/regions/{region}/subnetworks/{network.name}"
    return call.cloud.world.get(path)


def _access(call: Call, wanted: list[dict[str, Any]], field: str, uses: set[str]) -> dict[str, Any]:
    """Return how the interface is reached from outside; the address itself comes when the machine runs."""
    if len(wanted) > 1:
        raise errors.invalid(f"{field}.accessConfigs", "", "At most one access config is allowed.")
    one = wanted[0]
    access = {
        "kind": "compute#accessConfig",
        "type": one.get("type", "ONE_TO_ONE_NAT"),
        "name": one.get("name", "external-nat"),
        "networkTier": one.get("networkTier", "PREMIUM"),
    }
    if "natIP" in one:
        region = region_of(call.params["zone"])
        reserved = [
            each
            for each in call.cloud.world.of("addresses", call.project.id, f"regions/{region}")
            if each.data["address"] == one["natIP"]
        ]
        if not reserved:
            message = f"The specified external IP address '{one['natIP']}' was not found in region '{region}'."
            raise errors.invalid(f"{field}.accessConfigs[0].natIP", one["natIP"], message)
        if reserved[0].data["status"] == "IN_USE":
            message = f"External IP address: {one['natIP']} is already in-use."
            raise errors.ApiError(400, message, "invalidResourceUsage")
        access["natIP"] = one["natIP"]
        uses.add(reserved[0].path)
    return access
