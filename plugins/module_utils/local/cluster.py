"""What the hosts of one cluster share: the network and the bucket servers."""

from __future__ import annotations

import shutil
import typing as t

from ansible_collections.px.storage.plugins.module_utils.local import bucket_server, network, record
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.machine import Machine
from ansible_collections.px.storage.plugins.module_utils.local.service import Service


def converge(layout: record.Layout, buckets: list[dict[str, t.Any]]) -> tuple[list[str], dict[str, t.Any]]:
    """Bring up the network and the servers with their buckets.

    `buckets` holds `store`, `name` and `port` of each bucket to serve. Returns what was done, as sentences, and the
    network record.
    """
    done = []
    fresh = record.read(layout.record) is None
    entry = network.choose(layout)
    if network.bring_up(entry):
        done.append(f"{'made' if fresh else 'brought back'} the network {entry['subnet']} on {entry['bridge']}")
    try:
        done += _converge_servers(layout, network.gateway(entry), buckets)
    except LocalError:
        if fresh:  # nothing half-made stays
            remove(layout, purge=False)
        raise
    return done, entry


def _converge_servers(layout: record.Layout, address: str, buckets: list[dict[str, t.Any]]) -> list[str]:
    done = []
    wanted: dict[str, list[dict[str, t.Any]]] = {}
    for bucket in buckets:
        wanted.setdefault(bucket["store"], []).append(bucket)
    for store, its in wanted.items():
        server = bucket_server.Server(layout, store)
        done += server.converge(address, its[0]["port"], [bucket["name"] for bucket in its])
    for store in set(bucket_server.stores(layout)) - set(wanted):
        bucket_server.Server(layout, store).service.remove()
        done.append(f"stopped the {store} bucket server")
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
