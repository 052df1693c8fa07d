"""What Google has, read: project, regions, zones, machine types, disk types, accelerators, images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import catalog, errors, links, lists
from emulators.gce.call import Call, handles
from emulators.gce.world import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

Found = dict[str, Any]


@handles("compute.projects.get", "compute.projects.get")
def project(call: Call) -> Found:
    one = call.project
    items = [{"key": key, "value": value} for key, value in sorted(one.metadata.items())]
    metadata = {"kind": "compute#metadata", "fingerprint": fingerprint("project", items)}
    return {
        "kind": "compute#project",
        "id": one.number,
        "name": one.id,
        "creationTimestamp": one.made,
        "selfLink": links.link(f"projects/{one.id}"),
        "commonInstanceMetadata": metadata | ({"items": items} if items else {}),
        "defaultServiceAccount": one.compute_account,
        "defaultNetworkTier": "PREMIUM",
        "xpnProjectStatus": "UNSPECIFIED_XPN_PROJECT_STATUS",
        "quotas": call.cloud.quotas.of_project(one.id),
    }


def _region(call: Call, name: str) -> Found:
    return catalog.region(call.project.id, name, call.cloud.quotas.of_region(call.project.id, name))


@handles("compute.regions.get", "compute.regions.get")
def region(call: Call) -> Found:
    name = call.params["region"]
    if name not in catalog.REGIONS:
        raise errors.not_found(f"projects/{call.project.id}/regions/{name}")
    return _region(call, name)


@handles("compute.regions.list", "compute.regions.list")
def regions(call: Call) -> Found:
    return lists.one_scope(call, "region", [_region(call, name) for name in catalog.REGIONS])


@handles("compute.zones.get", "compute.zones.get")
def zone(call: Call) -> Found:
    name = call.params["zone"]
    if name not in catalog.ZONES:
        raise errors.not_found(f"projects/{call.project.id}/zones/{name}")
    return catalog.zone(call.project.id, name)


@handles("compute.zones.list", "compute.zones.list")
def zones(call: Call) -> Found:
    return lists.one_scope(call, "zone", [catalog.zone(call.project.id, name) for name in catalog.ZONES])


def _zonal(kind: str, collection: str, names: Callable[[], Any], make: Callable[[str, str, str], Found | None]) -> None:
    """Register get, list and aggregatedList of what every zone has its own choice of."""
    permission = f"compute.{collection}"

    @handles(f"{permission}.get", f"{permission}.get")
    def get(call: Call) -> Found:
        place, name = call.params["zone"], call.params[kind]
        call.cloud.require_place(f"zones/{place}")
        found = make(call.project.id, place, name)
        if found is None:
            raise errors.not_found(f"projects/{call.project.id}/zones/{place}/{collection}/{name}")
        return found

    def of_zone(call: Call, place: str) -> list[Found]:
        return [found for name in names() if (found := make(call.project.id, place, name))]

    @handles(f"{permission}.list", f"{permission}.list")
    def list_(call: Call) -> Found:
        call.cloud.require_place(f"zones/{call.params['zone']}")
        return lists.one_scope(call, kind, of_zone(call, call.params["zone"]))

    @handles(f"{permission}.aggregatedList", f"{permission}.list")
    def aggregated(call: Call) -> Found:
        every = [one for place in catalog.ZONES for one in of_zone(call, place)]
        return lists.all_scopes(call, kind, collection, every, "zones")


_zonal("machineType", "machineTypes", lambda: sorted(catalog.shapes()), catalog.machine_type)
_zonal("diskType", "diskTypes", lambda: catalog.DISK_TYPES, catalog.disk_type)
_zonal("acceleratorType", "acceleratorTypes", catalog.accelerators, catalog.accelerator_type)


@handles("compute.images.get")
def image(call: Call) -> Found:
    return _image(f"projects/{call.params['project']}/global/images/{call.params['image']}")


@handles("compute.images.getFromFamily")
def family(call: Call) -> Found:
    return _image(f"projects/{call.params['project']}/global/images/family/{call.params['family']}")


def _image(path: str) -> Found:
    found = catalog.image(path)
    if found is None:
        raise errors.not_found(path)
    return found


@handles("compute.images.list")
def images(call: Call) -> Found:
    of = f"projects/{call.params['project']}/"
    return lists.one_scope(call, "image", [one for path, one in catalog.images().items() if path.startswith(of)])
