"""Whether the project's quotas are enough for so many instances more."""

from __future__ import annotations

import re
import typing as t

# cloud.google.com/compute/resource-usage: families whose CPUs count by themselves; those whose CPUs are in no quota
# that this API shows; all others count as CPUS.
_OWN_CPUS = ("n2", "n2d", "c2", "c2d", "c3", "t2d", "t2a", "a2", "m1", "m2")
_NOT_SHOWN = ("c4", "c4a", "c4d", "n4", "n4a", "n4d", "g4", "a3", "a4", "h3", "h4d", "z3", "x4", "m3", "m4")
_GPUS = {
    "nvidia-tesla-t4": "NVIDIA_T4_GPUS",
    "nvidia-tesla-p4": "NVIDIA_P4_GPUS",
    "nvidia-tesla-p100": "NVIDIA_P100_GPUS",
    "nvidia-tesla-v100": "NVIDIA_V100_GPUS",
    "nvidia-l4": "NVIDIA_L4_GPUS",
    "nvidia-tesla-a100": "NVIDIA_A100_GPUS",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
}

Need = dict[str, float]


class Order(t.NamedTuple):
    """So many instances of a kind, with a boot disk each; `accelerators` is type -> how many each has."""

    count: int
    machine_type: str
    cpus: int
    disk_gib: int
    spot: bool
    accelerators: t.Mapping[str, int]


def family(machine_type: str) -> str:
    """Return the family of a machine type: n2d of n2d-standard-4."""
    return machine_type.partition("-")[0]


def in_region(order: Order) -> Need:
    """Return what an order takes of a region's quotas: metric -> how much."""
    need: Need = {"INSTANCES": order.count, "IN_USE_ADDRESSES": order.count}
    series = family(order.machine_type)
    if series not in _NOT_SHOWN:
        need[f"{series.upper()}_CPUS" if series in _OWN_CPUS else "CPUS"] = order.count * order.cpus
    need["SSD_TOTAL_GB"] = order.count * order.disk_gib
    for kind, each in order.accelerators.items():
        if metric := _GPUS.get(re.sub("-vws$", "", kind)):
            need[f"PREEMPTIBLE_{metric}" if order.spot else metric] = order.count * each
    return need


def everywhere(order: Order) -> Need:
    """Return what an order takes of the project's quotas."""
    need: Need = {"CPUS_ALL_REGIONS": order.count * order.cpus}
    if gpus := sum(order.accelerators.values()) * order.count:
        need["GPUS_ALL_REGIONS"] = gpus
    return need


def built_in(shape: t.Mapping[str, t.Any]) -> dict[str, int]:
    """Return the accelerators that a machine type has by itself: type -> how many."""
    return {one["guestAcceleratorType"]: one["guestAcceleratorCount"] for one in shape.get("accelerators") or []}


def beyond(need: Need, held: t.Mapping[str, float]) -> Need:
    """Return what is needed beyond what is held already."""
    more = {metric: wanted - held.get(metric, 0) for metric, wanted in need.items()}
    return {metric: wanted for metric, wanted in more.items() if wanted > 0}


def shortages(need: Need, quotas: t.Iterable[t.Mapping[str, t.Any]], where: str) -> t.Iterator[str]:
    """Yield in words what the quotas of a region or a project, as the API shows them, do not allow."""
    shown = {one["metric"]: one for one in quotas}
    for metric, wanted in need.items():
        quota = shown.get(metric)
        if quota and quota["usage"] + wanted > quota["limit"]:
            free = max(quota["limit"] - quota["usage"], 0)
            yield f"{metric} in {where}: {wanted:g} more are needed, {free:g} of {quota['limit']:g} are free"
