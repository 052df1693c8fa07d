"""A client's release, as its vendor publishes it: named by URL or by a file, held to its pinned sha256."""

from __future__ import annotations

import hashlib
import urllib.request

_NET_SECONDS = 60
# What vendors call the architectures in their file names: Debian's and Go's word.
_ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}


class ChecksumError(Exception):
    """It is not what was pinned. No reason to look elsewhere: somebody has to see it."""


def url(template: str, build: str, arch: str) -> str:
    """Return the URL with `{arch}` as amd64 or arm64 and `{build}` as the name of the build."""
    return template.replace("{arch}", _ARCHES.get(arch, arch)).replace("{build}", build)


def download(address: str, sha256: str) -> bytes:
    """Return the content behind a URL.

    Raises:
        ChecksumError: It is not what was pinned.
        OSError: It cannot be had (urllib's errors are such).

    """
    if not address.startswith(("https://", "http://")):
        raise ChecksumError(f"{address}: a release is fetched by https or http")
    with urllib.request.urlopen(address, timeout=_NET_SECONDS) as answer:  # noqa: S310
        content: bytes = answer.read()
    return _verified(content, address, sha256)


def read(path: str, sha256: str) -> bytes:
    """Return the content of a file on the controller; raises as `download` does."""
    with open(path, "rb") as file:
        return _verified(file.read(), path, sha256)


def _verified(content: bytes, where: str, sha256: str) -> bytes:
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256.lower():
        raise ChecksumError(f"{where}: wrong checksum. Pinned is {sha256}, received was {actual}. Nothing was kept.")
    return content
