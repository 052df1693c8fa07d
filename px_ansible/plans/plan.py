"""Config + what exists -> Plan: which hosts and mounts to create, keep, change, remove. Pure: it asks nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from px_ansible.plans.actions import Action
from px_ansible.plans.machine import settled
from px_ansible.plans.mounts import MountPlan, plan_mounts
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.config import Config
    from px_ansible.plans.found import Found
    from px_ansible.providers import Provider


# Differences that say nothing as values.
_IN_WORDS = {
    "key": "the cluster has a new SSH key",
    "labels": "other labels",
    "startup": "another startup script",
}


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host and what is to be done with it; `reason` says why, where that is not plain.

    `found` is what the provider's `list` returned for it, empty where there is no such host yet, and None where nobody
    was asked.
    """

    name: str
    action: Action
    reason: str | None = None
    address: str | None = None
    found: Mapping[str, Any] | None = None

    @property
    def pending(self) -> bool:
        """Whether the provider has something to do for it."""
        return self.action is not Action.KEEP


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """One thing that the hosts share and what is to be done with it."""

    name: str
    action: Action


@dataclass(frozen=True, slots=True)
class Plan:
    """The way from what exists to what px.yaml says; `found_mounts` are those that the hosts have before.

    `variables` are those of the provider's role that only the provider could say.
    """

    config: Config
    hosts: tuple[HostPlan, ...]
    mounts: tuple[MountPlan, ...]
    shared: tuple[SharedPlan, ...]
    found_mounts: tuple[Mapping[str, str], ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)

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
    def makes(self) -> bool:
        """Whether the provider has to give something: hosts that are made or started, or what they share."""
        shared = any(one.action is Action.CREATE for one in self.shared)
        return shared or bool(self.hosts_to(Action.CREATE, Action.REPLACE, Action.START))

    @property
    def touches_hosts(self) -> bool:
        """Whether hosts or mounts become others than they are."""
        steps = [one.action for one in self.hosts] + [one.action for one in self.mounts]
        return any(step is not Action.KEEP for step in steps)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.touches_hosts or any(one.action is not Action.KEEP for one in self.shared)


def make_plan(config: Config, found: Found, public_key: str | None = None) -> Plan:
    """Compare by name; `public_key` is the cluster's, None where none was made yet."""
    config = settled(config, found)
    provider = PROVIDERS[config.provider]
    return Plan(
        config=config,
        hosts=tuple(_plan_hosts(config, provider, found, public_key)),
        mounts=tuple(plan_mounts(config, found.applied)),
        shared=tuple(_plan_shared(config, provider, found, public_key)),
        found_mounts=found.applied,
        variables=found.variables,
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
            yield HostPlan(name, Action.CREATE, address=name if provider.existing else None, found={})
            continue
        differences = [key for key, value in wanted.items() if _differs(value, host.attributes.get(key))]
        fixed = [key for key in differences if key in provider.fixed]
        reason = ", ".join(_difference(key, host.attributes.get(key), wanted[key]) for key in fixed or differences)
        if fixed:
            action = Action.REPLACE
        elif host.state != "running":
            action, reason = Action.START, f"it is {host.state}"
        elif name in found.strangers and not differences:
            # Of a run that was killed before it had them, or of another computer's.
            action, reason = Action.CHANGE, "its host keys are not known here"
        else:
            action = Action.CHANGE if differences else Action.KEEP
        yield HostPlan(name, action, reason or None, host.address, host.as_data())
    reason = "px.yaml does not list it" if provider.existing else f"px.yaml asks for {config.nodes}"
    for name in sorted(existing.keys() - set(config.hosts), key=lambda name: (len(name), name)):
        host = existing[name]
        yield HostPlan(name, Action.REMOVE, reason, host.address, host.as_data())


def _differs(wanted: Any, found: Any) -> bool:
    """Tell whether something is not as wanted; of labels there may be more, which others have put there."""
    if isinstance(wanted, Mapping):
        return not wanted.items() <= (found or {}).items()
    return bool(wanted != found)


def _difference(key: str, old: Any, new: Any) -> str:
    if key in _IN_WORDS:
        return _IN_WORDS[key]
    return f"{key} {'any' if old is None else old} -> {'any' if new is None else new}"


# A thing that is incomplete lacks a part, or has one that is not as px.yaml says.
_SHARED = {"running": Action.KEEP, "incomplete": Action.CHANGE}


def _plan_shared(config: Config, provider: Provider, found: Found, public_key: str | None) -> Iterator[SharedPlan]:
    """Yield what the provider makes for all hosts, under the names that it goes by once it is there."""
    kinds = list(provider.shared(config))
    for one in found.shared:
        yield SharedPlan(one.name, _SHARED.get(one.state, Action.START))
        kinds = [kind for kind in kinds if not one.name.startswith(kind)]
    if not provider.existing and not config.ssh.key:
        yield SharedPlan("SSH key", Action.CREATE if public_key is None else Action.KEEP)
    yield from (SharedPlan(kind, Action.CREATE) for kind in kinds)
