"""The rules of a cluster whose hosts are there already: px.yaml names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible.config import words
from px_ansible.config.clients import misspelt
from px_ansible.errors import Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.providers import Provider
    from px_ansible.source import Source

# Of an address of IPv4.
_NUMBERS, _MOST = 4, 255
# Ansible's own names for all hosts, for none of a group, for ours, and for this computer.
_TAKEN = ("all", "localhost", "px_hosts", "ungrouped")


def issues_of(source: Source, block: dict[str, Any], provider: Provider, origin: str) -> Iterator[Issue]:
    """Yield the issues of the provider's list of hosts; `origin` says where the provider was named."""
    name = provider.name
    settings = block.get(name)
    if settings is None and misspelt(block, name, of="cluster"):
        return
    if settings is None:
        message = f"provider {name!r} needs the hosts: there is no 'cluster: {name}: hosts:'"
        hint = f"write under 'cluster:', indented: {name}: {{hosts: [ADDRESS, ADDRESS]}}"
        if origin == "file":
            yield source.at_value(("cluster", "provider"), message, hint, rule="no-hosts")
        else:
            yield Issue("--provider", 0, 0, message, hint, "no-hosts")
        return
    hosts = settings.get("hosts") if isinstance(settings, dict) else None
    if not isinstance(hosts, list):
        return
    yield from _host_issues(source, name, hosts)
    nodes = block.get("nodes")
    if isinstance(nodes, int) and hosts and nodes != len(hosts):
        message = f"'nodes' says {nodes}, but 'hosts' has {len(hosts)}"
        yield source.at_value(("cluster", "nodes"), message, "take 'nodes' out", rule="nodes-and-hosts")


def _host_issues(source: Source, provider: str, hosts: list[Any]) -> Iterator[Issue]:
    at = ("cluster", provider, "hosts")
    seen: set[str] = set()
    for index, host in enumerate(hosts):
        if isinstance(host, str) and host in seen:
            message = f"the host {words.quote(host)} is there twice"
            yield source.at_value((*at, index), message, "take it out", rule="host-twice")
        elif isinstance(host, str) and host.lower() in _TAKEN:
            message = f"no host can be called {words.quote(host)}: Ansible means something else by it"
            yield source.at_value((*at, index), message, "write its address", rule="host-name")
        elif isinstance(host, str) and _is_no_address(host):
            message = f"the host {words.quote(host)} is no address: its four numbers go from 0 to 255"
            yield source.at_value((*at, index), message, "write its address", rule="host-name")
        elif isinstance(host, str) and "@" in host:
            user = host.split("@")[0]
            message = f"the host {words.quote(host)} must be an address or a name alone"
            hint = f"write {host.split('@')[-1]} here, and beside 'hosts': user: {user}"
            yield source.at_value((*at, index), message, hint, rule="host-name")
        if isinstance(host, str):
            seen.add(host)


def _is_no_address(host: str) -> bool:
    """Tell whether a host is four numbers, and not an address."""
    numbers = host.split(".")
    return len(numbers) == _NUMBERS and all(map(str.isdecimal, numbers)) and any(int(one) > _MOST for one in numbers)
