"""The disks of an instance: made with it from an image, or there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import catalog, errors
from emulators.gce.compute import common
from emulators.gce.compute.disks import disk_fields

if TYPE_CHECKING:
    from emulators.gce.call import Call


def read(call: Call, machine: str) -> list[tuple[dict[str, Any], str, dict[str, Any] | None]]:
    """Return for each disk: how the instance has it, its path, and the disk itself where it is to be made."""
    wanted = call.body.get("disks", [])
    if not wanted:
        raise errors.invalid("resource.disks", "", "At least one disk must be specified.")
    if not wanted[0].get("boot"):
        raise errors.invalid("resource.disks[0].boot", "", "Boot disk must be the first disk attached to the instance.")
    if sum(1 for one in wanted if one.get("boot")) > 1:
        raise errors.invalid("resource.disks", "", "At most one boot disk can be attached to an instance.")
    return [_disk(call, machine, one, index) for index, one in enumerate(wanted)]


def _disk(
    call: Call, machine: str, wanted: dict[str, Any], index: int
) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
    field = f"resource.disks[{index}]"
    if wanted.get("type", "PERSISTENT") == "SCRATCH":
        raise errors.not_emulated("a local SSD")
    if ("source" in wanted) == ("initializeParams" in wanted):
        raise errors.invalid(field, "", "Exactly one of 'source' and 'initializeParams' must be specified.")
    made = None
    if "source" in wanted:
        there = common.reference(call, wanted["source"], "disks", f"{field}.source")
        if there.data.get("users"):
            message = errors.in_use("disk", there.path, there.data["users"][0].partition("/v1/")[2])
            raise errors.ApiError(400, message, "resourceInUseByAnotherResource")
        path, disk = there.path, there.data
    else:
        path, made = _new_disk(call, machine, wanted["initializeParams"], index, f"{field}.initializeParams")
        disk = made
    architecture = "ARM64" if machine.split("-", maxsplit=1)[0] in catalog.ARM else "X86_64"
    if wanted.get("boot") and disk.get("architecture", architecture) != architecture:
        message = (
            f"The requested machine type's architecture ({architecture}) is not compatible with the architecture "
            f"({disk['architecture']}) of the boot disk."
        )
        raise errors.invalid(field, "", message)
    name = path.rpartition("/")[2]
    shown = {
        "kind": "compute#attachedDisk",
        "index": index,
        "type": "PERSISTENT",
        "mode": wanted.get("mode", "READ_WRITE"),
        "deviceName": wanted.get("deviceName") or (f"persistent-disk-{index}" if made else name),
        "boot": wanted.get("boot", False),
        # Of a disk that is made with the instance, too, the default is to keep it.
        "autoDelete": wanted.get("autoDelete", False),
        "interface": wanted.get("interface", "SCSI"),
        "diskSizeGb": disk["sizeGb"],
    }
    for key in ("guestOsFeatures", "licenses", "architecture"):
        shown |= {key: disk[key]} if key in disk else {}
    return shown, path, made


def _new_disk(call: Call, machine: str, wanted: dict[str, Any], index: int, field: str) -> tuple[str, dict[str, Any]]:
    name = wanted.get("diskName") or (call.body["name"] if index == 0 else f"{call.body['name']}-{index}")
    path = common.path_of(call, "disks", name)
    if call.cloud.world.find(path):
        raise errors.exists(path)
    image = wanted.get("sourceImage", "")
    if index == 0 and not image:
        raise errors.invalid(f"{field}.sourceImage", "", "A boot disk needs a source image.")
    fitting = catalog.disks_of(machine)
    size, kind, labels = (wanted.get(key, "") for key in ("diskSizeGb", "diskType", "labels"))
    data = disk_fields(call, call.params["zone"], image, size, kind, labels or {}, field, default=fitting[0])
    used = data["type"].rpartition("/")[2]
    if used not in fitting:
        raise errors.ApiError(
            400, f"[{machine}, {used}] features are not compatible for creating instance.", "badRequest"
        )
    return path, data
