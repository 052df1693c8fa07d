"""An instance as it will be, from what the call asks for; each mistake is refused in Google's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulators.gce import catalog, errors, links
from emulators.gce.compute import common
from emulators.gce.world import fingerprint

if TYPE_CHECKING:
    from emulators.gce.call import Call

MOST_OF_A_VALUE = 262144
MOST_OF_METADATA = 512 * 1024
MOST_TAGS = 64
_HOSTNAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+")
_PLATFORMS = {"e2": "Intel Broadwell", "n2": "Intel Cascade Lake", "n2d": "AMD Milan", "t2a": "Ampere Altra"}


def machine_type(call: Call, field: str = "resource.machineType") -> str:
    """Return the name of the machine type that a body asks for: there, and in this zone."""
    value = call.body.get("machineType", "")
    if not value:
        raise errors.invalid(field, "", "A machine type must be specified.")
    zone = call.params["zone"]
    path = links.parse(value, "machineTypes", call.project.id, field)
    name = path.rpartition("/")[2]
    if path.split("/")[3] != zone:
        raise errors.invalid(field, value, f"The machine type must be in the zone of the instance, '{zone}'.")
    if not catalog.machine_type(call.project.id, zone, name):
        message = f"Machine type with name '{name}' does not exist in zone '{zone}'."
        raise errors.invalid(field, value, message)
    return name


def accelerators(call: Call, machine: str) -> tuple[list[dict[str, Any]], list[tuple[str, int]]]:
    """Return the accelerators that the body asks for, and all that the machine has: (type, count)."""
    field, zone = "resource.guestAccelerators", call.params["zone"]
    shown, total = [], []
    if shape := catalog.shapes()[machine]:
        total += [(shape["gpu"], shape["gpus"])] if shape["gpu"] else []
    for index, one in enumerate(call.body.get("guestAccelerators", [])):
        value = one.get("acceleratorType", "")
        path = links.parse(value, "acceleratorTypes", call.project.id, f"{field}[{index}].acceleratorType")
        name = path.rpartition("/")[2]
        if path.split("/")[3] != zone or not catalog.accelerator_type(call.project.id, zone, name):
            raise errors.missing(f"{field}[{index}].acceleratorType", value, "acceleratorType")
        shown.append({"acceleratorType": links.link(path), "acceleratorCount": one.get("acceleratorCount", 1)})
        if total and total[0][0] == name:
            continue  # said again what the machine type brings
        if not machine.startswith("n1-"):
            message = f"[{machine}, {name}] features are not compatible for creating instance."
            raise errors.ApiError(400, message, "badRequest")
        total.append((name, _cards(index, name, one.get("acceleratorCount", 1))))
    return shown, total


def _cards(index: int, name: str, count: int) -> int:
    """Return a number of attached GPUs that an instance can have."""
    most = catalog.MOST_CARDS.get(name, 8)
    allowed = [number for number in (1, 2, 4, 8) if number <= most]
    if count not in allowed:
        field = f"resource.guestAccelerators[{index}].acceleratorCount"
        raise errors.invalid(field, str(count), f"Number of accelerator cards must be one of {allowed}.")
    return count


def scheduling(call: Call, *, has_gpu: bool) -> dict[str, Any]:
    """Return when it is restarted, moved and taken away."""
    wanted = call.body.get("scheduling", {})
    spot = wanted.get("provisioningModel") == "SPOT"
    preemptible = wanted.get("preemptible", spot)
    if preemptible and wanted.get("automaticRestart"):
        raise errors.ApiError(
            400, "Scheduling must have preemptible be false when AutomaticRestart is true.", "invalid"
        )
    if preemptible and wanted.get("onHostMaintenance") == "MIGRATE":
        message = "Scheduling must have preemptible be false when OnHostMaintenance isn't TERMINATE."
        raise errors.ApiError(400, message, "invalid")
    if has_gpu and wanted.get("onHostMaintenance", "MIGRATE" if not preemptible else "TERMINATE") == "MIGRATE":
        raise errors.ApiError(400, "Instances with guest accelerators do not support live migration.", "badRequest")
    if "instanceTerminationAction" in wanted and not spot and "maxRunDuration" not in wanted:
        message = "You cannot specify a termination action for a VM instance that has the standard provisioning model."
        raise errors.ApiError(400, message, "badRequest")
    data = {
        "automaticRestart": not preemptible,
        "onHostMaintenance": "TERMINATE" if preemptible else "MIGRATE",
        "preemptible": preemptible,
        "provisioningModel": "SPOT" if spot else "STANDARD",
    }
    data |= {"instanceTerminationAction": "STOP"} if spot else {}
    return data | wanted


def metadata(wanted: dict[str, Any], field: str = "resource.metadata") -> dict[str, Any]:
    items = wanted.get("items", [])
    keys = [one.get("key", "") for one in items]
    total = 0
    for index, one in enumerate(items):
        if not one.get("key"):
            raise errors.required(f"{field}.items[{index}].key")
        if keys.count(one["key"]) > 1:
            raise errors.invalid(f"{field}.items[{index}].key", one["key"], "Duplicate key.")
        size = len(one.get("value", "").encode())
        total += size
        if size > MOST_OF_A_VALUE:
            message = f"Value is too large: maximum size {MOST_OF_A_VALUE} character(s); actual size {size}."
            raise errors.ApiError(413, message, "uploadTooLarge", name="INVALID_ARGUMENT")
    if total > MOST_OF_METADATA:
        raise errors.invalid(field, "", f"Total size of metadata exceeds {MOST_OF_METADATA} bytes.")
    data = {"kind": "compute#metadata", "fingerprint": fingerprint("metadata", items)}
    return data | ({"items": [{"key": one["key"], "value": one.get("value", "")} for one in items]} if items else {})


def tags(wanted: dict[str, Any], field: str = "resource.tags") -> dict[str, Any]:
    items = wanted.get("items", [])
    if len(items) > MOST_TAGS:
        raise errors.invalid(f"{field}.items", "", f"At most {MOST_TAGS} tags are allowed.")
    for index, one in enumerate(items):
        if not re.fullmatch(common.NAME, one):
            raise errors.not_matching(f"{field}.items[{index}]", one, common.NAME)
    return {"fingerprint": fingerprint("tags", items), **({"items": items} if items else {})}


def service_accounts(wanted: list[dict[str, Any]], default: str) -> list[dict[str, Any]]:
    """Return the service account; that it is there, and may be used, the operation finds out."""
    if len(wanted) > 1:
        raise errors.invalid("resource.serviceAccounts", "", "At most one service account is allowed.")
    for one in wanted:
        if not one.get("scopes"):
            message = "Service accounts must have at least one scope."
            raise errors.invalid("resource.serviceAccounts[0].scopes", "", message)
        for index, scope in enumerate(one["scopes"]):
            if not scope.startswith("https://www.googleapis.com/auth/"):
                raise errors.invalid(f"resource.serviceAccounts[0].scopes[{index}]", scope, "Unknown scope.")
    email = [one.get("email", "default") for one in wanted]
    return [
        {"email": default if name == "default" else name, "scopes": one["scopes"]}
        for name, one in zip(email, wanted, strict=True)
    ]


def small_fields(call: Call, machine: str) -> dict[str, Any]:
    """Return what remains: flags, host name, shielded VM."""
    body = call.body
    if "hostname" in body and not _HOSTNAME.fullmatch(body["hostname"]):
        raise errors.invalid("resource.hostname", body["hostname"], "Must be a fully qualified domain name (RFC 1035).")
    shielded = {"enableSecureBoot": False, "enableVtpm": True, "enableIntegrityMonitoring": True}
    shielded |= body.get("shieldedInstanceConfig", {})
    if shielded["enableIntegrityMonitoring"] and not shielded["enableVtpm"]:
        message = "Integrity monitoring requires the vTPM."
        raise errors.invalid("resource.shieldedInstanceConfig", "", message)
    data = {key: body[key] for key in ("description", "hostname", "minCpuPlatform") if key in body}
    return data | {
        "canIpForward": body.get("canIpForward", False),
        "deletionProtection": body.get("deletionProtection", False),
        "shieldedInstanceConfig": shielded,
        "shieldedInstanceIntegrityPolicy": {"updateAutoLearnPolicy": True},
        "cpuPlatform": _PLATFORMS.get(machine.split("-", maxsplit=1)[0], "Unknown CPU Platform"),
        "startRestricted": False,
    }
