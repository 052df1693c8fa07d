"""Region and machine type of a cluster that exists: a default that changed is no reason to make its hosts anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from px_ansible.machine_types import Choice, named, price_list

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.machine_types import MachineType
    from px_ansible.plans.found import Found

_MIB = 1024


def settled(config: Config, found: Found) -> Config:
    """Return the config with the region and the machine type of most of its hosts, where px.yaml leaves them open."""
    return _with_their_machine(_with_their_region(config, found), found)


def _with_their_region(config: Config, found: Found) -> Config:
    regions = Counter(str(region) for host in found.hosts if (region := host.attributes.get("region")))
    if config.region_from is None or not regions:
        return config
    theirs = regions.most_common(1)[0][0]
    if theirs == config.region:
        return config
    notes = [note for note in config.notes if not note.startswith(f"region {config.region}: ")]
    notes.append(f"region {theirs}: its hosts are there; a new cluster would be in {config.region}")
    return replace(config, region=theirs, region_from="its hosts", notes=tuple(notes))


def _with_their_machine(config: Config, found: Found) -> Config:
    """Return the config with the machine type of the hosts.

    That type has to be one that could have been chosen: as many CPUs as today's choice, and enough memory. New hosts
    then become what the others are.
    """
    today = config.machine
    prices = price_list(config.provider)
    if today is None or today.named or today.type is None or prices is None:
        return config
    types = Counter(str(host.attributes.get("machine_type")) for host in found.hosts)
    for name, _ in types.most_common():
        theirs = prices.types.get(name)
        if name == today.name:
            return config
        if theirs and _alike(theirs, today.type) and theirs.memory_gib * _MIB >= (config.memory_per_node or 0):
            why = f"its hosts have it; 'machine_type: {today.name}' would be the cheapest today"
            notes = named(prices, name).notes
            return replace(config, machine=Choice(name, theirs, why, notes, users=today.users))
    return config


def _alike(one: MachineType, other: MachineType) -> bool:
    return (one.vcpus, one.arch, one.shared, one.gpu) == (other.vcpus, other.arch, other.shared, other.gpu)
