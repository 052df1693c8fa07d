"""What the hosts of a cluster share: network, firewall rule, service account, and its right on the buckets."""

from __future__ import annotations

import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import buckets, names
from ansible_collections.px.storage.plugins.module_utils.gcp.api import COMPUTE, IAM
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import ApiError
from ansible_collections.px.storage.plugins.module_utils.gcp.instances import last

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

Found = t.Mapping[str, t.Any]

_FORBIDDEN = 403


class Wanted(t.NamedTuple):
    """What a cluster is to share.

    `network` is the name of its own, `account` the address of its own service account. `given` is a network of the
    user's in place of its own one, and `given_account` says that an account of the user's takes the place of its own;
    its own ones may be there from before, until `destroy` removes them. `sources` are the ranges of SSH, empty where
    they are not known. `buckets` is bucket -> role.
    """

    cluster: str
    network: str
    given: str
    account: str
    given_account: bool
    sources: tuple[str, ...]
    buckets: t.Mapping[str, str]


class Survey(t.NamedTuple):
    """What there is.

    `things` go by `name`, and their `state` is `running`, or `incomplete` where a part is missing or differs. `regions`
    are those in which the cluster's own network has a subnetwork. `own` are the kinds (network, rule, identity) that it
    has of its own. `strangers` are things that have the names of the cluster's and that somebody else has made: kind ->
    name; `in_the_way` are those of them that the cluster needs. `rule_elsewhere`: its firewall rule is in another
    network than its hosts are to be.
    """

    things: list[dict[str, str]]
    regions: list[str]
    own: list[str]
    strangers: dict[str, str]
    in_the_way: dict[str, str]
    rule_elsewhere: bool


def survey(api: Api, wanted: Wanted) -> Survey:
    """Look at all that the hosts share."""
    compute = f"{COMPUTE}/projects/{api.project}"
    account = f"{IAM}/projects/{api.project}/serviceAccounts/{wanted.account}"

    needed = {"network": not wanted.given, "rule": True, "identity": not wanted.given_account}
    network, rule, identity = api.at_once(
        _get(api, f"{compute}/global/networks/{wanted.network}", needed=needed["network"]),
        _get(api, f"{compute}/global/firewalls/{wanted.network}-ssh", needed=needed["rule"]),
        _get(api, account, needed=needed["identity"]),
    )
    called = {"network": wanted.network, "rule": f"{wanted.network}-ssh", "identity": wanted.account}
    found = {"network": network, "rule": rule, "identity": identity}
    own = [kind for kind, one in found.items() if _if_own(wanted, one)]
    strangers = {kind: called[kind] for kind, one in found.items() if one and kind not in own}
    network, rule, identity = (_if_own(wanted, one) for one in (network, rule, identity))
    regions = sorted({link.split("/")[-3] for link in network.get("subnetworks") or []})
    return Survey(
        things=[*_network(wanted, network, regions, rule), *_identity(api, wanted, identity)],
        regions=regions,
        own=own,
        strangers=strangers,
        in_the_way={kind: name for kind, name in strangers.items() if needed[kind]},
        rule_elsewhere=bool(rule) and not _is_in_place(wanted, rule),
    )


def _get(api: Api, link: str, *, needed: bool) -> t.Callable[[], Found]:
    """Return what gets a thing, {} for none; of what is not needed whoever may not look has none."""

    def get() -> Found:
        try:
            return api.get(link, may_miss=True)
        except ApiError as error:
            if needed or error.status != _FORBIDDEN:
                raise
            return {}

    return get


def _if_own(wanted: Wanted, found: Found) -> Found:
    """Return what is the cluster's: a thing of this name that somebody else has made is none of it."""
    words = (found.get("description"), found.get("displayName"))
    return found if names.description(wanted.cluster) in words else {}


def _network(wanted: Wanted, network: Found, regions: list[str], rule: Found) -> t.Iterator[dict[str, str]]:
    open_as_wanted = not wanted.sources or set(rule.get("sourceRanges") or []) == set(wanted.sources)
    right = open_as_wanted and _is_in_place(wanted, rule)
    if wanted.given:
        # Its own one is from before; with it, that the rule is missing has to be said.
        if network:
            yield {"name": f"network {wanted.network}", "state": "running"}
        if network or rule:
            yield {"name": f"network rule {wanted.network}-ssh", "state": "running" if right else "incomplete"}
    elif network or rule:
        whole = network and regions and right  # a rule that is missing is in no place
        yield {"name": f"network {wanted.network}", "state": "running" if whole else "incomplete"}


def _is_in_place(wanted: Wanted, rule: Found) -> bool:
    return last(rule.get("network", "")) == (wanted.given or wanted.network)


def _identity(api: Api, wanted: Wanted, account: Found) -> t.Iterator[dict[str, str]]:
    if not account:
        return
    if wanted.given_account:
        yield {"name": f"identity {wanted.account}", "state": "running"}
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
