"""Hosts that are there already: reached with the user's own ssh, left as they are but for the mounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible import files
from px_ansible.providers.model import ExistingHosts, Provider

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from px_ansible.config.model import Config


def _names(settings: Mapping[str, Any]) -> Sequence[str]:
    return tuple(settings.get("hosts", ()))


def _ssh(config: Config) -> list[str]:
    """Return ssh's options; the user's own config, agent and known_hosts do the rest."""
    settings = config.settings
    # Nobody is there to answer a question: an unknown host key is an error.
    options = {"BatchMode": "yes", "ConnectTimeout": "10", "StrictHostKeyChecking": "yes"}
    if key := settings.get("key"):
        place = files.named(config.file.absolute().parent, key)
        options |= {"IdentityFile": f'"{str(place).replace("%", "%%")}"', "IdentitiesOnly": "yes"}
    if port := settings.get("port"):
        options["Port"] = str(port)
    return [part for name, value in options.items() for part in ("-o", f"{name}={value}")]


def _variables(config: Config, _buckets: Sequence[Mapping[str, Any]], _cache_dir: str) -> Mapping[str, Any]:
    return {"provider_static_ssh": _ssh(config), "provider_static_user": config.settings["user"]}


STATIC = Provider(
    name="static",
    default_image=None,
    images=(),
    user=lambda config: str(config.settings["user"]),
    # Each host is asked.
    arch=lambda _config: "",
    attributes=lambda _config: {},
    variables=_variables,
    programs={"ssh": "openssh-client"},
    existing=ExistingHosts(names=_names, ssh=_ssh),
    also=("existing", "ssh", "on-prem", "onprem", "bare-metal"),
    instead={"ssh": "write user, key and port beside 'hosts'"},
)
