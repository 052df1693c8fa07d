"""Networks; those of auto mode bring a subnetwork per region."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from emulators.gce import errors, lists
from emulators.gce.call import Call, handles
from emulators.gce.catalog import REGIONS
from emulators.gce.compute import common
from emulators.gce.compute.subnetworks import subnetwork_fields
from emulators.gce.operations import Plan

if TYPE_CHECKING:
    from emulators.gce.world import Resource, World

_AUTO = ipaddress.ip_network("10.128.0.0/9")


@handles("compute.networks.get", "compute.networks.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.world.get(common.path_of(call, "networks")).data


@handles("compute.networks.list", "compute.networks.list")
def list_(call: Call) -> dict[str, Any]:
    return lists.one_scope(call, "network", [one.data for one in call.cloud.world.of("networks", call.project.id)])


@handles("compute.networks.insert", "compute.networks.create")
def insert(call: Call) -> dict[str, Any]:
    body = call.body
    path = common.new_path(call, "networks")
    if "IPv4Range" in body or "autoCreateSubnetworks" not in body:
        raise errors.invalid("resource.autoCreateSubnetworks", "", "Legacy networks can no longer be created.")
    if not 1300 <= (mtu := body.get("mtu", 1460)) <= 8896:
        raise errors.invalid("resource.mtu", mtu, "Must be between 1300 and 8896.")
    if call.cloud.world.find(path) is None:
        call.cloud.quotas.require(call.project.id, "NETWORKS")
    data = {key: body[key] for key in ("description", "autoCreateSubnetworks", "mtu") if key in body}
    data["routingConfig"] = {"routingMode": "REGIONAL"} | body.get("routingConfig", {})
    data |= {"networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL"}
    resource = call.cloud.world.add(path, data)

    def finish() -> None:
        resource.ready = True
        if data["autoCreateSubnetworks"]:
            make_auto_subnetworks(call.cloud.world, resource)

    plan = Plan(finish=finish, undo=lambda: call.cloud.world.remove(path))
    return common.begin(call, "insert", resource, plan)


def make_auto_subnetworks(world: World, network: Resource) -> None:
    """Give a network of auto mode its subnetwork in every region."""
    project = network.path.split("/")[1]
    for region, block in zip(REGIONS, _AUTO.subnets(new_prefix=20), strict=False):
        path = f"projects/{project}/regions/{region}/subnetworks/{network.name}"
        made = world.add(path, subnetwork_fields(network.link, path, block))
        made.ready = True
        made.hidden["auto"] = network.path
        network.data.setdefault("subnetworks", []).append(made.link)


@handles("compute.networks.patch", "compute.networks.update")
def patch(call: Call) -> dict[str, Any]:
    resource = call.cloud.world.get(common.path_of(call, "networks"))
    routing = call.body.get("routingConfig", {})
    return common.change(call, "patch", resource, lambda: resource.data["routingConfig"].update(routing))


@handles("compute.networks.delete", "compute.networks.delete")
def delete(call: Call) -> dict[str, Any]:
    world = call.cloud.world

    def before(network: Resource) -> None:
        for one in list(world.of("subnetworks", call.project.id)):
            if one.hidden.get("auto") == network.path:
                world.remove(one.path)

    return common.delete(call, common.path_of(call, "networks"), late=True, before=before)
