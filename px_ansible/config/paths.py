"""Where a bucket may be mounted."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING

from px_ansible.config.words import quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# Of these, neither the folder nor anything below it.
_CLOSED = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
)
# Of these, folders below them are fine.
_SYSTEM = (*_CLOSED, "/", "/home", "/root", "/tmp", "/var")  # noqa: S108

# systemd names a unit after its path with four characters for each special one; file names end at 255.
_LONGEST_UNIT = 200


def path_problem(path: str) -> tuple[str, str] | None:
    """Return what is wrong with the path of a mount and what to write instead, or None."""
    return next(_path_problems(path), None)


def _path_problems(path: str) -> Iterator[tuple[str, str]]:
    if bad := re.search(r"[^A-Za-z0-9._@+/-]", path):
        plain = unicodedata.normalize("NFKD", path).encode("ascii", "ignore").decode()
        better = re.sub(r"[^A-Za-z0-9._@+/-]+", "-", plain)
        shown = "a space" if bad.group() == " " else f"the character {bad.group()!r}"
        hint = f"did you mean {better!r}? letters, digits and . _ @ + - are allowed"
        yield f"the mount path {quote(path)} has {shown} in it", hint
    normal = "/" + posixpath.normpath(path).lstrip("/")
    if ".." in path.split("/"):
        yield f"the mount path {path!r} has '..' in it", f"write where it leads: {normal!r}"
    if path not in ("/", normal):
        wrong = "ends with '/'" if path.rstrip("/") == normal else "is not in its shortest form"
        yield f"the mount path {path!r} {wrong}", f"write {normal!r}"
    other = f"/data/{posixpath.basename(path)}".rstrip("/").replace("/data/data", "/data")
    instead = f"write another path, such as {other!r}"
    if path in _SYSTEM:
        yield f"{path!r} is a folder of the system, and a mount would hide it", instead
    for folder in _CLOSED:
        if path.startswith(f"{folder}/"):
            yield f"{path!r} is inside {folder!r}, which belongs to the system", instead
    if sum(1 if char.isalnum() or char in "/_." else 4 for char in path) > _LONGEST_UNIT:
        yield (
            f"the mount path {quote(path)} is too long for the name of a systemd unit",
            "write a shorter one",
        )


def above(path: str) -> list[str]:
    """Return the folders that `path` is in, the nearest first."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts) - 1, 1, -1)]


def cache_problem(path: str, mounts: Collection[str]) -> tuple[str, str] | None:
    """Return what is wrong with the folder of a cache and what to write instead, or None."""
    normal = "/" + posixpath.normpath(path).lstrip("/")
    instead = "write another folder, such as '/var/cache/buckets', or leave 'path' out"
    if path != normal:
        return f"the folder {quote(path)} is not in its shortest form", f"write {normal!r}"
    if path in _SYSTEM or any(path.startswith(f"{folder}/") for folder in _CLOSED):
        return f"{quote(path)} belongs to the system", instead
    if outer := next((folder for folder in (path, *above(path)) if folder in mounts), None):
        return f"the cache {quote(path)} would be inside the mount {outer!r}", instead
    if re.search(r"[^A-Za-z0-9._@+/-]", path):
        return f"the folder {quote(path)} may have letters, digits and . _ @ + - only", instead
    return None
