"""The table of providers: one line each, in alphabetical order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.providers.local import LOCAL
from px_ansible.providers.model import Emulator, ExistingHosts, Provider
from px_ansible.providers.static import STATIC

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LATER", "PROVIDERS", "Emulator", "ExistingHosts", "Provider"]

PROVIDERS: Mapping[str, Provider] = {
    "local": LOCAL,
    "static": STATIC,
}

# Named by PX and not in this version: right names, told apart from typing errors.
LATER = ("aws", "azure", "digitalocean", "gcp")
