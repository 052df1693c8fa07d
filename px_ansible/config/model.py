"""What px.yaml says, complete and checked: the input of the plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from px_ansible.machine_types import Choice


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
class Ssh:
    """Who logs in to the hosts, with which private key (absolute), from which ranges; None and none leave it open."""

    user: str | None = None
    key: Path | None = None
    allow: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """One cluster.

    `hosts` are the names of its hosts; `memory_per_node` is in MiB; `image`, `region`, `zone` and `disk_size_gib` None
    leave it to the provider; `region_from` says where a region comes from that px.yaml does not name, empty for the
    cloud's own default, and is None where it names one; `machine` is None where the provider has no machine types;
    `settings` is the provider's block. `notes` say what was left aside and what could not be checked.
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
    region: str | None = None
    region_from: str | None = None
    zone: str | None = None
    machine: Choice | None = None
    disk_size_gib: int | None = None
    spot: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    ssh: Ssh = field(default_factory=Ssh)
    notes: tuple[str, ...] = ()

    @property
    def nodes(self) -> int:
        """How many hosts the cluster has."""
        return len(self.hosts)
