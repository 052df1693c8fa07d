"""What Google Cloud must have and allow before instances can be made: all that is missing, at once."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

from ansible_collections.px.storage.plugins.module_utils.gcp import buckets, holdings, names, quotas
from ansible_collections.px.storage.plugins.module_utils.gcp.api import COMPUTE, IAM, PROJECTS, STORAGE
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import ApiError
from ansible_collections.px.storage.plugins.module_utils.gcp.instances import is_of, last

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

Check = dict[str, t.Any]
Shape = t.Mapping[str, t.Any]  # of a machine type

_NOT_FOUND, _FORBIDDEN = 404, 403
_TAKES_GPUS = ("n1-", "custom-")  # N1, and what of N1 is called otherwise
# What a cluster's whole life takes of the project. docs/google-cloud.md shows the same as a custom role, and a test
# holds the two together.
_COMPUTE = """
acceleratorTypes.list disks.create disks.get disks.setLabels firewalls.create firewalls.delete firewalls.get
firewalls.update globalOperations.get instances.create instances.delete instances.get instances.getGuestAttributes
instances.getSerialPortOutput instances.list instances.resume instances.setLabels instances.setMetadata
instances.setServiceAccount instances.setTags instances.start machineTypes.get machineTypes.list networks.create
networks.delete networks.get networks.updatePolicy projects.get regionOperations.get regions.get subnetworks.create
subnetworks.delete subnetworks.get subnetworks.use subnetworks.useExternalIp zoneOperations.get
"""
_ACCOUNTS = "serviceAccounts.actAs serviceAccounts.create serviceAccounts.delete serviceAccounts.get"
PERMISSIONS = (*(f"compute.{one}" for one in _COMPUTE.split()), *(f"iam.{one}" for one in _ACCOUNTS.split()))


class Wanted(t.NamedTuple):
    """What is to be made.

    `zones` are those to try, in order, empty for all of the region; `image` is the end of a link, projects/...
    """

    cluster: str
    hosts: t.Sequence[str]
    region: str
    zones: t.Sequence[str]
    machine_type: str
    image: str
    disk_gib: int
    spot: bool
    accelerators: t.Mapping[str, int]
    network: str
    given_network: str
    account: str
    buckets: t.Sequence[str]


def survey(api: Api, wanted: Wanted) -> tuple[list[Check], list[str]]:
    """Return all checks, and the zones that offer the machine type, in the order in which to try them."""
    project = _project(api)
    if project["state"] == "missing":
        # Whoever may not see it can ask what else is missing all the same.
        return [project, *_permissions(api, wanted)], []
    (machine, zones, shape), (own, strangers), *others = api.at_once(
        lambda: _machine_type(api, wanted),
        lambda: _namesakes(api, wanted),
        lambda: _permissions(api, wanted),
        lambda: _of("image", lambda: _image(api, wanted)),
        lambda: _of("network", lambda: _network(api, wanted)),
        lambda: _of("identity", lambda: _account(api, wanted)),
        *(lambda name=name: _bucket(api, name) for name in wanted.buckets),
    )
    quota = _of("quota", lambda: _quota(api, wanted, shape, own)) if zones else []
    return [project, *machine, *quota, *strangers, *(one for found in others for one in found)], zones


def ok(name: str, found: str) -> Check:
    """Return that something is as needed."""
    return {"name": name, "state": "ok", "found": found, "hint": None}


def missing(name: str, found: str, hint: str | None) -> Check:
    """Return that something keeps the hosts from being made."""
    return {"name": name, "state": "missing", "found": found, "hint": hint}


def _of(name: str, look: t.Callable[[], list[Check]]) -> list[Check]:
    try:
        return look()
    except ApiError as error:
        return [missing(name, error.message, error.hint)]


def _project(api: Api) -> Check:
    """Ask for the project by the API that all else needs too."""
    url = f"{COMPUTE}/projects/{api.project}"
    try:
        api.get(url, fields="name")
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return missing(
                "project", f"there is no project {api.project}", "gcloud projects list; then 'gcp: {project: ...}'"
            )
        if error.status == _FORBIDDEN and "compute.projects.get" in error.message:
            found = f"{api.project}: it is not there, or you may not see it ({error.message})"
            return missing("project", found, error.hint)
        return missing("project", error.message, error.hint)
    return ok("project", api.project)


def _machine_type(api: Api, wanted: Wanted) -> tuple[list[Check], list[str], Shape]:
    """Find the zones that offer the machine type, in the order in which to try them, and its shape."""
    try:
        every = _by_zone(api, "machineTypes", wanted.machine_type)
    except ApiError as error:
        return [missing("machine type", error.message, error.hint)], [], {}
    offers = sorted(zone for zone, types in every.items() if types)
    in_region = [zone for zone in offers if zone.rpartition("-")[0] == wanted.region]
    zones = [zone for zone in wanted.zones if zone in offers] if wanted.zones else in_region
    if unknown := [zone for zone in wanted.zones if zone not in every]:
        there = sorted(zone for zone in every if zone.rpartition("-")[0] == wanted.region)
        hint = f"zones of {wanted.region}: {', '.join(there)}"
        return [missing("zone", f"there is no zone {', '.join(unknown)}", hint)], [], {}
    if not zones:
        where = ", ".join(wanted.zones) or f"the region {wanted.region}"
        hint = (
            f"it is offered in {', '.join((in_region or offers)[:6])}"
            if offers
            else "gcloud compute machine-types list"
        )
        return [missing("machine type", f"{wanted.machine_type} is not offered in {where}", hint)], [], {}
    if wanted.accelerators:
        having, problem = _with_accelerator(api, wanted, zones, every[zones[0]][0])
        if problem:
            return [problem], [], {}
        zones = having
    return [ok("machine type", f"{wanted.machine_type} in {', '.join(zones)}")], zones, every[zones[0]][0]


def _by_zone(api: Api, kind: str, name: str) -> dict[str, list[Shape]]:
    """Return every zone with what it has of a kind by this name: one of it, or none."""
    pages = list(
        api.pages(f"{COMPUTE}/projects/{api.project}/aggregated/{kind}", filter=f"name={name}", maxResults=500)
    )
    return {last(zone): data.get(kind) or [] for page in pages for zone, data in (page.get("items") or {}).items()}


def _with_accelerator(api: Api, wanted: Wanted, zones: t.Sequence[str], shape: Shape) -> tuple[list[str], Check | None]:
    """Return the zones that have the GPU too; where none has, or it cannot be had so, what is to be said."""
    ((kind, count),) = wanted.accelerators.items()
    if problem := _unfit(wanted.machine_type, kind, count, quotas.built_in(shape)):
        return [], problem
    try:
        every = _by_zone(api, "acceleratorTypes", kind)
    except ApiError as error:
        return [], missing("GPU", error.message, error.hint)
    offers = sorted(zone for zone, types in every.items() if types)
    having = [zone for zone in zones if zone in offers]
    most = max((every[zone][0].get("maximumCardsPerInstance", count) for zone in having), default=count)
    if count > most:
        return [], missing("GPU", f"an instance has at most {most} {kind}, not {count}", "'count' below 'accelerator'")
    if having:
        return having, None
    where = ", ".join(wanted.zones) or f"the region {wanted.region}"
    near = [zone for zone in offers if zone.rpartition("-")[0] == wanted.region] or offers
    hint = f"it is offered in {', '.join(near[:6])}" if near else "gcloud compute accelerator-types list"
    return [], missing("GPU", f"{kind} is not offered in {where}", hint)


def _unfit(machine_type: str, kind: str, count: int, built_in: t.Mapping[str, int]) -> Check | None:
    """Say where a machine type takes no such GPUs: cloud.google.com/compute/docs/gpus/about-gpus."""
    if built_in:
        if built_in == {kind: count}:
            return None
        has = ", ".join(f"{many} {name}" for name, many in built_in.items())
        hint = "take 'accelerator' out, or name another machine_type"
        return missing("GPU", f"{machine_type} has {has}, and takes no {count} {kind}", hint)
    if machine_type.startswith(_TAKES_GPUS):
        return None
    return missing("GPU", f"{machine_type} takes no GPUs", "machine_type: n1-standard-8, or another of N1")


def _quota(api: Api, wanted: Wanted, shape: Shape, own: t.Sequence[t.Mapping[str, t.Any]]) -> list[Check]:
    accelerators = {**quotas.built_in(shape), **wanted.accelerators}
    order = quotas.Order(
        len(wanted.hosts), wanted.machine_type, shape["guestCpus"], wanted.disk_gib, wanted.spot, accelerators
    )
    region, project, (here, everywhere) = api.at_once(
        lambda: api.get(f"{COMPUTE}/projects/{api.project}/regions/{wanted.region}", fields="quotas"),
        lambda: api.get(f"{COMPUTE}/projects/{api.project}", fields="quotas"),
        lambda: holdings.of(api, own, wanted.region),
    )
    in_region, in_all = (
        quotas.beyond(quotas.in_region(order), here),
        quotas.beyond(quotas.everywhere(order), everywhere),
    )
    short = [
        *quotas.shortages(in_region, region.get("quotas") or [], wanted.region),
        *quotas.shortages(in_all, project.get("quotas") or [], "all regions"),
    ]
    hint = f"console.cloud.google.com/iam-admin/quotas?project={api.project} (ask for more), or fewer nodes"
    return [missing("quota", one, hint) for one in short] or [ok("quota", f"enough for {len(wanted.hosts)} more")]


def _permissions(api: Api, wanted: Wanted) -> list[Check]:
    """Ask for all permissions at once; where that API is switched off, what is missing shows when it is needed.

    Those on a network or an account that is there already may be had on these alone, and not on the project.
    """
    elsewhere = ("compute.networks.", "compute.subnetworks.") if wanted.given_network else ()
    elsewhere += ("iam.serviceAccounts.",) if wanted.account else ()
    needed = [one for one in PERMISSIONS if not one.startswith(elsewhere)]
    try:
        held = api.post(f"{PROJECTS}/{api.project}:testIamPermissions", {"permissions": needed})
    except ApiError:
        return []
    lacking = [one for one in needed if one not in (held.get("permissions") or [])]
    if not lacking:
        return [ok("permissions", f"all {len(needed)} that a cluster needs")]
    hint = (
        "the role of docs/google-cloud.md, to copy; or roles/compute.admin, roles/iam.serviceAccountAdmin"
        " and roles/iam.serviceAccountUser"
    )
    return [missing("permissions", ", ".join(lacking), hint)]


def _namesakes(api: Api, wanted: Wanted) -> tuple[list[dict[str, t.Any]], list[Check]]:
    """Find instances that have the names of hosts: those of the cluster, and what is to be said of the others."""
    try:
        every = list(api.aggregated("instances", f'name eq "{wanted.cluster}-[0-9]+"', holdings.FIELDS))
    except ApiError as error:
        return [], [missing("names", error.message, error.hint)]
    found = [one for one in every if one["name"] in wanted.hosts]
    return [one for one in found if is_of(one, wanted.cluster)], [
        missing(
            "names",
            f"the instance {one['name']} in {last(one['zone'])} is not of this cluster, and has the name of a host",
            "give the cluster another name: 'name' below 'cluster' in px.yaml",
        )
        for one in found
        if not is_of(one, wanted.cluster)
    ]


def _image(api: Api, wanted: Wanted) -> list[Check]:
    if not api.get(f"{COMPUTE}/{wanted.image.partition('/v1/')[2] or wanted.image}", may_miss=True, fields="name"):
        return [
            missing("image", f"there is no image {wanted.image}", "take 'image' out, or: gcloud compute images list")
        ]
    return [ok("image", wanted.image)]


def _network(api: Api, wanted: Wanted) -> list[Check]:
    name = wanted.given_network or wanted.network
    found = api.get(f"{COMPUTE}/projects/{api.project}/global/networks/{name}", may_miss=True)
    if wanted.given_network:
        return [] if found else [missing("network", f"there is no network {name}", "gcloud compute networks list")]
    if found and found.get("description") != names.description(wanted.cluster):
        hint = "give the cluster another name, or write 'gcp: {network: ...}' for a network that is there already"
        return [missing("network", f"there is a network {name} that is not of this cluster", hint)]
    return []


def _account(api: Api, wanted: Wanted) -> list[Check]:
    """See that a service account of the user's is there, and that IAM answers."""
    email = wanted.account or f"px-check@{api.project}.iam.gserviceaccount.com"
    found = api.get(f"{IAM}/projects/{api.project}/serviceAccounts/{email}", may_miss=True)
    if wanted.account and not found and wanted.account.partition("@")[2].startswith(f"{api.project}."):
        return [missing("identity", f"there is no service account {email}", "gcloud iam service-accounts list")]
    return []


def _bucket(api: Api, name: str) -> list[Check]:
    label = f"bucket {name}"
    try:
        found = api.get(f"{STORAGE}/b/{quote(name, safe='')}", fields="name,location")
    except ApiError as error:
        if error.status == _NOT_FOUND:
            return [missing(label, *buckets.missing(name, api.project))]
        if error.status == _FORBIDDEN:
            # The hosts' own right is what counts, and they try it before they mount.
            return [{"name": label, "state": "warning", "found": error.message, "hint": None}]
        return [missing(label, error.message, error.hint)]
    return [ok(label, f"in {found.get('location', '?')}")]
