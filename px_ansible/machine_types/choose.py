"""The choice of a machine type: the one that was named, or the cheapest that offers what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from px_ansible.machine_types.model import MachineType, PriceList

_MIB = 1024
# What programs for hosts are built for, unless a machine type says otherwise.
_USUAL = "x86_64"


@dataclass(frozen=True, slots=True)
class Choice:
    """A machine type and why it is this one.

    `type` is None where the data does not know the name, `name` is None where nothing is enough. `notes` are what
    somebody who pays for it wants to know: ties, cheaper types that were left out, data that is missing. `named` says
    that px.yaml asks for this very type; `users` is the user's file that the data was taken from too.
    """

    name: str | None
    type: MachineType | None
    why: str
    notes: tuple[str, ...] = ()
    named: bool = False
    users: str | None = None

    @property
    def missing(self) -> bool:
        """Whether no type offers what is asked for."""
        return self.name is None


def named(prices: PriceList, name: str) -> Choice:
    """Return the choice that px.yaml made by itself."""
    known = prices.types.get(name)
    notes = () if known and known.usd_per_hour is not None else (f"no price is known of {name}",)
    return Choice(name, known, "px.yaml names it", notes, named=True, users=prices.users)


def choose(prices: PriceList, cpus: int, memory_mib: int | None) -> Choice:
    """Return the cheapest type with at least so many CPUs that are its own, and so many MiB of memory.

    GPUs and CPUs of another architecture are never chosen, only named. Spot prices change by the hour, so that the
    usual price decides in either case. Of two at one price it is the one with more memory, then with more CPUs, then
    by name.
    """
    asked = f"at least {cpus} CPU{'' if cpus == 1 else 's'}"
    if memory_mib:
        asked += f" and {memory_mib / _MIB:g} GiB"
    enough = [one for one in prices.types.values() if one.vcpus >= cpus and one.memory_gib * _MIB >= (memory_mib or 0)]
    plain = [one for one in enough if one.arch == _USUAL and not one.shared and not one.gpu]
    priced = sorted((one for one in plain if one.usd_per_hour is not None), key=_rank)
    if not priced:
        why = f"no machine type of {prices.provider} is known to have {asked}"
        return Choice(None, None, why, _others(enough), users=prices.users)
    best = priced[0]
    ties = [one.name for one in priced[1:] if one.usd_per_hour == best.usd_per_hour]
    notes = [f"{', '.join(ties)} would cost the same"] if ties else []
    if unpriced := [one.name for one in plain if one.usd_per_hour is None]:
        notes.append(f"no price is known of {', '.join(unpriced)}")
    cheaper = [one for one in enough if (one.usd_per_hour or _DEAR) < (best.usd_per_hour or 0)]
    notes += _others(cheaper)
    return Choice(best.name, best, f"the cheapest with {asked}", tuple(notes), users=prices.users)


_DEAR = float("inf")


def _rank(one: MachineType) -> tuple[float, float, float, str]:
    return (_DEAR if one.usd_per_hour is None else one.usd_per_hour, -one.memory_gib, -one.vcpus, one.name)


def _others(types: Iterable[MachineType]) -> tuple[str, ...]:
    """Return the cheapest type of each kind that is not chosen by itself, to be named in px.yaml."""
    kinds = {
        "has shared CPUs": [one for one in types if one.shared and one.arch == _USUAL and not one.gpu],
        "has Arm CPUs": [one for one in types if one.arch != _USUAL and not one.shared and not one.gpu],
    }
    first = {kind: min(found, key=_rank) for kind, found in kinds.items() if found}
    return tuple(
        f"'machine_type: {one.name}' {kind}" + (f" and costs ${one.usd_per_hour:g}" if one.usd_per_hour else "")
        for kind, one in first.items()
    )
