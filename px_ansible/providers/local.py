"""Hosts on this computer: systemd-nspawn machines, with emulators in place of the clouds' stores."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from px_ansible.providers.model import Emulator, Provider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from px_ansible.config.model import Config

DEFAULT_IMAGE = "debian-12"


def _attributes(config: Config) -> Mapping[str, Any]:
    return {
        "image": config.image or DEFAULT_IMAGE,
        "cpus": config.cpus_per_node,
        "memory_mib": config.memory_per_node,
    }


def _variables(config: Config, buckets: Sequence[Mapping[str, Any]], cache_dir: str) -> Mapping[str, Any]:
    wanted = {f"provider_local_{name}": value for name, value in _attributes(config).items() if value is not None}
    return {
        **wanted,
        "provider_local_buckets": [dict(bucket) for bucket in buckets],
        "provider_local_cache_dir": cache_dir,
        # The base image carries fuse3, and the machines have no way to a package mirror.
        "fuse_mount_install_fuse": False,
    }


def _shared(config: Config) -> Sequence[str]:
    served = {mount.store for mount in config.mounts if mount.endpoint is None}
    return ["network", *(f"{store} bucket server" for store in sorted(served))]


# Fixed and known to everyone: the emulators hold nothing but what is written to them here.
_S3_KEYS = {"access_key_id": "px-local", "secret_access_key": "px-local-secret"}
# Azurite's own: github.com/Azure/Azurite, "Default Storage Account".
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

EMULATORS = {
    "azure": Emulator(
        port=10000,
        endpoint="http://buckets.px.internal:{port}/{account}",
        credentials={"account_key": _AZURITE_KEY},
    ),
    "gcs": Emulator(
        port=4443,
        endpoint="http://buckets.px.internal:{port}/storage/v1/",
        anonymous=True,
        options={
            "gcsfuse": {
                # gcsfuse asks for both over interfaces that the emulator does not have (gRPC, objects.move).
                "enable-hns": False,
                "enable-atomic-rename-object": False,
                # The emulator forgets empty folders; so that the first file in a new one finds it, gcsfuse must too.
                "metadata-cache-negative-ttl-secs": 0,
            }
        },
    ),
    "s3": Emulator(port=8333, endpoint="http://buckets.px.internal:{port}", credentials=_S3_KEYS),
    "spaces": Emulator(port=8334, endpoint="http://buckets.px.internal:{port}", credentials=_S3_KEYS),
}

LOCAL = Provider(
    name="local",
    default_image=DEFAULT_IMAGE,
    images=(DEFAULT_IMAGE, "debian-13"),
    user=lambda _config: "root",
    arch=lambda _config: platform.machine(),
    attributes=_attributes,
    variables=_variables,
    fixed=frozenset({"image"}),
    emulators=EMULATORS,
    needs_root=True,
    programs={
        "ip": "iproute2",
        "mmdebstrap": "mmdebstrap",
        "ssh": "openssh-client",
        "ssh-keygen": "openssh-client",
        "systemd-nspawn": "systemd-container",
        "unshare": "util-linux",
    },
    devices=("/dev/fuse",),
    offers=frozenset({"image"}),
    shared=_shared,
    also=("localhost", "nspawn", "systemd-nspawn"),
    instead={
        "machine_type": "take it out: cpus_per_node and memory_per_node limit a machine on this computer",
        "ssh": "take it out: only this computer reaches the machines, with the cluster's own key",
    },
)
