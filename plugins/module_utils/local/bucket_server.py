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
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Bucket, Where
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError, last_lines
from ansible_collections.px.storage.plugins.module_utils.local.service import SCRIPT, Service

# An idle computer needs 1.5 seconds for Azurite and 4 for SeaweedFS; one whose processors are all busy, ten times that.
START_SECONDS = 60
# A server that has ended so often will not come.
ENDINGS = 3
# A server that dies comes back: the mounts wait for it. Its environment is what is written here and nothing else: the
# user's own settings of rclone, Node or AWS are not the server's.
RUN = """\
# Runs the {store} bucket server of the cluster {cluster}; written by px.storage.local_cluster.
[ -n "${{PX_BUCKET_SERVER-}}" ] || exec env -i PX_BUCKET_SERVER=1 PATH="$PATH" "$0"
cd {folder} || exit 1
trap 'stopping=1; kill -{signal} "$child" 2> /dev/null' TERM
{exports}
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
        self.folder = layout.server(store)
        shared = record.read(layout.record)
        self.service = Service(f"{shared['bridge']}-{store}" if shared else store, self.folder, "server.log")

    def where(self, address: str, port: int, cache_dir: str) -> Where:
        """Return where this server is to listen, and what it may write to."""
        return Where(address, port, str(self.data), str(self.folder), cache_dir)

    def start(self, where: Where, buckets: t.Sequence[Bucket]) -> bool:
        """Start the server where it does not run as wanted; tell whether it did not. `finish` waits for it.

        A storage account that is new, or no longer wanted, is a restart: the mounts outlive one.
        """
        script = self._wanted(where, buckets)
        if self.service.running() and self._script() == script:
            return False
        self.service.stop()
        _require_free(where.address, where.port, self.store)
        record.make_folder(self.data)
        self.service.start(script)
        return True

    def finish(self, where: Where, buckets: t.Sequence[Bucket], *, started: bool) -> list[str]:
        """Wait for the server and make its buckets; return a sentence for everything that was done."""
        self._wait(where)
        done = [f"started the {self.store} bucket server on {where.address}:{where.port}"] if started else []
        try:
            made = [bucket.name for bucket in buckets if self.kind.make_bucket(where, bucket)]
        except OSError as error:
            message = f"the {self.store} bucket server ended while its buckets were made: {error}"
            raise LocalError(message, log=last_lines(str(self.service.log))) from error
        return done + [f"made the bucket {name}" for name in made]

    def _wanted(self, where: Where, buckets: t.Sequence[Bucket]) -> str:
        accounts = sorted({bucket.account for bucket in buckets if bucket.account})
        variables = self.kind.environment(accounts)
        return RUN.format(
            store=self.store,
            cluster=self.layout.cluster,
            folder=shlex.quote(where.folder),
            signal=self.kind.STOP_SIGNAL,
            exports="\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            command=shlex.join(self.kind.command(where)),
        )

    def _script(self) -> str | None:
        try:
            return self.service.script.read_text(encoding="utf-8").removeprefix(SCRIPT)
        except FileNotFoundError:
            return None

    def _wait(self, where: Where) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.kind.answers(where):
                return
            if self.service.log.read_bytes().count(b"the server ended with") >= ENDINGS:
                break
            time.sleep(0.05)
        log = last_lines(str(self.service.log))
        self.service.stop()
        raise LocalError(f"the {self.store} bucket server does not answer on {where.address}:{where.port}", log=log)

    def info(self) -> dict[str, t.Any]:
        """Return what is known of the server, for `list`."""
        return {
            "name": f"{self.store} bucket server",
            "state": "running" if self.service.running() else "stopped",
        }


def stores(layout: record.Layout) -> list[str]:
    """Return the stores for which the cluster has a server."""
    return sorted(folder.name for folder in layout.servers.glob("*") if folder.name in SERVERS)


def _require_free(address: str, port: int, store: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                message = f"the {store} bucket server cannot listen on {address}:{port}: {error.strerror}"
                raise LocalError(message) from error
            holder = _holder(port)
            message = f"port {port} of the {store} bucket server is taken" + (f" by {holder}" if holder else "")
            other = f"cluster: {{local: {{{store}_port: {port + 1}}}}}"
            raise LocalError(message, f"stop that program, or choose another port in px.yaml: {other}") from error


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
