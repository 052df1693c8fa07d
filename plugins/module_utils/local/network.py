"""The network of one cluster: a bridge with a /24 that nothing else on this computer uses.

The subnets come from 198.18.0.0/15, which RFC 2544 sets apart for tests: no home, office, VPN, Docker or cloud network
has them. The bridge gets one address; nothing else of the computer's routes or firewall is touched, and the machines
have no way out.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import subprocess
import typing as t

from ansible_collections.px.storage.plugins.module_utils.local import record
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

POOL = ipaddress.ip_network("198.18.0.0/15")
# The name by which the machines know the computer's own address on the bridge, where the bucket servers listen.
BUCKETS_NAME = "buckets.px.internal"
FIRST_HOST = 2
LAST_HOST = 254


def _ip(*arguments: str) -> list[dict[str, t.Any]]:
    done = subprocess.run(["ip", "-json", *arguments], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise LocalError(f"'ip {' '.join(arguments)}' failed: {done.stderr.strip()}")
    return t.cast("list[dict[str, t.Any]]", json.loads(done.stdout or "[]"))


def interfaces() -> set[str]:
    """Return the names of the computer's network interfaces."""
    return {link["ifname"] for link in _ip("link", "show")}


def networks_in_use(except_bridge: str = "") -> list[ipaddress.IPv4Network]:
    """Return every IPv4 network that the computer has an address in or a route to."""
    found = []
    for link in _ip("-4", "address", "show"):
        if link.get("ifname") != except_bridge:
            found += [f"{one['local']}/{one['prefixlen']}" for one in link.get("addr_info", [])]
    for route in _ip("-4", "route", "show", "table", "all"):
        if route.get("dev") != except_bridge and route["dst"] != "default":
            found.append(route["dst"])
    return [ipaddress.ip_network(one, strict=False) for one in found]


def choose(layout: record.Layout) -> dict[str, t.Any]:
    """Return the cluster's network record; make one, or a new one where another network has taken its place."""
    with record.lock(layout.state):
        known = record.read(layout.record)
        bridge = known["bridge"] if known else ""
        taken = networks_in_use(except_bridge=bridge)
        if known and not any(ipaddress.ip_network(known["subnet"]).overlaps(one) for one in taken):
            return known
        others = [
            entry
            for path in layout.state.glob("clusters/*/cluster.json")
            if path != layout.record and (entry := record.read(path))
        ]
        taken += [ipaddress.ip_network(entry["subnet"]) for entry in others]
        names = interfaces() | {entry["bridge"] for entry in others}
        chosen = {
            "cluster": layout.cluster,
            "bridge": bridge or _free_name(layout, names),
            "subnet": str(_free_subnet(layout.cluster, taken)),
        }
        record.write(layout.record, chosen)
        return chosen


def _free_name(layout: record.Layout, names: set[str]) -> str:
    """Return `px` and six digits: with `vb-` before and `-254` behind it still fits the kernel's 15 characters."""
    for attempt in range(1000):
        digest = hashlib.sha256(f"{layout.folder}:{attempt}".encode()).hexdigest()
        name = f"px{digest[:6]}"
        if name not in names:
            return name
    raise LocalError("no free name for a network bridge")


def _free_subnet(cluster: str, taken: list[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    candidates = list(POOL.subnets(new_prefix=24))
    start = int(hashlib.sha256(cluster.encode()).hexdigest(), 16) % len(candidates)
    for candidate in candidates[start:] + candidates[:start]:
        if not any(candidate.overlaps(one) for one in taken):
            return t.cast("ipaddress.IPv4Network", candidate)
    raise LocalError(f"no free network in {POOL}: other networks of this computer fill it")


def gateway(entry: t.Mapping[str, t.Any]) -> str:
    """Return the address of the computer itself on the bridge."""
    return str(ipaddress.ip_network(entry["subnet"])[1])


def address(entry: t.Mapping[str, t.Any], number: int) -> str:
    """Return the address of the machine with this number."""
    return str(ipaddress.ip_network(entry["subnet"])[number])


def is_up(entry: t.Mapping[str, t.Any]) -> bool:
    """Tell whether the bridge is there with its address, and switched on: a run that died may have left it halfway."""
    if entry["bridge"] not in interfaces():
        return False
    return any(
        "UP" in link["flags"] and one["local"] == gateway(entry)
        for link in _ip("-4", "address", "show", "dev", entry["bridge"])
        for one in link.get("addr_info", [])
    )


def bring_up(entry: t.Mapping[str, t.Any]) -> bool:
    """Make the bridge where it is missing; tell whether it was."""
    if is_up(entry):
        return False
    bridge = entry["bridge"]
    if bridge not in interfaces():
        _ip("link", "add", "name", bridge, "type", "bridge")
    _ip("-4", "address", "flush", "dev", bridge)
    _ip("address", "add", f"{gateway(entry)}/24", "dev", bridge)
    _ip("link", "set", "dev", bridge, "up")
    return True


def remove(entry: t.Mapping[str, t.Any]) -> bool:
    """Remove the bridge; tell whether it was there."""
    if entry["bridge"] not in interfaces():
        return False
    _ip("link", "delete", "dev", entry["bridge"])
    return True
