"""What the hosts of a cluster share: network, firewall rule, service account, and its right on the buckets."""

from __future__ import annotations

import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import buckets, names
from ansible_collections.px.storage.plugins.module_utils.gcp.api import COMPUTE, IAM
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import ApiError

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

Found = t.Mapping[str, t.Any]


class Wanted(t.NamedTuple):
    """What a cluster is to share.

    `network` is the name of its own; `given` that of a network of the user's, which then takes its place. `account` is
    the address of its own service account, empty where the user gave one; `sources` are the ranges of SSH, empty where
    they are not known. `buckets` is bucket -> role.
    """

    cluster: str
    network: str
    given: str
    account: str
    sources: tuple[str, ...]
    buckets: t.Mapping[str, str]


class Survey(t.NamedTuple):
    """What there is.

    `things` go by `name`, and their `state` is `running`, or `incomplete` where a part is missing or differs. `regions`
    are those in which the cluster's own network has a subnetwork. `strangers` are things that have the names of the
    cluster's and that somebody else has made: kind (network, rule, identity) -> name.
    """

    things: list[dict[str, str]]
    regions: list[str]
    strangers: dict[str, str]


def survey(api: Api, wanted: Wanted) -> Survey:
    """Look at all that the hosts share."""
    compute = f"{COMPUTE}/projects/{api.project}"
    account = f"{IAM}/projects/{api.project}/serviceAccounts/{wanted.account}"

    def get(link: str) -> t.Callable[[], Found]:
        return lambda: api.get(link, may_miss=True) if link else {}

    own = not wanted.given
    network, rule, identity = api.at_once(
        get(f"{compute}/global/networks/{wanted.network}" if own else ""),
        get(f"{compute}/global/firewalls/{wanted.network}-ssh"),
        get(account if wanted.account else ""),
    )
    called = {"network": wanted.network, "rule": f"{wanted.network}-ssh", "identity": wanted.account}
    found = {"network": network, "rule": rule, "identity": identity}
    strangers = {kind: called[kind] for kind, one in found.items() if one and not _if_own(wanted, one)}
    network, rule, identity = (_if_own(wanted, one) for one in (network, rule, identity))
    regions = sorted({link.split("/")[-3] for link in network.get("subnetworks") or []})
    parts = [network, regions, rule] if own else [rule]
    return Survey([*_network(wanted, parts, rule), *_identity(api, wanted, identity)], regions, strangers)


def _if_own(wanted: Wanted, found: Found) -> Found:
    """Return what is the cluster's: a thing of this name that somebody else has made is none of it."""
    words = (found.get("description"), found.get("displayName"))
    return found if names.description(wanted.cluster) in words else {}


def _network(wanted: Wanted, parts: t.Sequence[t.Any], rule: Found) -> t.Iterator[dict[str, str]]:
    if not any(parts):
        return
    right = not wanted.sources or set(rule.get("sourceRanges") or []) == set(wanted.sources)
    name = f"network rule {wanted.network}-ssh" if wanted.given else f"network {wanted.network}"
    yield {"name": name, "state": "running" if all(parts) and right else "incomplete"}


def _identity(api: Api, wanted: Wanted, account: Found) -> t.Iterator[dict[str, str]]:
    if not account:
        return
    member = f"serviceAccount:{wanted.account}"
    granted = api.at_once(*(_is_granted(api, bucket, role, member) for bucket, role in wanted.buckets.items()))
    yield {"name": f"identity {wanted.account}", "state": "running" if all(granted) else "incomplete"}


def _is_granted(api: Api, bucket: str, role: str, member: str) -> t.Callable[[], bool]:
    """Return what says whether a right is there; who may not look takes it to be, and the hosts will try it."""

    def look() -> bool:
        try:
            return buckets.grants(buckets.policy_of(api, bucket), role, member)
        except ApiError:
            return True

    return look
