"""Disks: of their own, and those that an instance brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import catalog, errors, links, lists
from emulators.gce.call import Call, handles
from emulators.gce.compute import common

if TYPE_CHECKING:
    from emulators.gce.world import Resource

LEAST = {"pd-standard": 10, "pd-balanced": 10, "pd-ssd": 10, "pd-extreme": 500}


@handles("compute.disks.get", "compute.disks.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.world.get(common.path_of(call, "disks")).data


@handles("compute.disks.list", "compute.disks.list")
def list_(call: Call) -> dict[str, Any]:
    scope = f"zones/{call.params['zone']}"
    call.cloud.require_place(scope)
    return lists.one_scope(call, "disk", [one.data for one in call.cloud.world.of("disks", call.project.id, scope)])


@handles("compute.disks.aggregatedList", "compute.disks.list")
def aggregated(call: Call) -> dict[str, Any]:
    found = [one.data for one in call.cloud.world.of("disks", call.project.id)]
    return lists.all_scopes(call, "disk", "disks", found, "zones")


@handles("compute.disks.insert", "compute.disks.create")
def insert(call: Call) -> dict[str, Any]:
    body = call.body
    path = common.new_path(call, "disks")
    image = body.get("sourceImage") or call.query.get("sourceImage", "")
    data = disk_fields(
        call,
        call.params["zone"],
        image,
        body.get("sizeGb", ""),
        body.get("type", ""),
        body.get("labels", {}),
        "resource",
    )
    data |= {"description": body["description"]} if "description" in body else {}
    return common.insert(call, path, data, set())


def disk_fields(  # the parameters are the API's
    call: Call,
    zone: str,
    image: str,
    size: str,
    kind: str,
    labels: dict[str, str],
    field: str,
    default: str = "pd-standard",
) -> dict[str, Any]:
    """Return a disk as it will be, from an image or empty, its references checked."""
    common.check_labels(labels, f"{field}.labels")
    project = call.project.id
    kind = kind or f"zones/{zone}/diskTypes/{default}"
    name = "diskType" if field.endswith("initializeParams") else "type"
    path = links.parse(kind, "diskTypes", project, f"{field}.{name}")
    if path.split("/")[3] != zone or not catalog.disk_type(project, zone, path.rpartition("/")[2]):
        raise errors.missing(f"{field}.{name}", kind, "diskType")
    data: dict[str, Any] = {
        "zone": links.link(f"projects/{project}/zones/{zone}"),
        "type": links.link(path),
        "status": "READY",
        "physicalBlockSizeBytes": "4096",
        **common.label_fields(labels),
    }
    least = LEAST.get(path.rpartition("/")[2], 10)
    if image:
        found = catalog.image(links.parse(image, "images", project, f"{field}.sourceImage"))
        if found is None:
            raise errors.missing(f"{field}.sourceImage", image, "image")
        least = int(found["diskSizeGb"])
        data |= {"sourceImage": found["selfLink"], "sourceImageId": found["id"], "architecture": found["architecture"]}
        data |= {"guestOsFeatures": found["guestOsFeatures"], "licenses": found["licenses"]}
    size = size or str(least if image else 500)
    if image and int(size) < least:
        message = f"Requested disk size cannot be smaller than the image size ({least} GB)"
        raise errors.invalid(f"{field}.{'diskSizeGb' if name == 'diskType' else 'sizeGb'}", size, message)
    if int(size) < least:
        raise errors.invalid(f"{field}.sizeGb", size, f"Disk size must be at least {least} GB")
    return data | {"sizeGb": size}


@handles("compute.disks.setLabels", "compute.disks.setLabels")
def set_labels(call: Call) -> dict[str, Any]:
    path = common.path_of(call, "disks", call.params["resource"])
    return common.set_labels(call, call.cloud.world.get(path))


@handles("compute.disks.resize", "compute.disks.resize")
def resize(call: Call) -> dict[str, Any]:
    resource = call.cloud.world.get(common.path_of(call, "disks"))
    size = call.body.get("sizeGb", "0")
    if int(size) <= int(resource.data["sizeGb"]):
        message = f"The new size must be larger than the current one, {resource.data['sizeGb']} GB."
        raise errors.invalid("sizeGb", size, message)
    return common.change(call, "resizeDisk", resource, lambda: resource.data.update(sizeGb=size))


@handles("compute.disks.delete", "compute.disks.delete")
def delete(call: Call) -> dict[str, Any]:
    return common.delete(call, common.path_of(call, "disks"))


def attach(disk: Resource, instance: Resource) -> None:
    """Note that an instance has a disk."""
    instance.uses.add(disk.path)
    disk.data.setdefault("users", []).append(instance.link)


def detach(disk: Resource, instance: Resource) -> None:
    instance.uses.discard(disk.path)
    disk.data["users"].remove(instance.link)
    if not disk.data["users"]:
        del disk.data["users"]
