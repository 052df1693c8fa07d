"""What px.yaml says, complete and checked: the input of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """One bucket, or a folder of it, at a path of every host; modes are octal with a leading zero."""

    path: str
    store: str
    bucket: str
    prefix: str
    client: str
    read_only: bool
    uid: int | None
    gid: int | None
    file_mode: str | None
    dir_mode: str | None
    endpoint: str | None
    options: Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Config:
    """One cluster.

    `memory_per_node` is in MiB; `image` None is the provider's default; `settings` is the provider's block.
    """

    file: Path
    cluster: str
    provider: str
    nodes: int
    cpus_per_node: int
    memory_per_node: int | None
    image: str | None
    mounts: tuple[Mount, ...]
    settings: Mapping[str, Any]
