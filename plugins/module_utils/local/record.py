"""What exists, on disk: one folder per cluster below the state folder.

    <state>/lock                                    held while a network is chosen
    <state>/clusters/<cluster>/cluster.json         bridge and subnet
    <state>/clusters/<cluster>/lock                 held while an address is chosen
    <state>/clusters/<cluster>/machines/<host>/     machine.json, overlay, console.log, process.json
    <state>/clusters/<cluster>/servers/<store>/     process.json, server.log
    <state>/buckets/<cluster>/<store>/              the objects, which outlive the cluster

A record is written before the thing that it describes is made, so that a run that died leaves nothing unknown.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Iterator


class Layout:
    """The paths of one cluster."""

    def __init__(self, state_dir: str, cluster: str) -> None:
        self.state = Path(state_dir)
        self.cluster = cluster
        self.folder = self.state / "clusters" / cluster
        self.record = self.folder / "cluster.json"
        self.machines = self.folder / "machines"
        self.servers = self.folder / "servers"
        self.buckets = self.state / "buckets" / cluster

    def machine(self, host: str) -> Path:
        """Return the folder of one host."""
        return self.machines / host

    def server(self, store: str) -> Path:
        """Return the folder of one store's server."""
        return self.servers / store

    def hosts(self) -> list[str]:
        """Return the names of all hosts that have a record, in the order of their numbers."""
        names = [folder.name for folder in self.machines.glob("*") if (folder / "machine.json").exists()]
        return sorted(names, key=lambda name: (len(name), name))


def make_folder(path: Path) -> Path:
    """Make a folder, and those above it, that only root can enter."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    return path


def write(path: Path, data: t.Mapping[str, t.Any]) -> None:
    """Write a record so that a reader sees the old one or the new one."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    temporary.chmod(0o600)
    temporary.replace(path)


def read(path: Path) -> dict[str, t.Any] | None:
    """Return a record, or None where there is none."""
    try:
        return t.cast("dict[str, t.Any]", json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, NotADirectoryError):
        return None


@contextlib.contextmanager
def lock(folder: Path, name: str = "lock") -> Iterator[int]:
    """Hold a lock for the block; yields its descriptor, which a child may inherit to hold it longer."""
    make_folder(folder)
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
