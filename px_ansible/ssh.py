"""How hosts are reached over SSH: the same options for Ansible and for `px-ansible ssh`.

The host key is always checked, against the file that the provider role wrote before the first connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def options(host: str, key: Path, known_hosts_dir: Path) -> list[str]:
    """Return ssh's options for a host of a cluster; the user's own ssh_config stays out."""
    known = str(known_hosts_dir / host).replace("%", "%%")
    settings = {
        "IdentityFile": f'"{str(key).replace("%", "%%")}"',
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": f'"{known}"',
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": host,
        "StrictHostKeyChecking": "yes",
        "PasswordAuthentication": "no",
        "ConnectTimeout": "10",
    }
    return ["-F", "none", *(part for name, value in settings.items() for part in ("-o", f"{name}={value}"))]
