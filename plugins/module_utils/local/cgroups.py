"""Control groups for machines where systemd does not hand them out.

Two nspawn machines in one control group share their `payload` group, and each systemd then manages the other's
services. So every machine gets a group of its own in every hierarchy, below the group that we are in ourselves;
the memory and CPU limits are set there where the controllers exist.
"""

from __future__ import annotations

import os
import signal
import time
import typing as t
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PERIOD_MICROSECONDS = 100_000


class Limits(t.NamedTuple):
    """What a machine may use: whole CPUs and MiB of memory; None means all there is."""

    cpus: int | None
    memory: int | None


def _hierarchies() -> dict[str, Path]:
    """Return controller list -> our own group in that hierarchy, for every hierarchy that is mounted."""
    found: dict[str, Path] = {}
    mounts: dict[str, str] = {}
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, target, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            mounts[""] = target
        elif kind == "cgroup":
            for option in options.split(","):
                mounts.setdefault(option, target)
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        target = mounts.get(controllers.split(",")[0])
        if target is not None:
            found[controllers] = Path(target + path.rstrip("/"))
    return found


def create(name: str) -> list[str]:
    """Make a group of this name in every hierarchy; return their paths."""
    groups = []
    for own in _hierarchies().values():
        group = own / "px-ansible" / name
        try:
            group.mkdir(parents=True, exist_ok=True)
        except OSError:  # a read-only hierarchy: the machine then shares ours
            continue
        _inherit_cpuset(group)
        groups.append(str(group))
    return groups


def _inherit_cpuset(group: Path) -> None:
    """Fill in the CPUs of a version 1 cpuset group: an empty one accepts no process."""
    for below in (group.parent, group):
        for name in ("cpuset.cpus", "cpuset.mems"):
            file = below / name
            if file.exists() and not file.read_text(encoding="utf-8").strip():
                file.write_text((below.parent / name).read_text(encoding="utf-8"), encoding="utf-8")


def limit(groups: list[str], limits: Limits) -> list[str]:
    """Set the limits on the groups that can hold them; return a sentence for each limit that could not be set."""
    refused = []
    if limits.memory is not None:
        memory = str(limits.memory * 1024 * 1024)
        if not _write_first(groups, {"memory.max": memory, "memory.limit_in_bytes": memory}):
            refused.append(f"memory is not limited to {limits.memory} MiB: no memory control group can be set here")
    if limits.cpus is not None:
        quota = limits.cpus * PERIOD_MICROSECONDS
        if not _write_first(groups, {"cpu.max": f"{quota} {PERIOD_MICROSECONDS}", "cpu.cfs_quota_us": str(quota)}):
            refused.append(f"CPU is not limited to {limits.cpus}: no cpu control group can be set here")
    return refused


def _write_first(groups: list[str], values: dict[str, str]) -> bool:
    for group in groups:
        for name, value in values.items():
            file = Path(group) / name
            if file.exists():
                try:
                    file.write_text(value, encoding="utf-8")
                except OSError:
                    continue
                return True
    return False


def _below(group: str) -> list[Path]:
    """Return the group and all below it, the deepest first."""
    top = Path(group)
    return [Path(folder) for folder, _, _ in os.walk(top, topdown=False)] if top.is_dir() else []


def processes(groups: list[str]) -> set[int]:
    """Return the ids of all processes in the groups."""
    found: set[int] = set()
    for group in groups:
        for folder in _below(group):
            try:
                found.update(int(pid) for pid in (folder / "cgroup.procs").read_text(encoding="utf-8").split())
            except OSError:
                continue
    return found


def remove(groups: list[str]) -> None:
    """Kill what is left in the groups and remove them."""
    for _ in range(50):
        left = processes(groups)
        if not left:
            break
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.1)
    for group in groups:
        for folder in [*_below(group), Path(group).parent]:
            try:
                folder.rmdir()
            except OSError:  # the parent still holds another machine's group
                continue
