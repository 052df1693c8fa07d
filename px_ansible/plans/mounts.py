"""The mounts of a plan: what each one is for its client's role, and what differs from the hosts' mounts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from px_ansible.clients import CLIENTS
from px_ansible.lookups import template_of
from px_ansible.plans.actions import Action
from px_ansible.providers import PROVIDERS
from px_ansible.stores import STORES, Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from px_ansible.config import Config, Mount
    from px_ansible.providers import Provider


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


def plan_mounts(config: Config, found: Sequence[Mapping[str, str]]) -> Iterator[MountPlan]:
    """Yield what is to be done with each mount; `found` are those that the hosts have."""
    provider = PROVIDERS[config.provider]
    applied = {mount["path"]: mount for mount in found}
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
