"""Real bucket servers on free loopback ports, for tests of the stand-ins: `rclone serve s3` and azurite."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import azure as azure_server
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import azurite

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible"
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = azure_server.ACCOUNT_KEY


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, port: int, prefix=(), **more):
    """Run a server until the end of the block; ready when its port answers."""
    process = subprocess.Popen(
        [*prefix, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more
    )
    try:
        check = [*prefix, sys.executable, "-c", f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"]
        until = time.monotonic() + 30
        while subprocess.run(check, capture_output=True, check=False).returncode:
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < until, f"{command[0]} does not answer"
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(20)


def s3(folder: Path, port: int, keys: str = "", prefix=()):
    """Serve the folders below `folder` as S3 buckets; `keys` is `ID,SECRET`, without them everybody may."""
    rclone = str(Path(sys.executable).parent / "rclone")
    command = [rclone, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}", "--config", os.devnull]
    command += ["--auth-key", keys] if keys else []
    # Not 0s: with that, rclone looks again and again whether there is something to forget, with all of a processor.
    return running([*command, "--dir-cache-time", "1ms"], port, prefix)


def azure(folder: Path, port: int):
    """Serve `folder` as Azure's blobs with azurite."""
    command = azurite.ensure(str(CACHE))
    command += ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    return running([*command, "--skipApiVersionCheck", "--disableTelemetry"], port)


def make_container(endpoint: str, name: str) -> None:
    """Make a container in azurite."""
    remote = {"type": "azureblob", "account": ACCOUNT, "key": ACCOUNT_KEY, "endpoint": endpoint}
    environment = {f"RCLONE_CONFIG_A_{key.upper()}": value for key, value in remote.items()}
    rclone = str(Path(sys.executable).parent / "rclone")
    command = [rclone, "mkdir", f"A:{name}", "--config", os.devnull]
    subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)


def fusermount(folder: Path) -> Path:
    """Return a folder for PATH with fusermount and fusermount3: this computer's, a base image's, or the package's."""
    names = ("fusermount", "fusermount3")
    found = {name: shutil.which(name) for name in names}
    for image in sorted(CACHE.glob("images/*/usr/bin/fusermount3")):
        found = {name: found[name] or str(image) for name in names}
    if not all(found.values()):
        subprocess.run(["apt-get", "download", "fuse3"], cwd=folder, check=True)
        subprocess.run(["dpkg-deb", "-x", str(next(folder.glob("fuse3*.deb"))), str(folder / "fuse3")], check=True)
        packed = next((folder / "fuse3").rglob("bin/fusermount3"))
        found = {name: found[name] or str(packed) for name in names}
    programs = folder / "programs"
    programs.mkdir()
    for name, target in found.items():
        (programs / name).symlink_to(target)
    return programs
