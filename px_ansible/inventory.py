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
from px_ansible.plans import Action
from px_ansible.plans.mounts import emulated_buckets
from px_ansible.providers import PROVIDERS, cloud

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from px_ansible.config import Config
    from px_ansible.plans import Found, Plan
    from px_ansible.providers import Provider

GROUP = "px_hosts"


@dataclass(frozen=True, slots=True)
class Places:
    """Where on the controller the roles find what they need."""

    key: Path
    known_hosts_dir: Path
    cache_dir: Path


def inventory_of(plan: Plan, places: Places, public_key: str | None) -> dict[str, Any]:
    """Return the inventory of a provision; `public_key` is the cluster's, None where its hosts have their own."""
    provider = PROVIDERS[plan.config.provider]
    # Where a mount goes from one client to another, the one that gives it up comes first.
    leaving = [mount.client for mount in plan.mounts if mount.action is Action.REMOVE]
    clients = list(dict.fromkeys([*leaving, *(mount.client for mount in plan.mounts)]))
    shared = {**_neutral(plan.config, "present"), "px_fuse_clients": clients}
    for client in clients:
        shared[f"{client}_mounts"] = [dict(mount.variables) for mount in plan.mounts if mount.client == client]
        shared[f"{client}_cache_dir"] = str(places.cache_dir)
        shared[f"{client}_arch"] = provider.arch(plan.config)
    own = provider.variables(plan.config, emulated_buckets(plan.config), str(places.cache_dir))
    variables = {**own, **plan.variables, **_former_buckets(plan.config, plan.found_mounts)}
    group = {**shared, **variables, **_keys(provider, places, public_key), **_login(plan.config)}
    group["px_changes"] = plan.changes
    if (user := provider.user(plan.config)) != "root":
        # Who logs in is who works with the files.
        group["fuse_mount_owner"] = user
    if provider.tries_buckets and plan.touches_hosts:
        group["px_try_buckets"] = True
    hosts = {}
    for host in plan.hosts:
        its = _connection(plan.config, host.name, host.address, places)
        if host.action is Action.REMOVE and provider.existing:
            its |= _mounts_to_leave(plan.found_mounts)
        its["px_state"] = "absent" if host.action is Action.REMOVE else "present"
        its["px_pending"] = host.pending
        its["px_replace"] = host.action is Action.REPLACE
        if host.found is not None and not provider.existing:
            its["px_found"] = dict(host.found)
        hosts[host.name] = its
    controller = {**shared, **variables, "px_pending": plan.changes}
    return _inventory(controller, group, hosts)


def inventory_to_list(config: Config, known: Mapping[str, str | None]) -> dict[str, Any]:
    """Return the inventory for asking the provider what exists; `known` are the hosts of the last run: name -> address.

    A provider that makes hosts knows them itself.
    """
    localhost = {**_neutral(config, "present"), **_role_variables(config)}
    if PROVIDERS[config.provider].existing:
        localhost[f"provider_{config.provider}_known"] = dict(known)
    return _inventory(localhost, {}, {})


def inventory_to_check(plan: Plan) -> dict[str, Any]:
    """Return the inventory for asking the provider whether a plan can be carried out."""
    new = plan.hosts_to(Action.CREATE, Action.REPLACE, Action.START)
    localhost = {**_neutral(plan.config, "present"), **_role_variables(plan.config), **plan.variables}
    return _inventory({**localhost, "px_new_hosts": new}, {}, {})


def inventory_to_look(config: Config, addresses: Mapping[str, str | None], places: Places) -> dict[str, Any]:
    """Return the inventory for looking at hosts that run: name -> address."""
    hosts = {name: _connection(config, name, address, places) for name, address in addresses.items()}
    group = {**_neutral(config, "present"), **_theirs(config), **_login(config)}
    return _inventory({}, group, hosts)


