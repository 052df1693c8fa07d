"""The hosts that a command is about: named, numbered, or all; and the command line of ssh for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from px_ansible.config import words
from px_ansible.errors import UsageError
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.cluster import Cluster


@dataclass(frozen=True)
class Host:
    """One host; without an address it has never been up."""

    name: str
    address: str | None


def hosts_of(cluster: Cluster) -> list[Host]:
    """Return the hosts of the last run; UsageError where there are none.

    Where the state folder or the key was lost, or px.yaml names another key, the hosts take none that is here: that is
    said.
    """
    known = cluster.state.read_inventory()
    if PROVIDERS[cluster.config.provider].existing is None:
        key = cluster.public_key()
        if not known or cluster.state.key_of_hosts() not in (None, key):
            cluster.require_key(cluster.find())
    if not known:
        raise UsageError("the cluster has no hosts yet", hint="px-ansible provision")
    return [Host(name, host["address"]) for name, host in known.items()]


def pick(cluster: Cluster, hosts: Sequence[Host], name: str | None) -> Host:
    """Return the host called `name`, or numbered so (`2` is CLUSTER-2); the first one without a name."""
    by_name = {host.name: host for host in hosts}
    if name is None:
        wanted = [one for one in cluster.config.hosts if one in by_name]
        return by_name[wanted[0]] if wanted else hosts[0]
    numbered = f"{cluster.config.cluster}-{name}"
    if name.isdigit() and PROVIDERS[cluster.config.provider].existing and 0 < int(name) <= len(hosts):
        numbered = hosts[int(name) - 1].name
    found = by_name.get(name) or by_name.get(numbered)
    if found is None:
        near = () if name.isdigit() else by_name
        hint = words.hint(name, near, otherwise=f"the hosts are: {', '.join(by_name)}")
        raise UsageError(f"there is no host {name!r}", hint=hint)
    return found


def ssh_command(cluster: Cluster, host: Host, *command: str) -> list[str]:
    """Return the command line that reaches a host."""
    if host.address is None:
        raise UsageError(f"{host.name} has no address: it has never been up", hint="px-ansible provision")
    return ["ssh", *cluster.ssh_options(host.name), f"{user_of(cluster)}@{host.address}", *command]


def user_of(cluster: Cluster) -> str:
    """Return who logs in to the hosts."""
    return PROVIDERS[cluster.config.provider].user(cluster.config)
