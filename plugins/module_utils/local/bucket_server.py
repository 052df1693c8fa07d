"""A store emulated on this computer: its server on the cluster's bridge, its objects in a folder that outlives both."""

from __future__ import annotations

import errno
import os
import shlex
import socket
import time
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local import record
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import SERVERS
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError, last_lines
from ansible_collections.px.storage.plugins.module_utils.local.service import SCRIPT, Service

START_SECONDS = 15
# A server that dies comes back: the mounts wait for it.
RUN = """\
# Runs the {store} bucket server of the cluster {cluster}; written by px.storage.local_cluster.
cd / || exit 1
while [ -z "$stopping" ]; do
  run {command}
  [ -n "$stopping" ] && exit 0
  echo "the server ended with $code; it is started again" >&2
  sleep 1
done
"""


class Server:
    """The server of one store for one cluster."""

    def __init__(self, layout: record.Layout, store: str) -> None:
        if store not in SERVERS:
            raise LocalError(
                f"no bucket server for the store {store} on this computer; there is one for: {', '.join(SERVERS)}"
            )
        self.layout = layout
        self.store = store
        self.kind = SERVERS[store]
        self.data = layout.buckets / store
        folder = layout.server(store)
        shared = record.read(layout.record)
        self.service = Service(f"{shared['bridge']}-{store}" if shared else store, folder, "server.log")

    def converge(self, address: str, port: int, buckets: list[str]) -> list[str]:
        """Run the server and make its buckets; return a sentence for everything that was done."""
        done = []
        command = self.kind.command(address, port, str(self.data))
        script = RUN.format(store=self.store, cluster=self.layout.cluster, command=shlex.join(command))
        if not (self.service.running() and self._script() == script):
            self.service.stop()
            _require_free(address, port)
            record.make_folder(self.data)
            self.service.start(script)
            self._wait(address, port)
            done.append(f"started the {self.store} bucket server on {address}:{port}")
        made = [bucket for bucket in buckets if self.kind.make_bucket(address, port, bucket)]
        return done + [f"made the bucket {bucket}" for bucket in made]

    def _script(self) -> str | None:
        try:
            return self.service.script.read_text(encoding="utf-8").removeprefix(SCRIPT)
        except FileNotFoundError:
            return None

    def _wait(self, address: str, port: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.kind.answers(address, port):
                return
            time.sleep(0.05)
        log = last_lines(str(self.service.log))
        self.service.stop()
        raise LocalError(f"the {self.store} bucket server does not answer on {address}:{port}", log=log)

    def info(self) -> dict[str, t.Any]:
        """Return what is known of the server, for `list`."""
        return {
            "name": f"{self.store} bucket server",
            "state": "running" if self.service.running() else "stopped",
        }


def stores(layout: record.Layout) -> list[str]:
    """Return the stores for which the cluster has a server."""
    return sorted(folder.name for folder in layout.servers.glob("*") if folder.name in SERVERS)


def _require_free(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise LocalError(f"the bucket server cannot listen on {address}:{port}: {error.strerror}") from error
            holder = _holder(port)
            message = f"port {port} of the bucket server is taken" + (f" by {holder}" if holder else "")
            raise LocalError(
                message,
                "stop that program, or choose another port in px.yaml: cluster: {local: {gcs_port: 4444}}",
            ) from error


def _holder(port: int) -> str | None:
    """Return the program that listens on a port, as `name (pid 123)`."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{fields[9]}]")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(entry) in inodes for entry in (folder / "fd").iterdir()):
                return f"{(folder / 'comm').read_text(encoding='utf-8').strip()} (pid {folder.name})"
        except OSError:  # it ended meanwhile
            continue
    return None
