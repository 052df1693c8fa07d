"""What a cluster leaves on this computer, looked for without px-ansible's own eyes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.px.storage.plugins.module_utils.local import network
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout

STATE = Path("/var/lib/px-ansible")
CGROUPS = Path("/sys/fs/cgroup")
NSPAWN = Path("/run/systemd/nspawn")
# Other clusters and other people's machines come and go while a test runs.
OF_OTHERS = re.compile(r"px[0-9a-f]{6}|\bvb-")


def bridge_of(cluster: str) -> str:
    """Return the name that the cluster's bridge gets, or would get."""
    return network._free_name(Layout(str(STATE), cluster), set())


def ip(*arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(["ip", "-json", *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout or "[]")


def processes(*words: str) -> dict[int, str]:
    """Return the processes that have one of the words in their command line or in the name of their control group."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            ours = any(word in command or word in (folder / "cgroup").read_text() for word in words)
            if ours and (command or not _ends(folder)):
                found[int(folder.name)] = command
    found.pop(os.getpid(), None)
    return found


def _ends(process: Path, seconds: float = 5) -> bool:
    """Tell whether a process without a command line is gone soon: it has ended, and init has to take note of it."""
    until = time.monotonic() + seconds
    while process.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return not process.exists()


def traces(cluster: str) -> list[str]:
    """Return everything on this computer that carries the name of the cluster or of its bridge."""
    bridge = bridge_of(cluster)
    found = [f"process {pid}: {command}" for pid, command in processes(cluster, bridge).items()]
    found += [f"interface {link['ifname']}" for link in ip("address") if bridge in link["ifname"]]
    found += [f"route {route['dst']}" for route in ip("route") if route.get("dev") == bridge]
    mounts = Path("/proc/mounts").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if cluster in line or bridge in line]
    found += [f"control group {path}" for path in _groups() if bridge in path]
    found += [f"file {path}" for path in STATE.glob(f"*/*{cluster}*")]
    return found + [f"file {path}" for path in NSPAWN.rglob("*") if bridge in path.name]


def _groups() -> set[str]:
    return {place for place, _, _ in os.walk(CGROUPS) if "/px-ansible" in place}


def _firewall() -> list[str]:
    rules = []
    for command in (["nft", "list", "ruleset"], ["iptables-save"], ["ip6tables-save"]):
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            # iptables-save dates its output and counts packets.
            rules += [re.sub(r"\[\d+:\d+\]", "", line) for line in done.stdout.splitlines() if line[:1] != "#"]
    return rules


@dataclass(frozen=True)
class Computer:
    """What px-ansible must leave as it found it."""

    links: frozenset[str]
    routes: frozenset[str]
    mounts: frozenset[str]
    firewall: tuple[str, ...]
    locks: frozenset[str]

    @classmethod
    def now(cls) -> Computer:
        addresses = {
            f"{link['ifname']} {one['local']}"
            for link in ip("address")
            for one in [*link.get("addr_info", []), {"local": ""}]
        }
        routes = {f"{route['dst']} dev {route.get('dev')}" for route in ip("route", "show", "table", "all")}
        return cls(
            links=_not_of_clusters(addresses),
            routes=_not_of_clusters(routes),
            mounts=frozenset(Path("/proc/mounts").read_text().splitlines()),
            firewall=tuple(_firewall()),
            locks=frozenset(_abandoned_locks()),
        )

    def differences(self) -> list[str]:
        """Return what is different now."""
        now = Computer.now()
        found = [
            f"{what}: {line}"
            for what in ("links", "routes", "mounts")
            for line in getattr(self, what) ^ getattr(now, what)
        ]
        found += [f"lock of a machine that is gone: {path}" for path in now.locks - self.locks]
        if now.firewall != self.firewall:
            found.append(f"firewall: {self.firewall} -> {now.firewall}")
        return found


def _abandoned_locks() -> set[str]:
    """Return the lock files of nspawn that nobody holds: a machine that was killed leaves one."""
    found = set()
    for path in NSPAWN.glob("locks/*"):
        # nspawn's own kind of lock: flock would not see it.
        with suppress(OSError), path.open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.add(str(path))
    return found


def _not_of_clusters(lines: set[str]) -> frozenset[str]:
    return frozenset(line for line in lines if not OF_OTHERS.search(line))
