"""Take a client's binary out of what its vendor publishes: a .deb, a .zip, or the bare file."""

from __future__ import annotations

import io
import posixpath
import struct
import tarfile
import zipfile
import zlib
from typing import BinaryIO

_AR_MAGIC = b"!<arch>\n"
_ZIP_MAGIC = b"PK\x03\x04"
_RPM_MAGIC = b"\xed\xab\xee\xdb"
_ELF_HEADER = 20
_MACHINES = {"x86_64": 62, "aarch64": 183}


class ArchiveError(Exception):
    """It holds no such binary, or one for another machine."""


def binary(content: bytes, name: str) -> bytes:
    """Return the binary: `usr/bin/NAME` of a .deb, `*/NAME` of a .zip, the content itself where it is no archive.

    Raises:
        ArchiveError: The archive is damaged, or has no such file.

    """
    if content.startswith(_ZIP_MAGIC):
        return _of_zip(content, name)
    if content.startswith(_RPM_MAGIC):
        raise ArchiveError(
            "an .rpm is not read here: take the vendor's .deb or bare binary, or the install method package"
        )
    if not content.startswith(_AR_MAGIC):
        return content
    try:
        with tarfile.open(fileobj=io.BytesIO(_data_of_deb(content))) as archive:
            for member in archive:
                if member.isfile() and member.name.lstrip("./") == f"usr/bin/{name}":
                    file = archive.extractfile(member)
                    if file is not None:
                        return file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"the package is damaged: {error}") from error
    raise ArchiveError(f"the package has no usr/bin/{name}")


def _of_zip(content: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # rclone's has one folder, rclone-vX-linux-ARCH; deeper down lies something else.
            for member in archive.infolist():
                if posixpath.basename(member.filename) == name and member.filename.count("/") <= 1:
                    return archive.read(member)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise ArchiveError(f"the zip archive is damaged: {error}") from error
    raise ArchiveError(f"the zip archive has no {name}")


def _data_of_deb(content: bytes) -> bytes:
    at = len(_AR_MAGIC)
    while at + 60 <= len(content):
        header = content[at : at + 60]
        member = header[:16].decode("ascii", "replace").strip().rstrip("/")
        try:
            size = int(header[48:58])
        except ValueError:
            break
        if member.startswith("data.tar"):
            if at + 60 + size > len(content):
                break
            return content[at + 60 : at + 60 + size]
        # Members begin at even offsets.
        at += 60 + size + size % 2
    raise ArchiveError("the package is damaged: its ar archive has no whole data.tar")


def check_machine(file: BinaryIO, arch: str, *, script: bool = False) -> None:
    """Refuse what is not a Linux program for the architecture; `script` lets one that begins with #! pass.

    Raises:
        ArchiveError: It is something else.

    """
    header = file.read(_ELF_HEADER)
    if script and header.startswith(b"#!"):
        return
    # 64-bit, little endian: what both architectures are.
    if len(header) < _ELF_HEADER or header[:6] != b"\x7fELF\x02\x01":
        raise ArchiveError("it is not a Linux program")
    machine = struct.unpack_from("<H", header, 18)[0]
    if arch in _MACHINES and machine != _MACHINES[arch]:
        raise ArchiveError(f"it is not a program for {arch}")
