"""The rules between a mount and its FUSE client: its options, and what it cannot do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from px_ansible.clients import CLIENTS, Client
from px_ansible.config import words
from px_ansible.schema import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source
    from px_ansible.stores import Store


def client_of(fields: dict[str, Any], store: Store) -> Client | None:
    """Return the client of a mount: the one it names, or else the first of its store; None for a wrong name."""
    name = fields.get("client", store.clients[0])
    return CLIENTS[name] if name in store.clients else None


def name_issue(source: Source, place: Path, fields: dict[str, Any], store: Store) -> Issue | None:
    """Return that a mount names a client that its store does not have, or None."""
    name = fields.get("client", store.clients[0])
    if not isinstance(name, str) or name in store.clients:
        return None
    allowed = f"for store {store.name!r} there are: {', '.join(store.clients)}"
    if name in CLIENTS:
        message = f"client {name!r} cannot mount store {store.name!r}"
        return source.at_value((*place, "client"), message, allowed, rule="wrong-value")
    message, hint = f"there is no client {words.quote(name)}", words.hint(name, store.clients, otherwise=allowed)
    return source.at_value((*place, "client"), message, hint, rule="wrong-value")


def misspelt(fields: Any, key: str, of: str = "mount") -> bool:
    """Tell whether a mount, or the cluster, has an unknown key that was probably meant to be this one."""
    known = bundled()["$defs"][of]["properties"]
    return (
        isinstance(fields, dict)
        and key not in fields
        and any(words.meant(name, [key]) for name in fields if name not in known)
    )


def issues_of(source: Source, place: Path, fields: dict[str, Any], client: Client) -> Iterator[Issue]:
    """Yield what the client of the mount at `place` cannot do, and the options that are not for px.yaml to set."""
    # Where the client may be named and only misspelt, nobody knows what it can.
    for key, (message, hint) in client.cannot.items() if not misspelt(fields, "client") else ():
        path = key.split(".")
        value: Any = fields
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value not in (None, False):
            yield source.at_key((*place, *path), message, hint, rule="client-cannot")
    options = fields.get("options")
    for name in options if isinstance(options, dict) else ():
        at = (*place, "options", name)
        if instead := client.settled.get(name):
            yield source.at_key(at, f"the option {name!r} is set by px-ansible", instead, rule="settled-option")
        elif not client.is_option(name):
            plain = [re.sub(r"[^a-z0-9.]+", "-", name.lower()), re.sub(r"[^a-z0-9]+", "-", name.lower())]
            close = [right for text in plain if client.is_option(right := re.sub(r"\.+", ".", text).strip("-."))]
            hint = f"did you mean {close[0]!r}?" if close else "look it up in the client's manual"
            yield source.at_key(at, f"{words.quote(name)} {client.option_form}", hint, rule="option-name")


def build_issue(source: Source, place: Path, fields: dict[str, Any], store: Store, architecture: str) -> Issue | None:
    """Return that the client of a mount is not built for the hosts, or None."""
    client = client_of(fields, store)
    if client is None or not architecture or architecture in client.architectures:
        return None
    message = f"{client.name} has no build for {'arm64' if architecture == 'aarch64' else architecture}"
    others = [name for name in store.clients if architecture in CLIENTS[name].architectures]
    hint = f"write 'client: {others[0]}'" if others else "take hosts of another architecture"
    if "client" in fields:
        return source.at_value((*place, "client"), message, hint, rule="client-build")
    message = f"{message}, and it is the client of store {store.name!r} where the mount names none"
    return source.at_key(place, message, hint, rule="client-build")
