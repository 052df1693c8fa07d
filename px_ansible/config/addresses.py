"""The rules of a mount's `source` and `store`, alone and together."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from px_ansible.config import words
from px_ansible.stores import STORES, Address, Store, pasted, prefix_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source

_SPOKEN = [f"{store.form} ({store.name})" for store in STORES.values() if store.by_address]
_HERE = f"a source is one of {words.join(_SPOKEN, 'or')}"


def store_of(fields: dict[str, Any]) -> Store | None:
    """Return the store that a mount names, or else the one that its source decides."""
    named, written = fields.get("store"), fields.get("source")
    if right := contradicted(fields):
        return right
    if named is not None:
        return STORES.get(named) if isinstance(named, str) else None
    return _by_address(written)


def contradicted(fields: dict[str, Any]) -> Store | None:
    """Return the store of a mount's source where its `store` names one that has no such addresses."""
    named, right = fields.get("store"), _by_address(fields.get("source"))
    if right is None or not isinstance(named, str) or (named in STORES and STORES[named].reads(fields["source"])):
        return None
    return right


def issues_of(source: Source, place: Path, fields: dict[str, Any]) -> Iterator[Issue]:
    """Yield the issues of the `source` and the `store` of the mount at `place`."""
    named, written = fields.get("store"), fields.get("source")
    right = _by_address(written)
    store = STORES.get(named) if isinstance(named, str) else None
    address = store.reads(written) if store and isinstance(written, str) else None
    if isinstance(named, str) and address is None:
        yield from _store_issues(source, (*place, "store"), named, written, right)
    if not isinstance(written, str):
        return
    at = (*place, "source")
    if store and address:
        yield from _address_issues(source, at, store, address)
    elif right and (found := right.reads(written)):
        yield from _address_issues(source, at, right, found)
    elif store or named is None:
        yield _no_address(source, at, store, written)


def _store_issues(source: Source, at: Path, named: str, written: Any, right: Store | None) -> Iterator[Issue]:
    if right:
        says = f"of store {right.name!r}, but 'store' says {words.quote(named)}"
        message = f"the source {words.quote(written)} is {says}"
        others = [store.name for store in STORES.values() if store.reads(written)]
        hint = " or ".join(f"'store: {name}'" for name in others)
        yield source.at_value(at, message, f"write {hint}, or leave 'store' out", rule="store-and-source")
    elif named not in STORES:
        hint = words.hint(named, STORES, otherwise=f"there are {words.join(STORES, 'and')}")
        yield source.at_value(at, f"there is no store {words.quote(named)}", hint, rule="unknown-store")


def _address_issues(source: Source, at: Path, store: Store, address: Address) -> Iterator[Issue]:
    bucket = store.form.rsplit("/", 1)[-1].lower()
    if not address.bucket:
        yield source.at_value(at, f"the source names no {bucket}", f"write {store.form}", rule="bucket-name")
    elif problem := store.problem(address):
        message = f"the {problem.kind} name {words.quote(problem.name)} {problem.says}"
        hint = f"check the name: no {problem.kind} can be called this"
        lower = Address(address.bucket.lower(), "", address.account.lower())
        if store.problem(lower) is None:
            hint = f"did you mean '{store.writes(lower)}'?"
        yield source.at_value(at, message, hint, rule="bucket-name")
    elif says := prefix_problem(address.prefix):
        message = f"the folder {words.quote(address.prefix)} of the source {says}"
        plain = store.writes(Address(address.bucket, "", address.account))
        hint = f"write the folder as it is in the bucket: {plain}/FOLDER"
        yield source.at_value(at, message, hint, rule="source-folder")


def _no_address(source: Source, at: Path, store: Store | None, written: str) -> Issue:
    """Return the issue of a source that no store reads, or not the one that was named."""
    # What follows a question mark may be a signature.
    shown = words.quote(written.partition("?")[0])
    message = f"the source {shown} is no address of {f'store {store.name!r}' if store else 'a bucket'}"
    rule = "store-and-source" if store else "unknown-store"
    return source.at_value(at, message, _meant(store, written), rule=rule)


def _meant(store: Store | None, written: str) -> str:
    """Return the address that was probably meant, or how addresses are written."""
    candidates = [store] if store else [one for one in STORES.values() if one.by_address]
    if keys := pasted.meant(written):
        return "write " + words.join([f"'{name}: {value}'" for name, value in keys.items()], "and")
    whole = [address for one in candidates if (address := _completed(one, written))]
    if whole:
        return f"did you mean {words.join([repr(address) for address in whole], 'or')}?"
    return f"write the address of the bucket: {store.form}" if store else _HERE


def _completed(store: Store, written: str) -> str | None:
    """Return a bare name, or one with a slip in its scheme, as the address of a store; None where it cannot be."""
    scheme = store.form.split("://")[0]
    whole = re.sub(rf"^({scheme}:/*|/*)(?![a-z0-9]+:)", f"{scheme}://", written, count=1, flags=re.IGNORECASE)
    address = store.reads(whole)
    fine = address and address.bucket and store.problem(address) is None and prefix_problem(address.prefix) is None
    return whole if fine else None


def _by_address(written: Any) -> Store | None:
    """Return the store whose addresses begin as a source does."""
    return _by_text(written) if isinstance(written, str) else None


# Every rule of a mount asks.
@lru_cache(maxsize=1000)
def _by_text(written: str) -> Store | None:
    return next((store for store in STORES.values() if store.by_address and store.reads(written)), None)
