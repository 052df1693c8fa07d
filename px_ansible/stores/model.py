"""What a store is to px-ansible: how its buckets are addressed and named, and which FUSE clients serve them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Objects end at 1024 bytes, and the files below the folder need a name too.
_LONGEST_PREFIX = 1000


class Address(NamedTuple):
    """A source, taken apart: the prefix as written, less a slash at its end; `account` is Azure's, empty elsewhere."""

    bucket: str
    prefix: str = ""
    account: str = ""


class Problem(NamedTuple):
    """What is wrong with a name: of what it is the name, the name, and the rest of the sentence."""

    kind: str
    name: str
    says: str


class SignIn(NamedTuple):
    """One way to sign in to a store: the names of its `credentials`, those that it needs and those it may have."""

    needs: tuple[str, ...]
    may: tuple[str, ...] = ()


class Store(NamedTuple):
    """One kind of object store.

    `form` is how a source is written. `reads` takes one apart, or returns None where it is none; `writes` is its
    inverse. `problem` says what is wrong with the names in an address, or None. Where `by_address` is False, the
    addresses are another store's too, and `store` has to be said. `needs_region`: without an endpoint, the region is
    part of the store's own address. `clients`: the first is the default.
    """

    name: str
    form: str
    clients: tuple[str, ...]
    provider: str
    reads: Callable[[str], Address | None]
    writes: Callable[[Address], str]
    problem: Callable[[Address], Problem | None]
    sign_ins: tuple[SignIn, ...]
    by_address: bool = True
    needs_region: bool = False


def first_problem(kind: str, name: str, problems: Callable[[str], Iterator[str | None]]) -> Problem | None:
    """Return the first problem of a name, or None."""
    says = next(filter(None, problems(name)), None)
    return Problem(kind, name, says) if says else None


def scheme_reader(scheme: str) -> Callable[[str], Address | None]:
    """Return what reads SCHEME://BUCKET[/PREFIX]."""
    form = re.compile(rf"{scheme}://([^/]*)(?:/(.*))?", re.DOTALL)

    def reads(source: str) -> Address | None:
        found = form.fullmatch(source)
        return Address(found[1], (found[2] or "").removesuffix("/")) if found else None

    return reads


def scheme_writer(scheme: str) -> Callable[[Address], str]:
    """Return what writes SCHEME://BUCKET[/PREFIX]."""

    def writes(address: Address) -> str:
        return f"{scheme}://{address.bucket}" + (f"/{address.prefix}" if address.prefix else "")

    return writes


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


def character_problem(name: str, allowed: str, words: str) -> str | None:
    """Return the first character of a name that is not in the class `allowed` of a regular expression, in words."""
    found = re.search(rf"[^{allowed}]", name)
    if not found:
        return None
    char = found.group()
    kind = "capital letter" if char.isupper() else "character"
    shown = "a space" if char == " " else f"the {kind} {char!r}"
    return f"has {shown} in it; {words} are allowed"


def length_problem(name: str, shortest: int, longest: int) -> str | None:
    """Return that a name is too short or too long, or None."""
    if shortest <= len(name) <= longest:
        return None
    return f"has {len(name)} character{'' if len(name) == 1 else 's'}; from {shortest} to {longest} are allowed"
