"""What the hosts of one cluster share: the network and the bucket servers."""

from __future__ import annotations

import shutil
import typing as t

from ansible_collections.px.storage.plugins.module_utils.local import bucket_server, network, record
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Bucket
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.machine import Machine
from ansible_collections.px.storage.plugins.module_utils.local.service import Service


def converge(
    layout: record.Layout, buckets: list[dict[str, t.Any]], cache_dir: str
) -> tuple[list[str], dict[str, t.Any]]:
    """Bring up the network and the servers with their buckets.

    `buckets` holds `store`, `name` and `port` of each bucket to serve, and `account` where the store has accounts.
    `cache_dir` is where servers are kept that no package brings. Returns what was done, as sentences, and the network
    record.
    """
    done = []
    wanted = _by_store(layout, buckets)
    fresh = record.read(layout.record) is None
    entry = network.choose(layout)
    if network.bring_up(entry):
        done.append(f"{'made' if fresh else 'brought back'} the network {entry['subnet']} on {entry['bridge']}")
    try:
        done += _converge_servers(layout, network.gateway(entry), wanted, cache_dir)
    except LocalError:
        if fresh:  # nothing half-made stays
            remove(layout, purge=False)
        raise
    return done, entry


class _Wanted(t.NamedTuple):
    """One store's server, as it is wanted."""

    port: int
    buckets: list[Bucket]


def _by_store(layout: record.Layout, buckets: list[dict[str, t.Any]]) -> dict[str, _Wanted]:
    """Return store -> what is wanted of its server; raises LocalError for what cannot be, before anything is made."""
    wanted: dict[str, _Wanted] = {}
    for one in buckets:
        store, name, port, account = one["store"], one["name"], one["port"], one.get("account") or ""
        kind = bucket_server.Server(layout, store).kind
        if bool(account) != kind.HAS_ACCOUNTS:
            lacks = "needs an account" if kind.HAS_ACCOUNTS else f"has the account {account}, and {store} knows none"
            raise LocalError(f"the {store} bucket {name} {lacks}")
        known = wanted.setdefault(store, _Wanted(port, []))
        if known.port != port:
            raise LocalError(f"the {store} bucket {name} has port {port}, and its store's server {known.port}")
        known.buckets.append(Bucket(name, account))
    stores = {}
    for store, its in wanted.items():
        if its.port in stores:
            message = f"the bucket servers of {stores[its.port]} and {store} cannot share port {its.port}"
            hint = f"choose another port in px.yaml: cluster: {{local: {{{store}_port: {its.port + 1}}}}}"
            raise LocalError(message, hint)
        stores[its.port] = store
    return wanted


def _converge_servers(
    layout: record.Layout, address: str, wanted: t.Mapping[str, _Wanted], cache_dir: str
) -> list[str]:
    done = []
    # First those that go: one that comes may take their port.
    for store in set(bucket_server.stores(layout)) - set(wanted):
        bucket_server.Server(layout, store).service.remove()
        done.append(f"stopped the {store} bucket server")
    starting = []
    for store, its in wanted.items():
        server = bucket_server.Server(layout, store)
        where = server.where(address, its.port, cache_dir)
        starting.append((server, where, its.buckets, server.start(where, its.buckets)))
    for server, where, its_buckets, started in starting:
        done += server.finish(where, its_buckets, started=started)
    return done


def info(layout: record.Layout) -> dict[str, t.Any]:
    """Return `hosts` and `shared` things of the cluster; both empty where there is none."""
    entry = record.read(layout.record)
    shared = []
    if entry is not None:
        shared.append({"name": f"network {entry['subnet']}", "state": "running" if network.is_up(entry) else "stopped"})
        shared += [bucket_server.Server(layout, store).info() for store in bucket_server.stores(layout)]
    return {"hosts": [Machine(layout, host).info() for host in layout.hosts()], "shared": shared}


def remove(layout: record.Layout, *, purge: bool) -> list[str]:
    """Remove the machines that are left, the servers and the network; with `purge` the objects too."""
    done = [f"removed {host}" for host in layout.hosts() if Machine(layout, host).remove()]
    for store in bucket_server.stores(layout):
        Service("", layout.server(store), "server.log").remove()
        done.append(f"stopped the {store} bucket server")
    entry = record.read(layout.record)
    if entry is not None and network.remove(entry):
        done.append(f"removed the network {entry['subnet']}")
    if layout.folder.exists():
        shutil.rmtree(layout.folder)
    if purge and layout.buckets.exists():
        shutil.rmtree(layout.buckets)
        done.append("removed the buckets' objects")
    _remove_empty(layout)
    return done


def _remove_empty(layout: record.Layout) -> None:
    """Remove the folders above, as far as nothing else is in them."""
    with record.lock(layout.state):
        for folder in (layout.buckets, layout.buckets.parent, layout.folder.parent):
            try:
                folder.rmdir()
            except OSError:
                continue
        if [child.name for child in layout.state.iterdir()] == ["lock"]:
            (layout.state / "lock").unlink()
    try:
        layout.state.rmdir()
    except OSError:  # another cluster's, or kept objects
        return
