"""What Google has: zones, machine types, disk types, accelerators, images. From catalog.json.

The machine types and their zones are facts of 2026 (shapes of us-central1); images are the families of two projects.
"""

from __future__ import annotations

import functools
import json
import zlib
from pathlib import Path
from typing import Any

from emulators.gce.links import link, region_of

MADE = "2026-01-01T00:00:00.000-08:00"
_DATA = json.loads((Path(__file__).parent / "catalog.json").read_text(encoding="utf-8"))
REGIONS: dict[str, list[str]] = _DATA["regions"]
ZONES = [f"{region}-{letter}" for region, letters in REGIONS.items() for letter in letters]
# GPUs of which an instance has fewer than eight, or more.
MOST_CARDS = {"nvidia-tesla-t4": 4, "nvidia-tesla-a100": 16}
# Families that fit only certain disks, and of other architecture than x86.
ARM = ("t2a", "c4a")
_HYPERDISK = ("hyperdisk-balanced", "hyperdisk-extreme", "hyperdisk-throughput")
_DISKS = {
    **dict.fromkeys(("c4", "c4a", "n4", "g4"), _HYPERDISK),
    "c3": ("pd-balanced", "pd-ssd", *_HYPERDISK),
    "a3": ("pd-balanced", "pd-ssd", *_HYPERDISK),
    "g2": ("pd-balanced", "pd-ssd", *_HYPERDISK),
}
_PD = ("pd-standard", "pd-balanced", "pd-ssd", "pd-extreme")
DISK_TYPES = (*_PD, *_HYPERDISK)


def _id(path: str) -> str:
    return str(10**15 + zlib.crc32(path.encode()))


def _resource(path: str, kind: str, **more: Any) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    common = {"kind": f"compute#{kind}", "id": _id(path), "creationTimestamp": MADE}
    return {**common, "name": name, "selfLink": link(path), **more}


def zone(project: str, name: str) -> dict[str, Any]:
    region = link(f"projects/{project}/regions/{region_of(name)}")
    more = {"description": name, "status": "UP", "region": region, "supportsPzs": False}
    return _resource(f"projects/{project}/zones/{name}", "zone", **more)


def region(project: str, name: str, quotas: list[dict[str, Any]]) -> dict[str, Any]:
    zones = [link(f"projects/{project}/zones/{one}") for one in ZONES if region_of(one) == name]
    more = {"description": name, "status": "UP", "zones": zones, "quotas": quotas}
    return _resource(f"projects/{project}/regions/{name}", "region", **more)


@functools.cache
def shapes() -> dict[str, dict[str, Any]]:
    """Return machine type -> cpus, memory in MiB, accelerators, zones."""
    result = {}
    for name, cpus, memory, gpu, count in _DATA["machine_types"]:
        family = name.split("-")[0]
        zones = [one for one in ZONES if one in _DATA["families"].get(family, ZONES)]
        result[name] = {"cpus": cpus, "memory": int(memory * 1024), "gpu": gpu, "gpus": count, "zones": zones}
    return result


def machine_type(project: str, place: str, name: str) -> dict[str, Any] | None:
    """Return a machine type as a zone has it."""
    shape = shapes().get(name)
    if shape is None or place not in shape["zones"]:
        return None
    more: dict[str, Any] = {
        "description": f"{shape['cpus']} vCPUs, {shape['memory'] / 1024:g} GB RAM",
        "guestCpus": shape["cpus"],
        "memoryMb": shape["memory"],
        "imageSpaceGb": 0,
        "maximumPersistentDisks": 128,
        "maximumPersistentDisksSizeGb": "263168",
        "zone": place,
        "isSharedCpu": name in ("e2-micro", "e2-small", "e2-medium"),
        "architecture": "ARM64" if name.split("-", maxsplit=1)[0] in ARM else "X86_64",
    }
    if shape["gpu"]:
        more["accelerators"] = [{"guestAcceleratorType": shape["gpu"], "guestAcceleratorCount": shape["gpus"]}]
    return _resource(f"projects/{project}/zones/{place}/machineTypes/{name}", "machineType", **more)


def disk_type(project: str, place: str, name: str) -> dict[str, Any] | None:
    if name not in DISK_TYPES:
        return None
    more = {"description": name, "validDiskSize": "10GB-65536GB", "defaultDiskSizeGb": "100"}
    more["zone"] = link(f"projects/{project}/zones/{place}")
    return _resource(f"projects/{project}/zones/{place}/diskTypes/{name}", "diskType", **more)


def accelerator_type(project: str, place: str, name: str) -> dict[str, Any] | None:
    if place not in _DATA["accelerators"].get(name, []):
        return None
    most = MOST_CARDS.get(name, 8)
    more = {"description": name, "maximumCardsPerInstance": most, "zone": link(f"projects/{project}/zones/{place}")}
    return _resource(f"projects/{project}/zones/{place}/acceleratorTypes/{name}", "acceleratorType", **more)


def accelerators() -> list[str]:
    return sorted(_DATA["accelerators"])


def disks_of(machine: str) -> tuple[str, ...]:
    """Return the disk types that fit a machine type, the one that it gets unasked first."""
    return _DISKS.get(machine.split("-", maxsplit=1)[0], _PD)


@functools.cache
def images() -> dict[str, dict[str, Any]]:
    """Return path -> image."""
    result = {}
    for project, families in _DATA["images"].items():
        for family, (name, architecture, size) in families.items():
            path = f"projects/{project}/global/images/{name}"
            more = {
                "family": family,
                "architecture": architecture,
                "diskSizeGb": str(size),
                "status": "READY",
                "sourceType": "RAW",
                "archiveSizeBytes": str(size * 100_000_000),
                "guestOsFeatures": [{"type": one} for one in ("UEFI_COMPATIBLE", "VIRTIO_SCSI_MULTIQUEUE", "GVNIC")],
                "licenses": [link(f"projects/{project}/global/licenses/{family}")],
                "storageLocations": ["us"],
                "labelFingerprint": "42WmSpB8rSM=",
            }
            result[path] = _resource(path, "image", **more)
    return result


def image(path: str) -> dict[str, Any] | None:
    """Return an image by its path, or by its family's."""
    if "/family/" in path:
        project, _, family = path.removeprefix("projects/").partition("/global/images/family/")
        entry = _DATA["images"].get(project, {}).get(family)
        return images()[f"projects/{project}/global/images/{entry[0]}"] if entry else None
    return images().get(path)
