"""The host keys of an instance: what its guest agent tells Google, or else what answers at its address.

The same as gcloud does: cloud.google.com/compute/docs/connect/ssh-best-practices/network-access#host-key-checking.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.gcp.errors import ApiError

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api

PORT = 22


def answers(address: str, seconds: float = 3.0) -> bool:
    """Tell whether an SSH server speaks at an address."""
    try:
        with socket.create_connection((address, PORT), timeout=seconds) as connection:
            connection.settimeout(seconds)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def of_agent(api: Api, link: str, seconds: float) -> list[str]:
    """Return "TYPE KEY" of every key that the guest agent has told; none where it has told nothing within a time."""
    until = time.monotonic() + seconds
    while True:
        try:
            found = api.get(f"{link}/getGuestAttributes", may_miss=True, queryPath="hostkeys/")
        except ApiError:  # guest attributes are switched off for the project or the organization
            return []
        items = (found.get("queryValue") or {}).get("items") or []
        if items or time.monotonic() > until:
            return [f"{one['key']} {one['value']}" for one in items]
        time.sleep(2)


def of_address(address: str) -> list[str]:
    """Return "TYPE KEY" of every key that an SSH server shows: whoever answers is believed."""
    scan = ["ssh-keyscan", "-T", "10", address]
    shown = subprocess.run(scan, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return [line.partition(" ")[2] for line in shown.stdout.splitlines() if line and not line.startswith("#")]


def are_before(path: Path, instance: t.Mapping[str, t.Any]) -> bool:
    """Tell whether a file of known hosts is older than the instance, and so of another one, or is not there."""
    try:
        written = path.stat().st_mtime
    except OSError:
        return True
    made = instance.get("creationTimestamp")
    return bool(made) and written < dt.datetime.fromisoformat(made).timestamp()


def write(path: Path, host: str, keys: t.Iterable[str]) -> bool:
    """Write a host's file of known hosts, whole and for its owner alone; return whether that changed it."""
    text = "".join(f"{host} {key}\n" for key in sorted(keys))
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except OSError:
        pass
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{host}.")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(new).replace(path)
    return True
