"""The rules of a mount's `source` and `store`, alone and together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from px_ansible.config import words
from px_ansible.stores import LATER, STORES, Address, Store, prefix_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source

_SCHEMES = {store.scheme: store for store in STORES.values()}
_HAVE = [f"{store.name} ({store.scheme}://BUCKET)" for store in STORES.values()]
_HERE = f"this version has {words.join(_HAVE, 'and')}"


def store_of(fields: dict[str, Any]) -> Store | None:
    """Return the store that a mount names, or else the one that its source's scheme decides."""
    named, written = fields.get("store"), fields.get("source")
    if named is not None:
        return STORES.get(named) if isinstance(named, str) else None
    return _by_scheme(_address(written))


def issues_of(source: Source, place: Path, fields: dict[str, Any]) -> Iterator[Issue]:
    """Yield the issues of the `source` and the `store` of the mount at `place`."""
    named, written = fields.get("store"), fields.get("source")
    address = _address(written)
    if isinstance(named, str):
        yield from _store_issues(source, (*place, "store"), named, written)
    if not isinstance(written, str):
        return
    at = (*place, "source")
    if address and (store := _by_scheme(address)):
        yield from _address_issues(source, at, store, address)
    elif isinstance(named, str) and named in STORES:
        store = STORES[named]
        message = f"the source {words.quote(written)} is no address of store {named!r}"
        yield source.at_value(at, message, _meant(store, written, address), rule="store-and-source")
    elif named is None and address:
        message = f"no store of this version has addresses that begin with '{address.scheme}://'"
        near = _SCHEMES.get(address.scheme.lower())
        hint = _meant(near, written, address) if near else _HERE
        yield source.at_value(at, message, hint, rule="unknown-store")
    elif named is None:
        message = f"the source {words.quote(written)} is no address of a bucket"
        hint = _meant(next(iter(STORES.values())), written, None)
        yield source.at_value(at, message, hint, rule="store-and-source")


def _store_issues(source: Source, at: Path, named: str, written: Any) -> Iterator[Issue]:
    right = _by_scheme(_address(written))
    if right and right.name != named:
        says = f"of store {right.name!r}, but 'store' says {words.quote(named)}"
        message = f"the source {words.quote(written)} is {says}"
        hint = f"write 'store: {right.name}', or leave 'store' out"
        yield source.at_value(at, message, hint, rule="store-and-source")
    elif named in LATER:
        yield source.at_value(at, f"store {named!r} is not in this version", _HERE, rule="unknown-store")
    elif named not in STORES:
        close = words.meant(named, STORES)
        hint = f"did you mean {close!r}?" if close else _HERE
        yield source.at_value(at, f"there is no store {words.quote(named)}", hint, rule="unknown-store")


def _address_issues(source: Source, at: Path, store: Store, address: Address) -> Iterator[Issue]:
    if not address.bucket:
        message = "the source names no bucket"
        yield source.at_value(at, message, f"write {store.scheme}://BUCKET", rule="bucket-name")
    elif problem := store.bucket_problem(address.bucket):
        message = f"the bucket name {words.quote(address.bucket)} {problem}"
        hint = "check the name: no bucket can be called this"
        if store.bucket_problem(address.bucket.lower()) is None:
            hint = f"did you mean '{store.scheme}://{address.bucket.lower()}'?"
        yield source.at_value(at, message, hint, rule="bucket-name")
    elif problem := prefix_problem(address.prefix):
        message = f"the folder {words.quote(address.prefix)} of the source {problem}"
        hint = f"write the folder as it is in the bucket: {store.scheme}://{address.bucket}/FOLDER"
        yield source.at_value(at, message, hint, rule="source-folder")


def _meant(store: Store, written: str, address: Address | None) -> str:
    """Return the address that was probably meant."""
    if address and address.scheme.lower() != store.scheme:
        return f"write the address of the bucket: {store.scheme}://BUCKET"
    bucket = address.bucket if address else written.removeprefix(store.scheme).lstrip(":/")
    if store.bucket_problem(bucket or "-") is not None:
        return f"write {store.scheme}://BUCKET"
    return f"did you mean '{store.scheme}://{bucket}'?"


def _address(written: Any) -> Address | None:
    return Address.of(written) if isinstance(written, str) else None


def _by_scheme(address: Address | None) -> Store | None:
    return _SCHEMES.get(address.scheme) if address else None
