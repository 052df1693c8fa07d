"""The table of stores: how their buckets are addressed and named, and which FUSE clients serve them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Objects end at 1024 bytes, and the files below the folder need a name too.
_LONGEST_PREFIX = 1000


@dataclass(frozen=True, slots=True)
class Store:
    """One kind of object store. `bucket_problem` says what is wrong with a bucket's name, or None.

    `settled_options` are flags of its clients that px-ansible writes itself, with what to use in their place.
    """

    name: str
    scheme: str
    clients: tuple[str, ...]
    provider: str
    bucket_problem: Callable[[str], str | None]
    settled_options: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """A source, taken apart: SCHEME://BUCKET[/PREFIX]; the prefix is as written, less a slash at its end."""

    scheme: str
    bucket: str
    prefix: str

    @classmethod
    def of(cls, source: str) -> Address | None:
        """Take a source apart; None where it has no scheme."""
        found = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/]*)(?:/(.*))?", source, re.DOTALL)
        if not found:
            return None
        scheme, bucket, prefix = found.groups(default="")
        return cls(scheme, bucket, prefix.removesuffix("/"))


def prefix_problem(prefix: str) -> str | None:
    """Return what is wrong with the folder of a source, or None."""
    return next(_prefix_problems(prefix), None) if prefix else None


def _prefix_problems(prefix: str) -> Iterator[str]:
    parts = prefix.split("/")
    if ".." in parts:
        yield "leaves the bucket's folder with '..'"
    if "." in parts:
        yield "has a '.' in its path"
    if "" in parts:
        yield "has an empty part ('//')"
    if found := re.search(r"[*?\[\]#\\]", prefix):
        yield f"has the character {found.group()!r}; a source is one folder, not a pattern"
    if prefix != prefix.strip():
        yield "begins or ends with a space"
    if len(prefix.encode()) > _LONGEST_PREFIX:
        yield f"is longer than {_LONGEST_PREFIX} bytes"


def gcs_bucket_problem(name: str) -> str | None:
    """Return what is wrong with a bucket's name, or None: cloud.google.com/storage/docs/buckets#naming."""
    return next(_gcs_bucket_problems(name), None)


def _gcs_bucket_problems(name: str) -> Iterator[str]:
    shortest, longest_part = 3, 63
    longest = 222 if "." in name else longest_part
    if bad := re.search(r"[^a-z0-9._-]", name):
        char = bad.group()
        kind = "capital letter" if char.isupper() else "character"
        shown = "a space" if char == " " else f"the {kind} {char!r}"
        yield f"has {shown} in it; lower case letters, digits, '-', '_' and '.' are allowed"
    if not shortest <= len(name) <= longest:
        yield f"has {len(name)} characters; from {shortest} to {longest} are allowed"
    if not (name[0].isalnum() and name[-1].isalnum()):
        yield "must begin and end with a letter or a digit"
    if any(not 1 <= len(part) <= longest_part for part in name.split(".")):
        yield f"must have from 1 to {longest_part} characters between its dots"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        yield "must not look like an IP address"
    if name.startswith("goog") or "google" in name:
        yield "must not begin with 'goog' or contain 'google'"


STORES: Mapping[str, Store] = {
    "gcs": Store(
        name="gcs",
        scheme="gs",
        clients=("gcsfuse",),
        provider="gcp",
        bucket_problem=gcs_bucket_problem,
        settled_options={
            "custom-endpoint": "use the mount's key 'endpoint'",
            "dir-mode": "use the mount's key 'dir_mode'",
            "file-mode": "use the mount's key 'file_mode'",
            "foreground": "remove it: the service decides how the client runs",
            "gid": "use the mount's key 'gid'",
            "log-file": "remove it: the log is in the journal of the mount's service",
            "o": "use the mount's key 'read_only', or the client's own flags",
            "only-dir": "write the folder behind the bucket: gs://BUCKET/FOLDER",
            "uid": "use the mount's key 'uid'",
        },
    ),
}

# Named by PX and not in this version: right names, told apart from typing errors.
LATER = ("azure", "s3", "spaces")
