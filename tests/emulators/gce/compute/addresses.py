"""Reserved external addresses of a region."""

from __future__ import annotations

from typing import Any

from emulators.gce import errors, lists
from emulators.gce.call import Call, handles
from emulators.gce.compute import common
from emulators.gce.links import link


@handles("compute.addresses.get", "compute.addresses.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.world.get(common.path_of(call, "addresses")).data


@handles("compute.addresses.list", "compute.addresses.list")
def list_(call: Call) -> dict[str, Any]:
    scope = f"regions/{call.params['region']}"
    call.cloud.require_place(scope)
    found = call.cloud.world.of("addresses", call.project.id, scope)
    return lists.one_scope(call, "address", [one.data for one in found])


@handles("compute.addresses.aggregatedList", "compute.addresses.list")
def aggregated(call: Call) -> dict[str, Any]:
    found = [one.data for one in call.cloud.world.of("addresses", call.project.id)]
    return lists.all_scopes(call, "address", "addresses", found, "regions")


@handles("compute.addresses.insert", "compute.addresses.create")
def insert(call: Call) -> dict[str, Any]:
    body = call.body
    path = common.new_path(call, "addresses")
    if body.get("addressType", "EXTERNAL") != "EXTERNAL":
        raise errors.not_emulated("an address that is not external")
    labels = body.get("labels", {})
    common.check_labels(labels, "resource.labels")
    data = {
        "address": call.cloud.addresses.external(),
        "addressType": "EXTERNAL",
        "networkTier": body.get("networkTier", "PREMIUM"),
        "status": "RESERVED",
        "region": link("/".join(path.split("/")[:4])),
        **common.label_fields(labels),
    }
    data |= {"description": body["description"]} if "description" in body else {}
    return common.insert(call, path, data, set())


@handles("compute.addresses.setLabels", "compute.addresses.setLabels")
def set_labels(call: Call) -> dict[str, Any]:
    path = common.path_of(call, "addresses", call.params["resource"])
    return common.set_labels(call, call.cloud.world.get(path))


@handles("compute.addresses.delete", "compute.addresses.delete")
def delete(call: Call) -> dict[str, Any]:
    return common.delete(call, common.path_of(call, "addresses"))
