"""Subnetworks."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from emulators.gce import errors, lists
from emulators.gce.call import Call, handles
from emulators.gce.compute import common
from emulators.gce.links import link
from emulators.gce.operations import Plan
from emulators.gce.world import fingerprint

if TYPE_CHECKING:
    from emulators.gce.world import Resource

MOST_BITS = 29


def subnetwork_fields(network: str, path: str, block: ipaddress.IPv4Network) -> dict[str, Any]:
    return {
        "network": network,
        "ipCidrRange": str(block),
        "gatewayAddress": str(block[1]),
        "region": link("/".join(path.split("/")[:4])),
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "allowSubnetCidrRoutesOverlap": False,
        "fingerprint": fingerprint(path, str(block)),
    }


@handles("compute.subnetworks.get", "compute.subnetworks.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.world.get(common.path_of(call, "subnetworks")).data


@handles("compute.subnetworks.list", "compute.subnetworks.list")
def list_(call: Call) -> dict[str, Any]:
    scope = f"regions/{call.params['region']}"
    call.cloud.require_place(scope)
    found = call.cloud.world.of("subnetworks", call.project.id, scope)
    return lists.one_scope(call, "subnetwork", [one.data for one in found])


@handles("compute.subnetworks.aggregatedList", "compute.subnetworks.list")
def aggregated(call: Call) -> dict[str, Any]:
    found = [one.data for one in call.cloud.world.of("subnetworks", call.project.id)]
    return lists.all_scopes(call, "subnetwork", "subnetworks", found, "regions")


@handles("compute.subnetworks.insert", "compute.subnetworks.create")
def insert(call: Call) -> dict[str, Any]:
    body, world = call.body, call.cloud.world
    path = common.new_path(call, "subnetworks")
    for name in ("network", "ipCidrRange"):
        if name not in body:
            raise errors.required(f"resource.{name}")
    if body.get("region", call.params["region"]).rpartition("/")[2] != call.params["region"]:
        raise errors.invalid("resource.region", body["region"], "The region must be that of the request.")
    network = common.reference(call, body["network"], "networks", "resource.network")
    if world.find(path) is None:
        call.cloud.quotas.require(call.project.id, "SUBNETWORKS")
        _check_range(call, network, _block(body["ipCidrRange"], "resource.ipCidrRange"))
    data = subnetwork_fields(network.link, path, ipaddress.IPv4Network(body["ipCidrRange"]))
    data |= {key: body[key] for key in ("description", "privateIpGoogleAccess", "secondaryIpRanges") if key in body}
    resource = world.add(path, data, {network.path})

    def finish() -> None:
        resource.ready = True
        network.data.setdefault("subnetworks", []).append(resource.link)

    return common.begin(call, "insert", resource, Plan(finish=finish, undo=lambda: world.remove(path)))


def _block(text: str, field: str) -> ipaddress.IPv4Network:
    try:
        block = ipaddress.IPv4Network(text)
    except ValueError:
        raise errors.invalid(
            field, text, "Must be a CIDR address range that is contained in one of the valid ranges"
        ) from None
    if block.prefixlen > MOST_BITS:
        raise errors.invalid(field, text, f"IP range prefix length must be at most {MOST_BITS}")
    return block


def _check_range(call: Call, network: Resource, block: ipaddress.IPv4Network, but: str = "") -> None:
    for one in call.cloud.world.of("subnetworks", call.project.id):
        if one.data["network"] != network.link or one.path == but:
            continue
        if ipaddress.ip_network(one.data["ipCidrRange"]).overlaps(block):
            where = f"'{one.name}' in region '{one.scope.rpartition('/')[2]}'"
            message = f"Invalid IPCidrRange: {block} conflicts with existing subnetwork {where}."
            raise errors.ApiError(400, message, "badRequest")


@handles("compute.subnetworks.delete", "compute.subnetworks.delete")
def delete(call: Call) -> dict[str, Any]:
    path = common.path_of(call, "subnetworks")
    resource = call.cloud.world.get(path)
    if resource.hidden.get("auto"):
        message = "Cannot delete auto subnetwork of an auto subnet mode network"
        raise errors.ApiError(400, message, "invalid")

    def before(one: Resource) -> None:
        network = call.cloud.world.find(next(iter(one.uses)))
        if network and one.link in network.data.get("subnetworks", []):
            network.data["subnetworks"].remove(one.link)
            if not network.data["subnetworks"]:
                del network.data["subnetworks"]

    return common.delete(call, path, before=before)


@handles("compute.subnetworks.expandIpCidrRange", "compute.subnetworks.expandIpCidrRange")
def expand(call: Call) -> dict[str, Any]:
    resource = call.cloud.world.get(common.path_of(call, "subnetworks"))
    block = _block(call.body.get("ipCidrRange", ""), "ipCidrRange")
    if not block.supernet_of(ipaddress.IPv4Network(resource.data["ipCidrRange"])):
        raise errors.invalid("ipCidrRange", block, "The new range must contain the old one")
    network = call.cloud.world.get(next(iter(resource.uses)))
    _check_range(call, network, block, but=resource.path)
    new = {"ipCidrRange": str(block), "fingerprint": fingerprint(resource.path, str(block))}
    return common.change(call, "expandIpCidrRange", resource, lambda: resource.data.update(new))


@handles("compute.subnetworks.setPrivateIpGoogleAccess", "compute.subnetworks.setPrivateIpGoogleAccess")
def set_access(call: Call) -> dict[str, Any]:
    resource = call.cloud.world.get(common.path_of(call, "subnetworks"))
    wanted = call.body.get("privateIpGoogleAccess", False)
    return common.change(
        call, "setPrivateIpGoogleAccess", resource, lambda: resource.data.update(privateIpGoogleAccess=wanted)
    )


@handles("compute.subnetworks.patch", "compute.subnetworks.update")
def patch(call: Call) -> dict[str, Any]:
    resource = call.cloud.world.get(common.path_of(call, "subnetworks"))
    common.require_fingerprint(call.body.get("fingerprint"), resource.data["fingerprint"], "subnetwork")
    new = {
        key: call.body[key] for key in ("description", "secondaryIpRanges", "privateIpGoogleAccess") if key in call.body
    }
    new["fingerprint"] = fingerprint(resource.path, resource.data, new)
    return common.change(call, "patch", resource, lambda: resource.data.update(new))
