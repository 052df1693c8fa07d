"""One folder of the controller's client cache: a binary and its checksum, which appear whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from ansible_collections.px.storage.plugins.module_utils import client_archive

if TYPE_CHECKING:
    from collections.abc import Iterator


def checksum(path: str, arch: str, *, adopt: bool = False) -> str:
    """Return the sha256 of a binary that is as its `.sha256` says, else an empty string.

    A script is as good as a program here: its checksum says that it is what was wanted. `adopt` takes a program
    without a `.sha256`, which somebody put there by hand.
    """
    try:
        actual = _sha256(path)
    except OSError:
        return ""
    noted = _noted(path)
    if noted not in (None, actual) or (noted is None and not adopt):
        return ""
    try:
        with open(path, "rb") as file:
            client_archive.check_machine(file, arch, script=noted is not None)
    except (OSError, client_archive.ArchiveError):
        return ""
    if noted is None:
        os.chmod(path, 0o755)  # noqa: S103
        _note(path, actual)
    return actual


def put(made: str, path: str, arch: str, *, script: bool = False) -> str:
    """Move a binary to its place and return its sha256.

    Raises:
        client_archive.ArchiveError: It is no program for the architecture; `script` allows one that begins with #!.

    """
    with open(made, "rb") as file:
        client_archive.check_machine(file, arch, script=script)
    os.chmod(made, 0o755)  # noqa: S103
    sha256 = _sha256(made)
    # In this order a run that dies in between leaves a whole binary, with its checksum or with none.
    for old in (path + ".sha256", path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old)
    os.rename(made, path)
    _note(path, sha256)
    return sha256


@contextlib.contextmanager
def alone(path: str) -> Iterator[None]:
    """Have the binary's folder, and be the only run that works in it."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o755, exist_ok=True)
    with open(os.path.join(folder, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def temporary(path: str) -> Iterator[str]:
    """Return a folder beside the binary, from which a file can be renamed into its place."""
    folder = tempfile.mkdtemp(prefix=".new-", dir=os.path.dirname(path))
    try:
        yield folder
    finally:
        # Go's module cache is read-only; here it appears where a build for another architecture made one.
        for at, _, _ in os.walk(folder):
            os.chmod(at, 0o700)
        shutil.rmtree(folder, ignore_errors=True)


def _noted(path: str) -> str | None:
    try:
        with open(path + ".sha256", encoding="ascii", errors="replace") as file:
            return next(iter(file.read().split()), "")
    except FileNotFoundError:
        return None
    except OSError:
        return ""


def _note(path: str, sha256: str) -> None:
    descriptor, unfinished = tempfile.mkstemp(prefix=".sum-", dir=os.path.dirname(path))
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{sha256}  {os.path.basename(path)}\n")
    os.chmod(unfinished, 0o644)
    os.rename(unfinished, path + ".sha256")


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
