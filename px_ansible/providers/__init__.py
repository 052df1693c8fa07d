"""The table of providers: one line each, in alphabetical order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.providers.aws import AWS
from px_ansible.providers.azure import AZURE
from px_ansible.providers.digitalocean import DIGITALOCEAN
from px_ansible.providers.gcp import GCP
from px_ansible.providers.local import LOCAL
from px_ansible.providers.model import OPTIONAL, Cloud, Emulator, ExistingHosts, Labels, Provider
from px_ansible.providers.static import STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DEFAULT", "OPTIONAL", "PROVIDERS", "Cloud", "Emulator", "ExistingHosts", "Labels", "Provider"]

PROVIDERS: Mapping[str, Provider] = {
    "aws": AWS,
    "azure": AZURE,
    "digitalocean": DIGITALOCEAN,
    "gcp": GCP,
    "local": LOCAL,
    "static": STATIC,
}

# Where the hosts of a px.yaml without mounts are made that names no provider.
DEFAULT = GCP.name
