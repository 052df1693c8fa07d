"""What is known of a machine type, and of all types of a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class MachineType:
    """One machine type.

    Memory is in GiB; prices are US dollars per hour for the machine alone, None where the data has none. `date` and
    `region` are those of the prices (region None: the same everywhere). `shared` types have CPUs that others use too,
    or that run at full speed for a while only. `gpu` is in the vendor's words. `disk_gib` is there where the type
    decides it.
    """

    name: str
    vcpus: float
    memory_gib: float
    arch: str
    date: str
    region: str | None
    usd_per_hour: float | None = None
    spot_usd_per_hour: float | None = None
    shared: bool = False
    gpu: str | None = None
    disk_gib: float | None = None

    @property
    def shape(self) -> str:
        """What it has, in words."""
        arch = ", Arm" if self.arch == "aarch64" else ""
        gpu = f", {self.gpu}" if self.gpu else ""
        return f"{self.vcpus:g} vCPU, {self.memory_gib:g} GiB{arch}{gpu}"


@dataclass(frozen=True, slots=True)
class PriceList:
    """The machine types of a provider by name; `source` says where the data is from, `users` is the user's file."""

    provider: str
    source: str
    types: Mapping[str, MachineType]
    users: str | None = None
