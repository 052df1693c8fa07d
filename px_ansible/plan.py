"""Config + what exists -> Plan: which hosts and mounts to create, keep, change, remove. Pure: it asks nobody."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from px_ansible.clients import CLIENTS
from px_ansible.lookups import template_of
from px_ansible.providers import PROVIDERS
from px_ansible.stores import STORES, Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.config import Config, Mount
    from px_ansible.providers import Provider


class Action(StrEnum):
    """What is to be done with a host or a mount."""

    CREATE = "create"
    START = "start"
    CHANGE = "change"
    KEEP = "keep"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class FoundHost:
    """A host that exists, as its provider lists it: `state` is running or stopped, `attributes` are the provider's."""

    name: str
    state: str
    address: str | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SharedThing:
    """Something that the hosts share and that exists: a network, a bucket server."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Found:
    """What exists of a cluster: its provider's `list`, and the mounts that the last provision left on the hosts."""

    hosts: tuple[FoundHost, ...] = ()
    shared: tuple[SharedThing, ...] = ()
    applied: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host and what is to be done with it; `reason` says why, where that is not plain."""

    name: str
    action: Action
    reason: str | None = None
    address: str | None = None

    @property
    def pending(self) -> bool:
        """Whether the provider has something to do for it."""
        return self.action is not Action.KEEP


@dataclass(frozen=True, slots=True)
class MountPlan:
    """One mount of every host; `variables` is its item in the client role's list of mounts."""

    path: str
    source: str
    client: str
    action: Action
    emulated: bool
    variables: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A short name of everything that the mount is: another one means that it changed."""
        return hashlib.sha256(json.dumps(self.variables, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from what exists to what px.yaml says; `found_mounts` are those that the hosts have before."""

    config: Config
    hosts: tuple[HostPlan, ...]
    mounts: tuple[MountPlan, ...]
    shared: tuple[SharedThing, ...]
    found_mounts: tuple[Mapping[str, str], ...] = ()

    def hosts_to(self, *actions: Action) -> list[str]:
        """Return the names of the hosts with one of these actions."""
        return [host.name for host in self.hosts if host.action in actions]

    def mounts_to(self, *actions: Action) -> list[str]:
        """Return the paths of the mounts with one of these actions."""
        return [mount.path for mount in self.mounts if mount.action in actions]

    def applied(self) -> list[dict[str, str]]:
        """Return the mounts that the hosts have when the plan is done, as `Found` takes them."""
        return [
            {
                "path": mount.path,
                "source": mount.source,
                "client": mount.client,
                "bucket": mount.variables["bucket"],
                "digest": mount.digest,
            }
            for mount in self.mounts
            if mount.action is not Action.REMOVE
        ]

    @property
    def destroys(self) -> list[str]:
        """The hosts that would be lost."""
        return self.hosts_to(Action.REMOVE, Action.REPLACE)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        actions = {host.action for host in self.hosts} | {mount.action for mount in self.mounts}
        return bool(actions - {Action.KEEP}) or any(one.state != "running" for one in self.shared)


def make_plan(config: Config, found: Found, public_key: str | None = None) -> Plan:
    """Compare by name; `public_key` is the cluster's, None where none was made yet."""
    provider = PROVIDERS[config.provider]
    return Plan(
        config=config,
        hosts=tuple(_plan_hosts(config, provider, found, public_key)),
        mounts=tuple(_plan_mounts(config, provider, found)),
        shared=found.shared,
        found_mounts=found.applied,
    )


def _plan_hosts(config: Config, provider: Provider, found: Found, public_key: str | None) -> Iterator[HostPlan]:
    existing = {host.name: host for host in found.hosts}
    wanted = dict(provider.attributes(config))
    if public_key is not None:
        wanted["key"] = public_key
    for name in config.hosts:
        host = existing.get(name)
        if host is None:
            # A host that is there before its cluster is reached by its name.
            yield HostPlan(name, Action.CREATE, address=name if provider.existing else None)
            continue
        differences = [key for key, value in wanted.items() if host.attributes.get(key) != value]
        fixed = [key for key in differences if key in provider.fixed]
        reason = ", ".join(_difference(key, host.attributes.get(key), wanted[key]) for key in fixed or differences)
        if fixed:
            yield HostPlan(name, Action.REPLACE, reason, host.address)
        elif host.state != "running":
            yield HostPlan(name, Action.START, "it is stopped", host.address)
        elif differences:
            yield HostPlan(name, Action.CHANGE, reason, host.address)
        else:
            yield HostPlan(name, Action.KEEP, None, host.address)
    reason = "px.yaml does not list it" if provider.existing else f"px.yaml asks for {config.nodes}"
    for name in sorted(existing.keys() - set(config.hosts), key=lambda name: (len(name), name)):
        yield HostPlan(name, Action.REMOVE, reason, existing[name].address)