def inventory_to_destroy(config: Config, found: Found, places: Places, *, purge: bool) -> dict[str, Any]:
    """Return the inventory for removing all that was found of the cluster."""
    provider = PROVIDERS[config.provider]
    shared = {**_neutral(config, "absent"), **_role_variables(config), **found.variables}
    shared |= _former_buckets(config, found.applied)
    if provider.existing:
        hosts = {host.name: _connection(config, host.name, host.address, places) for host in found.hosts}
        return _inventory(shared, {**shared, **_login(config), **_mounts_to_leave(found.applied)}, hosts)
    shared[f"provider_{provider.name}_purge"] = purge
    group = {**shared, f"provider_{provider.name}_known_hosts_dir": str(places.known_hosts_dir)}
    return _inventory(shared, group, {host.name: {"px_found": host.as_data()} for host in found.hosts})


def inventory_to_unmount(
    config: Config, addresses: Mapping[str, str | None], mounts: Sequence[Mapping[str, str]], places: Places
) -> dict[str, Any]:
    """Return the inventory for taking mounts away from hosts that run: name -> address."""
    hosts = {name: _connection(config, name, address, places) for name, address in addresses.items()}
    group = {**_neutral(config, "present"), **_theirs(config), **_login(config), **_mounts_to_leave(mounts)}
    return _inventory({}, group, hosts)


def _keys(provider: Provider, places: Places, public_key: str | None) -> dict[str, Any]:
    if provider.existing:
        return {}
    return {
        f"provider_{provider.name}_authorized_key": public_key,
        f"provider_{provider.name}_known_hosts_dir": str(places.known_hosts_dir),
    }


def _theirs(config: Config) -> dict[str, Any]:
    """Return the variables of hosts that are there already, for any run on them: how their owner reaches them."""
    provider = PROVIDERS[config.provider]
    return dict(provider.variables(config, [], "")) if provider.existing else {}


def _role_variables(config: Config) -> dict[str, Any]:
    """Return the variables of the provider's role for a run that makes nothing on this computer."""
    provider = PROVIDERS[config.provider]
    return dict(provider.variables(config, [], "")) if provider.existing or provider.cloud else {}


def _former_buckets(config: Config, applied: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the variable of buckets that the hosts' identity had a right on, and needs no more."""
    former = cloud.former_buckets(config.provider, config, applied) if PROVIDERS[config.provider].cloud else []
    return {f"provider_{config.provider}_former_buckets": former} if former else {}


def _mounts_to_leave(mounts: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Return the variables of a host that stays behind when its cluster goes: the mounts to take away from it."""
    clients = list(dict.fromkeys(mount["client"] for mount in mounts))
    variables: dict[str, Any] = {"px_fuse_clients": clients}
    for client in clients:
        variables[f"{client}_mounts"] = [
            {"path": mount["path"], "bucket": mount["bucket"], "state": "absent"}
            for mount in mounts
            if mount["client"] == client
        ]
    return variables


def _neutral(config: Config, state: str) -> dict[str, Any]:
    return {"px_provider": config.provider, "px_cluster": config.cluster, "px_state": state}


def _login(config: Config) -> dict[str, Any]:
    """Return who logs in to the hosts; whoever is not root becomes it there."""
    user = PROVIDERS[config.provider].user(config)
    return {"ansible_user": user} if user == "root" else {"ansible_user": user, "ansible_become": True}


def _connection(config: Config, name: str, address: str | None, places: Places) -> dict[str, Any]:
    own: dict[str, Any] = {"ansible_ssh_common_args": shlex.join(ssh_options(config, name, places))}
    if address is not None:
        own["ansible_host"] = address
    return own


def ssh_options(config: Config, name: str, places: Places) -> list[str]:
    """Return ssh's options for a host of the cluster."""
    existing = PROVIDERS[config.provider].existing
    return existing.ssh(config) if existing else ssh.options(name, places.key, places.known_hosts_dir)


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
