"""Instances as Compute Engine shows them, as hosts of a cluster."""

from __future__ import annotations

import hashlib
import time
import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import names
from ansible_collections.px.storage.plugins.module_utils.gcp.api import COMPUTE
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

FIELDS = (
    "name,zone,status,machineType,labels,metadata/items,scheduling,disks(boot,diskSizeGb),guestAccelerators,"
    "networkInterfaces(network,subnetwork,networkIP,accessConfigs/natIP),serviceAccounts/email"
)
# cloud.google.com/compute/docs/instances/instance-lifecycle
STATES = {
    "RUNNING": "running",
    "PROVISIONING": "starting",
    "STAGING": "starting",
    "REPAIRING": "starting",
    "STOPPING": "stopping",
    "PENDING_STOP": "stopping",
    "SUSPENDING": "stopping",
}
_LEAVES_WITHIN = 180


def of_cluster(api: Api, cluster: str, name: str = "") -> list[dict[str, t.Any]]:
    """Return the instances with the cluster's label. One that is stopping may be on its way out: that is waited for.

    Raises:
        GcpError: where there is one of this name, in whatever zone, that is not the cluster's.
    """
    until = time.monotonic() + _LEAVES_WITHIN
    wanted = f"labels.{names.LABEL}={cluster}"
    while True:
        every = list(api.aggregated("instances", f"({wanted}) OR (name={name})" if name else wanted, FIELDS))
        found = [one for one in every if is_of(one, cluster)]
        for one in every:
            if one not in found and one["name"] == name:
                raise foreign(name, last(one["zone"]))
        if all(STATES.get(one["status"]) != "stopping" for one in found) or time.monotonic() > until:
            return found
        time.sleep(2)


def is_of(instance: t.Mapping[str, t.Any], cluster: str) -> bool:
    """Tell whether an instance is a cluster's."""
    return (instance.get("labels") or {}).get(names.LABEL) == cluster


def foreign(name: str, zone: str) -> GcpError:
    """Return the error of an instance that has the name of a host, and is none."""
    return GcpError(
        f"there is an instance {name} in {zone} that is not of this cluster",
        "give the cluster another name: 'name' below 'cluster' in px.yaml",
    )


def host(instance: t.Mapping[str, t.Any], network: str = "", account: str = "") -> dict[str, t.Any]:
    """Return an instance as `list` returns a host; `network` and `account` are the names of the cluster's own ones."""
    boot = _first(one for one in instance.get("disks") or [] if one.get("boot"))
    interface = _first(instance.get("networkInterfaces"))
    email = _first(instance.get("serviceAccounts")).get("email", "none")
    theirs = last(interface.get("network", "none"))
    metadata = metadata_of(instance)
    zone = last(instance["zone"])
    user, _, key = metadata.get(names.SSH_KEYS, "").strip().partition(":")
    script = metadata.get(names.STARTUP, "").rstrip()
    return {
        "name": instance["name"],
        "state": STATES.get(instance["status"], "stopped"),
        "address": address(instance),
        "machine_type": last(instance["machineType"]),
        "image": metadata.get(names.IMAGE),
        "zone": zone,
        "region": zone.rpartition("-")[0],
        "disk_gib": int(boot["diskSizeGb"]) if boot.get("diskSizeGb") else None,
        "spot": bool((instance.get("scheduling") or {}).get("preemptible")),
        "key": key or None,
        "ssh_user": user or None,
        "labels": {
            key: value
            for key, value in (instance.get("labels") or {}).items()
            if key not in (names.LABEL, names.HOST_LABEL)
        },
        "startup": hashlib.sha256(script.encode()).hexdigest() if script else "",
        "accelerator": _accelerators(instance),
        "network": names.OWN if theirs == network else theirs,
        "subnetwork": last(interface.get("subnetwork", "none")),
        "service_account": names.OWN if email == account else email,
    }


def _first(found: t.Iterable[t.Mapping[str, t.Any]] | None) -> t.Mapping[str, t.Any]:
    return next(iter(found or []), {})


def _accelerators(instance: t.Mapping[str, t.Any]) -> str:
    gpus = instance.get("guestAccelerators") or []
    return ", ".join(f"{one['acceleratorCount']} x {last(one['acceleratorType'])}" for one in gpus) or "none"


def address(instance: t.Mapping[str, t.Any]) -> str | None:
    """Return where an instance is reached from outside, or else from inside; None while it is stopped."""
    for interface in instance.get("networkInterfaces") or []:
        for access in interface.get("accessConfigs") or []:
            if access.get("natIP"):
                return str(access["natIP"])
        if interface.get("networkIP") and not interface.get("accessConfigs"):
            return str(interface["networkIP"])
    return None


def metadata_of(instance: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return an instance's metadata by key."""
    return {one["key"]: one.get("value", "") for one in (instance.get("metadata") or {}).get("items") or []}


def url(api: Api, zone: str, name: str) -> str:
    """Return an instance's address in the API."""
    return f"{COMPUTE}/projects/{api.project}/zones/{zone}/instances/{name}"


def console(api: Api, link: str, count: int = 15) -> list[str]:
    """Return the last lines of an instance's serial console."""
    text = api.get(f"{link}/serialPort", may_miss=True, port=1).get("contents") or ""
    lines = ("".join(char for char in line if char.isprintable()).strip() for line in text.splitlines())
    return [line for line in lines if line][-count:]


def last(link: str) -> str:
    """Return the name at the end of a link."""
    return link.rpartition("/")[2]