def _difference(key: str, old: Any, new: Any) -> str:
    if key == "key":
        return "the cluster has a new SSH key"
    return f"{key} {'any' if old is None else old} -> {'any' if new is None else new}"


def _plan_mounts(config: Config, provider: Provider, found: Found) -> Iterator[MountPlan]:
    applied = {mount["path"]: mount for mount in found.applied}
    for mount in config.mounts:
        planned = _planned(config, provider, mount)
        before = applied.pop(mount.path, None)
        if before is not None and before["client"] != planned.client:
            # Two clients, two roles: the old one's unit has to go before the new one's comes.
            yield _leaving(before)
            before = None
        same = before is not None and before.get("digest") == planned.digest
        action = Action.CREATE if before is None else Action.KEEP if same else Action.CHANGE
        yield MountPlan(planned.path, planned.source, planned.client, action, planned.emulated, planned.variables)
    for before in applied.values():
        yield _leaving(before)


def _planned(config: Config, provider: Provider, mount: Mount) -> MountPlan:
    emulator = provider.emulators[mount.store] if is_emulated(config, mount) else None
    variables: dict[str, Any] = {
        "path": mount.path,
        # Said where the client could mean another one.
        "store": mount.store if len(CLIENTS[mount.client].stores) > 1 else None,
        "account": mount.account,
        "bucket": mount.bucket,
        "prefix": mount.prefix,
        "read_only": mount.read_only,
        "uid": mount.uid,
        "gid": mount.gid,
        "file_mode": mount.file_mode,
        "dir_mode": mount.dir_mode,
        "region": mount.region,
        "endpoint": mount.endpoint,
        "options": dict(mount.options),
        "anonymous": mount.anonymous,
        "cache": _kept(asdict(mount.cache)),
        "credentials": {name: template_of(secret) for name, secret in mount.credentials.items()},
        "before": list(mount.before),
    }
    if emulator is not None:
        port = emulator_port(config, mount.store)
        variables["endpoint"] = emulator.endpoint.format(port=port, account=mount.account)
        variables["anonymous"] = emulator.anonymous
        variables["credentials"] = dict(emulator.credentials)
        variables["options"] = {**emulator.options.get(mount.client, {}), **mount.options}
    source = STORES[mount.store].writes(Address(mount.bucket, mount.prefix, mount.account))
    return MountPlan(mount.path, source, mount.client, Action.KEEP, emulator is not None, _kept(variables))


def _kept(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables that say something, so that a mount looks as someone would write it by hand."""
    return {key: value for key, value in variables.items() if value is not False and value not in (None, "", {}, [])}


def _leaving(applied: Mapping[str, str]) -> MountPlan:
    variables = {"path": applied["path"], "bucket": applied["bucket"], "state": "absent"}
    return MountPlan(
        applied["path"],
        applied["source"],
        applied["client"],
        Action.REMOVE,
        emulated=False,
        variables=variables,
    )


def emulator_port(config: Config, store: str) -> int:
    """Return the port of a store's emulator: px.yaml's, or else the provider's usual one."""
    usual = PROVIDERS[config.provider].emulators[store].port
    return int(config.settings.get(f"{store}_port", usual))


def emulated_buckets(config: Config) -> list[dict[str, Any]]:
    """Return the buckets that the provider serves without a cloud: `store`, `name`, `port` and `account`, each once."""
    named = {(mount.store, mount.account, mount.bucket) for mount in config.mounts if is_emulated(config, mount)}
    return [
        {
            "store": store,
            "name": name,
            "port": emulator_port(config, store),
            **({"account": account} if account else {}),
        }
        for store, account, name in sorted(named)
    ]


def is_emulated(config: Config, mount: Mount) -> bool:
    """Tell whether the provider serves the mount's bucket without a cloud."""
    return mount.endpoint is None and mount.store in PROVIDERS[config.provider].emulators
