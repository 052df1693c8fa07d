"""What the clouds have in common: how a host of px.yaml is described to their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible import files
from px_ansible.stores import STORES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from px_ansible.config.model import Config

# The keys of a cloud's own block that name a file of this computer.
FILES = ("startup",)
# What no cloud changes of a host that exists.
FIXED = frozenset({"machine_type", "image", "region", "zone", "disk_gib", "spot"})


def login(user: str) -> Callable[[Config], str]:
    """Return what says who logs in: px.yaml's user, or else the cloud's usual one."""
    return lambda config: config.ssh.user or user


def architecture(config: Config) -> str:
    """Return the architecture of the hosts: that of their machine type."""
    machine = config.machine
    return machine.type.arch if machine and machine.type else "x86_64"


def attributes(config: Config) -> Mapping[str, Any]:
    """Return what a host should be; what px.yaml leaves open is not compared.

    `startup` is the SHA-256 of its startup script, empty where it has none; of `labels` a host may have more.
    """
    return {**_machine(config), "labels": dict(config.labels), **_startup(config)}


def _machine(config: Config) -> dict[str, Any]:
    wanted = {
        "region": config.region if config.region_from is None else None,
        "machine_type": config.machine.name if config.machine else None,
        "image": config.image,
        "zone": config.zone,
        "disk_gib": config.disk_size_gib,
        "spot": config.spot,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _startup(config: Config) -> dict[str, str]:
    """Return the checksum of the startup script; nothing while it cannot be read, which `provision` refuses."""
    import hashlib  # noqa: PLC0415 - 6 ms, and `validate` needs none

    file = files_of(config).get("startup")
    try:
        # Ansible's lookup takes the white space at its end away.
        return {"startup": hashlib.sha256(file.read_bytes().rstrip()).hexdigest() if file else ""}
    except OSError:
        return {}


def shared(_config: Config) -> Sequence[str]:
    """Return what all hosts of a cluster share in a cloud."""
    return ("network", "identity")


def files_of(config: Config) -> Mapping[str, Path]:
    """Return the files of this computer that the cloud's block names, absolute: key -> file."""
    folder = config.file.absolute().parent
    return {key: files.named(folder, config.settings[key]) for key in FILES if key in config.settings}


def buckets(provider: str, config: Config) -> list[dict[str, Any]]:
    """Return the buckets of the cloud's own store that are mounted with the hosts' own identity, each once.

    One is `read_only` where every mount of it is.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for mount in config.mounts:
        theirs = STORES[mount.store].provider == provider
        if not theirs or mount.credentials or mount.anonymous or mount.endpoint is not None:
            continue
        one = found.setdefault((mount.account, mount.bucket), {"name": mount.bucket, "read_only": True})
        one["read_only"] &= mount.read_only
        if mount.account:
            one["account"] = mount.account
    return list(found.values())


def former_buckets(provider: str, config: Config, applied: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the buckets of the cloud's own stores that hosts had mounted, and that px.yaml does not mount any more."""
    now = {one["name"] for one in buckets(provider, config)}
    own = [store for store in STORES.values() if store.provider == provider]
    before = dict.fromkeys(one["bucket"] for one in applied if any(store.reads(one["source"]) for store in own))
    return [{"name": name} for name in before if name not in now]


def variables(name: str) -> Callable[[Config, Sequence[Mapping[str, Any]], str], Mapping[str, Any]]:
    """Return what gives the host variables of the role `provider_<name>`."""

    def of(config: Config, _buckets: Sequence[Mapping[str, Any]], _cache_dir: str) -> Mapping[str, Any]:
        wanted = {
            **_machine(config),
            "region": config.region,
            "labels": dict(config.labels),
            "ssh_allow": list(config.ssh.allow),
            "ssh_user": config.ssh.user,
            "buckets": buckets(name, config),
            **config.settings,
            **{key: str(file) for key, file in files_of(config).items()},
        }
        return {f"provider_{name}_{key}": value for key, value in wanted.items() if value not in (None, {}, [])}

    return of
