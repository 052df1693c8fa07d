"""What px.yaml says, complete and checked: the input of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is on this computer: in an environment variable, or in a file (absolute). One of them is None."""

    env: str | None = None
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Cache:
    """What a host remembers of a bucket; None leaves it to the client. With a path or a size, contents are on disk."""

    path: str | None = None
    size_mib: int | None = None
    metadata_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """One bucket, or a folder of it, at a path of every host; modes are octal with a leading zero.

    `account` is Azure's, empty elsewhere; `before` are systemd units that wait for the mount.
    """

    path: str
    store: str
    account: str
    bucket: str
    prefix: str
    client: str
    read_only: bool
    uid: int | None
    gid: int | None
    file_mode: str | None
    dir_mode: str | None
    region: str | None
    endpoint: str | None
    anonymous: bool
    cache: Cache
    credentials: Mapping[str, Secret]
    before: tuple[str, ...]
    options: Mapping[str, str | int | bool | list[str | int]]


@dataclass(frozen=True, slots=True)
class Config:
    """One cluster.

    `hosts` are the names of its hosts; `memory_per_node` is in MiB; `image` None is the provider's default;
    `settings` is the provider's block.
    """

    file: Path
    cluster: str
    provider: str
    hosts: tuple[str, ...]
    cpus_per_node: int
    memory_per_node: int | None
    image: str | None
    mounts: tuple[Mount, ...]
    settings: Mapping[str, Any]

    @property
    def nodes(self) -> int:
        """How many hosts the cluster has."""
        return len(self.hosts)
