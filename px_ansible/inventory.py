"""Plan -> inventory: the only writer of host variables.

The inventory is the rendered plan: every planned host is in it from the start, with `px_state` and the variables of the
roles that will run on it, under the names that those roles document. Someone with an existing estate can write the
same variables by hand and gets the same result.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from px_ansible import ssh
from px_ansible.plan import Action, emulated_buckets
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from px_ansible.config import Config
    from px_ansible.plan import Plan

GROUP = "px_hosts"


@dataclass(frozen=True, slots=True)
class Places:
    """Where on the controller the roles find what they need."""

    key: Path
    known_hosts_dir: Path
    cache_dir: Path


def inventory_of(plan: Plan, places: Places, public_key: str) -> dict[str, Any]:
    """Return the inventory of a provision."""
    provider = PROVIDERS[plan.config.provider]
    # Where a mount goes from one client to another, the one that gives it up comes first.
    leaving = [mount.client for mount in plan.mounts if mount.action is Action.REMOVE]
    clients = list(dict.fromkeys([*leaving, *(mount.client for mount in plan.mounts)]))
    shared = {**_neutral(plan.config, "present"), "px_fuse_clients": clients}
    for client in clients:
        shared[f"{client}_mounts"] = [dict(mount.variables) for mount in plan.mounts if mount.client == client]
        shared[f"{client}_cache_dir"] = str(places.cache_dir)
        shared[f"{client}_arch"] = provider.arch(plan.config)
    variables = provider.variables(plan.config, emulated_buckets(plan.config), str(places.cache_dir))
    group = {
        **shared,
        **variables,
        f"provider_{provider.name}_authorized_key": public_key,
        f"provider_{provider.name}_known_hosts_dir": str(places.known_hosts_dir),
    }
    hosts = {}
    for host in plan.hosts:
        own: dict[str, Any] = _connection(host.name, host.address, places)
        own["px_state"] = "absent" if host.action is Action.REMOVE else "present"
        own["px_pending"] = host.pending
        own["px_replace"] = host.action is Action.REPLACE
        hosts[host.name] = own
    controller = {**shared, **variables, "px_pending": plan.changes}
    return _inventory(controller, {**group, "ansible_user": provider.user}, hosts)


def inventory_to_list(config: Config) -> dict[str, Any]:
    """Return the inventory for asking the provider what exists."""
    return _inventory(_neutral(config, "present"), {}, {})


def inventory_to_look(config: Config, addresses: Mapping[str, str | None], places: Places) -> dict[str, Any]:
    """Return the inventory for looking at hosts that run: name -> address."""
    hosts = {name: _connection(name, address, places) for name, address in addresses.items()}
    user = PROVIDERS[config.provider].user
    return _inventory({}, {**_neutral(config, "present"), "ansible_user": user}, hosts)


def inventory_to_destroy(config: Config, names: list[str], places: Places, *, purge: bool) -> dict[str, Any]:
    """Return the inventory for removing the cluster with these hosts."""
    provider = PROVIDERS[config.provider]
    shared = {**_neutral(config, "absent"), f"provider_{provider.name}_purge": purge}
    group = {**shared, f"provider_{provider.name}_known_hosts_dir": str(places.known_hosts_dir)}
    return _inventory(shared, group, {name: {} for name in names})


def _neutral(config: Config, state: str) -> dict[str, Any]:
    return {"px_provider": config.provider, "px_cluster": config.cluster, "px_state": state}


def _connection(name: str, address: str | None, places: Places) -> dict[str, Any]:
    own: dict[str, Any] = {"ansible_ssh_common_args": shlex.join(ssh.options(name, places.key, places.known_hosts_dir))}
    if address is not None:
        own["ansible_host"] = address
    return own


def _inventory(localhost: Mapping[str, Any], group: Mapping[str, Any], hosts: Mapping[str, Any]) -> dict[str, Any]:
    # Found once and for all: Ansible would look for a Python on every host at every run.
    remote = {"ansible_python_interpreter": "/usr/bin/python3", **group}
    controller = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, **localhost}
    return {
        "all": {
            "hosts": {"localhost": controller},
            "children": {GROUP: {"hosts": dict(hosts), "vars": remote}},
        }
    }
