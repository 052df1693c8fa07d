"""The machine type of the hosts: chosen or named, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible import machine_types
from px_ansible.config import values, words
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.errors import Issue
    from px_ansible.machine_types import Choice, PriceList
    from px_ansible.source import Source

_MIB = 1024


def choice_of(fields: Mapping[str, Any], prices: PriceList | None) -> Choice | None:
    """Return the machine type for the fields of a checked `cluster`; None where the provider has none."""
    if prices is None:
        return None
    if name := fields.get("machine_type"):
        return machine_types.named(prices, name)
    return machine_types.choose(prices, int(fields["cpus_per_node"]), _memory(fields))


def issues_of(
    source: Source, fields: Mapping[str, Any], choice: Choice | None, prices: PriceList | None
) -> Iterator[Issue]:
    """Yield that the machine type of the fields is too small, or that none is large enough."""
    if choice is None or prices is None:
        return
    cpus, memory = int(fields["cpus_per_node"]), _memory(fields) or 0
    if choice.missing:
        key = "memory_per_node" if memory and not machine_types.choose(prices, cpus, None).missing else "cpus_per_node"
        most = max(prices.types.values(), key=lambda one: one.memory_gib if key.startswith("m") else one.vcpus)
        hint = f"the largest that px-ansible knows is {most.name} ({most.shape}); name another with 'machine_type'"
        yield source.at_value(("cluster", key), choice.why, hint, rule="no-machine-type")
    elif choice.name and choice.type is None:
        yield from _foreign_issues(source, choice.name, prices)
    elif choice.type and (choice.type.vcpus < cpus or choice.type.memory_gib * _MIB < memory):
        asked = [f"cpus_per_node: {cpus}"] * (choice.type.vcpus < cpus)
        asked += [f"memory_per_node: {memory / _MIB:g} GiB"] * (choice.type.memory_gib * _MIB < memory)
        message = f"{choice.name} has {choice.type.shape}, and that is less than {words.join(asked, 'and')}"
        enough = machine_types.choose(prices, cpus, memory)
        hint = "ask for less" if enough.missing else f"{enough.name} has enough, or ask for less"
        yield source.at_value(("cluster", "machine_type"), message, hint, rule="machine-too-small")


def _foreign_issues(source: Source, name: str, prices: PriceList) -> Iterator[Issue]:
    """Yield that an unknown type is a known one in other letters or without its beginning, or another cloud's."""
    at = ("cluster", "machine_type")
    if close := next((known for known in prices.types if _is_same(name, known)), None):
        message = f"provider {prices.provider!r} has no machine type {words.quote(name)}"
        yield source.at_value(at, message, f"did you mean {close!r}?", rule="unknown-machine-type")
        return
    for other in PROVIDERS.values():
        theirs = machine_types.price_list(other.name) if other.cloud and other.name != prices.provider else None
        if theirs and name in theirs.types:
            message = f"{name} is a machine type of provider {other.name!r}, not of {prices.provider!r}"
            hint = f"take it out, or write 'provider: {other.name}'"
            yield source.at_value(at, message, hint, rule="unknown-machine-type")


def _is_same(name: str, known: str) -> bool:
    return words.plain(name) == words.plain(known) or known.lower().endswith(f"_{name.lower()}")


def notes_of(choice: Choice | None, prices: PriceList | None) -> Iterator[str]:
    """Yield what could not be checked of a machine type that px.yaml names."""
    if choice and prices and choice.name and choice.type is None:
        yield words.not_known("machine type", choice.name, prices.types)


def _memory(fields: Mapping[str, Any]) -> int | None:
    memory = fields.get("memory_per_node")
    return None if memory is None else values.size_mib(memory)
