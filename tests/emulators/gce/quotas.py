"""Quotas: what a project may have in a region and altogether, and what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import catalog, errors
from emulators.gce.links import region_of
from emulators.gce.operations import OperationError

if TYPE_CHECKING:
    from emulators.gce.world import Resource, World

# Families whose CPUs count by themselves, and those that are in no region's quotas (Google counts them elsewhere, as
# CPUS_PER_VM_FAMILY); all others count as CPUS.
_OWN_CPUS = ("n2", "n2d", "c2", "c3", "t2d", "t2a", "a2", "m1")
_NOT_HERE = ("c4", "c4a", "n4", "g4")
_GPUS = {
    "nvidia-tesla-t4": "NVIDIA_T4_GPUS",
    "nvidia-l4": "NVIDIA_L4_GPUS",
    "nvidia-tesla-a100": "NVIDIA_A100_GPUS",
    "nvidia-a100-80gb": "NVIDIA_A100_80GB_GPUS",
}
_METRICS = {
    *(f"{one.upper()}_CPUS" for one in _OWN_CPUS),
    *_GPUS.values(),
    *(f"PREEMPTIBLE_{one}" for one in _GPUS.values()),
}
# Generous where a test has not said otherwise, but for GPUs, of which a new account has none.
REGION = {
    "CPUS": 2400.0,
    "DISKS_TOTAL_GB": 409600.0,
    "SSD_TOTAL_GB": 409600.0,
    "IN_USE_ADDRESSES": 2300.0,
    "STATIC_ADDRESSES": 700.0,
    "INSTANCES": 6000.0,
} | {name: 0.0 if "GPUS" in name else 2400.0 for name in sorted(_METRICS)}
PROJECT = {
    "CPUS_ALL_REGIONS": 2400.0,
    "GPUS_ALL_REGIONS": 0.0,
    "NETWORKS": 50.0,
    "SUBNETWORKS": 400.0,
    "FIREWALLS": 500.0,
}
Usage = dict[tuple[str, str], float]  # (metric, region; "": globally) -> how much


class Quotas:
    """The quotas of all projects, which are the same."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._limits: dict[tuple[str, str], float] = {}
        self._promised: dict[str, Usage] = {}  # instances on their way

    def limit(self, metric: str, value: float, region: str = "") -> None:
        """Set a limit: of a region, or without one of the metric in all regions or globally."""
        assert metric in REGION or metric in PROJECT, metric
        self._limits[metric, region] = value

    def _limit(self, metric: str, region: str) -> float:
        default = (REGION if region else PROJECT)[metric]
        return self._limits.get((metric, region), self._limits.get((metric, ""), default))

    def of_region(self, project: str, region: str) -> list[dict[str, Any]]:
        return self._shown(project, region, REGION)

    def of_project(self, project: str) -> list[dict[str, Any]]:
        return self._shown(project, "", PROJECT)

    def _shown(self, project: str, region: str, metrics: dict[str, float]) -> list[dict[str, Any]]:
        used = self._used(project)
        return [
            {"metric": name, "limit": self._limit(name, region), "usage": used.get((name, region), 0.0)}
            for name in metrics
        ]

    def _used(self, project: str, but: str = "") -> Usage:
        total: Usage = {}
        for path, usage in self._promised.items():
            if path.split("/")[1] == project:
                _sum(total, usage)
        for one in self._world.where(lambda one: one.path.split("/")[1] == project):
            if one.path not in (but, *self._promised):
                _sum(total, usage_of(one))
        return total

    def promise(self, path: str, usage: Usage) -> OperationError | None:
        """Set aside what an instance takes; return the error with which its operation will end where it is too much."""
        error = self._exceeded(path, usage)
        if error is None:
            self._promised[path] = usage
        return error

    def release(self, path: str) -> None:
        self._promised.pop(path, None)

    def _exceeded(self, path: str, more: Usage) -> OperationError | None:
        used = self._used(path.split("/")[1], but=path)
        for (metric, region), amount in more.items():
            limit = self._limit(metric, region)
            if used.get((metric, region), 0.0) + amount > limit:
                where = f"in region {region}" if region else "globally"
                message = f"Quota '{metric}' exceeded.  Limit: {limit:.1f} {where}."
                return OperationError("QUOTA_EXCEEDED", message, 403, _details(metric, region, limit))
        return None

    def require(self, project: str, metric: str) -> None:
        """Refuse at once one more of what is counted globally."""
        limit = self._limit(metric, "")
        if self._used(project).get((metric, ""), 0.0) + 1 > limit:
            message = f"Quota '{metric}' exceeded.  Limit: {limit:.1f} globally."
            raise errors.ApiError(403, message, "quotaExceeded")


def _details(metric: str, region: str, limit: float) -> list[dict[str, Any]]:
    name = f"{metric.replace('_', '-')}-per-project{'-region' if region else ''}"
    info: dict[str, Any] = {"metricName": f"compute.googleapis.com/{metric.lower()}", "limitName": name, "limit": limit}
    info |= {"dimensions": {"region": region}} if region else {"dimensions": {}}
    help_link = {"description": "The request exceeds your quota.", "url": "https://cloud.google.com/docs/quotas"}
    return [{"quotaInfo": info}, {"help": {"links": [help_link]}}]


def _sum(total: Usage, more: Usage) -> None:
    for key, amount in more.items():
        total[key] = total.get(key, 0.0) + amount


def of_machine(machine: str, accelerators: list[tuple[str, int]], region: str, *, spot: bool) -> Usage:
    """Return what the CPUs and GPUs of a machine count."""
    shape = catalog.shapes()[machine]
    family = machine.split("-", maxsplit=1)[0]
    usage: Usage = {("CPUS_ALL_REGIONS", ""): shape["cpus"], ("INSTANCES", region): 1}
    if family not in _NOT_HERE:
        usage[f"{family.upper()}_CPUS" if family in _OWN_CPUS else "CPUS", region] = shape["cpus"]
    for name, count in accelerators:
        usage["GPUS_ALL_REGIONS", ""] = count
        if name in _GPUS:
            usage[f"PREEMPTIBLE_{_GPUS[name]}" if spot else _GPUS[name], region] = count
    return usage


def usage_of(one: Resource) -> Usage:
    """Return what a resource counts."""
    place = one.scope.rpartition("/")[2]
    region = region_of(place) if one.scope.startswith("zones/") else place
    if one.collection == "instances":
        running = one.data.get("status") not in ("TERMINATED", "STOPPING", "SUSPENDED")
        return one.hidden["usage"] if running else {("INSTANCES", region): 1}
    if one.collection == "disks":
        metric = "DISKS_TOTAL_GB" if one.data["type"].endswith("pd-standard") else "SSD_TOTAL_GB"
        return {(metric, region): float(one.data["sizeGb"])}
    if one.collection == "addresses":
        return {("STATIC_ADDRESSES", region): 1} if region else {}
    if one.collection in ("networks", "subnetworks", "firewalls"):
        return {(one.collection.upper(), ""): 1}
    return {}
