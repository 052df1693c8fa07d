"""What a client says of its version."""

import os
import subprocess

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS

_LIMIT = 10


def of(client: str, binary: str) -> str:
    """Return the first line that the client prints when asked for its version; empty where it says nothing."""
    if not os.access(binary, os.X_OK):
        return ""
    try:
        done = subprocess.run(
            CLIENTS[client].version_of(binary),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.decode("utf-8", "replace").split("\n") if done.returncode == 0 else []
    return next((line.strip() for line in lines if line.strip()), "")
