"""What instances hold of the quotas: a host that is made anew or started needs only what is beyond that."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import quotas
from ansible_collections.px.storage.plugins.module_utils.gcp.api import COMPUTE
from ansible_collections.px.storage.plugins.module_utils.gcp.instances import STATES, last

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

FIELDS = "name,zone,labels,status,machineType,scheduling/preemptible,guestAccelerators,disks/diskSizeGb"
# What one that is stopped holds all the same.
_STOPPED = ("INSTANCES", "SSD_TOTAL_GB")


def of(api: Api, instances: t.Sequence[t.Mapping[str, t.Any]], region: str) -> tuple[quotas.Need, quotas.Need]:
    """Return what instances hold of a region's quotas, and of the project's."""
    here: collections.Counter[str] = collections.Counter()
    everywhere: collections.Counter[str] = collections.Counter()
    links = sorted({one["machineType"].partition("/v1/")[2] for one in instances})
    shapes = dict(zip(links, api.at_once(*(_shape(api, link) for link in links)), strict=True))
    for one in instances:
        order = _order(one, shapes[one["machineType"].partition("/v1/")[2]])
        runs = STATES.get(one["status"]) in ("running", "starting")
        if last(one["zone"]).rpartition("-")[0] == region:
            here.update(
                {metric: held for metric, held in quotas.in_region(order).items() if runs or metric in _STOPPED}
            )
        if runs:
            everywhere.update(quotas.everywhere(order))
    return dict(here), dict(everywhere)


def _shape(api: Api, link: str) -> t.Callable[[], dict[str, t.Any]]:
    return lambda: api.get(f"{COMPUTE}/{link}", may_miss=True)


def _order(instance: t.Mapping[str, t.Any], shape: t.Mapping[str, t.Any]) -> quotas.Order:
    gpus = {last(one["acceleratorType"]): one["acceleratorCount"] for one in instance.get("guestAccelerators") or []}
    return quotas.Order(
        count=1,
        machine_type=last(instance["machineType"]),
        cpus=shape.get("guestCpus", 0),
        disk_gib=sum(int(one.get("diskSizeGb") or 0) for one in instance.get("disks") or []),
        spot=bool((instance.get("scheduling") or {}).get("preemptible")),
        accelerators=gpus or quotas.built_in(shape),
    )
