"""The server that keeps the objects of all buckets of an emulated Google Cloud, where only this computer reaches it."""

from __future__ import annotations

import shlex
import socket
import time
from typing import TYPE_CHECKING

from ansible_collections.px.storage.plugins.module_utils.local import record
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import gcs
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Where
from ansible_collections.px.storage.plugins.module_utils.local.service import Service

if TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.record import Layout

_LOOPBACK = "127.0.0.1"
_SECONDS = 30


def start(layout: Layout) -> Where:
    """Start it for a cluster, with whose network it ends; return where it is once it answers."""
    with socket.create_server((_LOOPBACK, 0)) as free:
        port: int = free.getsockname()[1]
    folder, shared = layout.server("gcs"), record.read(layout.record)
    assert shared, "the network comes first"
    where = Where(_LOOPBACK, port, str(folder), str(folder), "")
    # In memory: by files, an object `folder/` is none, and gcsfuse makes such.
    Service(f"{shared['bridge']}-gcs", folder, "server.log").start(f"run {shlex.join(gcs.command(where, 'memory'))}\n")
    deadline = time.monotonic() + _SECONDS
    while not gcs.answers(where):
        assert time.monotonic() < deadline, f"no object server: {(folder / 'server.log').read_text()}"
        time.sleep(0.05)
    return where
