"""How hosts are reached over SSH: the same options for Ansible and for `px-ansible ssh`.

The host key is always checked: of hosts that px-ansible makes against the file that the provider role wrote before the
first connection, of others by the user's own known_hosts.
"""

from __future__ import annotations

import re
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


# What ssh says of a host that it does not get in to, and what helps.
_HINTS = (
    ("IDENTIFICATION HAS CHANGED", "if the host was made anew: ssh-keygen -R {host} && ssh {host}; else find out why"),
    (
        "verification failed",
        "ssh {host}, once, to compare the fingerprint; or ssh-keyscan {host} >> ~/.ssh/known_hosts",
    ),
    ("Permission denied", "let the host take your key: ssh-copy-id {user}{host}; or ssh-add where it has a passphrase"),
)


# What Ansible says before it lets ssh speak.
_PREAMBLE = re.compile(
    r"^(Task failed: )?(Failed to connect to the host via ssh: |Data could not be sent to remote host .*? over ssh: )"
)


def reason(message: str) -> str:
    """Return ssh's own words, of what Ansible says of a host that could not be reached."""
    return _PREAMBLE.sub("", message)


def hint(message: str, host: str) -> str | None:
    """Return what helps with a host that the user's own ssh cannot reach, from ssh's words; None where that is open."""
    found = re.search(r"(\S+@)\S+: Permission denied", message)
    user = found[1] if found else ""
    return next((text.format(host=host, user=user) for sign, text in _HINTS if sign in message), None)
