"""A client's flags: our own, and the options of a mount that take their place or come to them."""

import re
from typing import Any, Dict, List, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

_NAME = re.compile(r"[a-z][a-z0-9_-]*")

Flags = Dict[str, List[str]]
"""By name without dashes, in their order; a flag with two values stands twice on the command line."""


def merged(
    client: str,
    ours: Flags,
    options: Dict[str, Any],
    needed: Dict[str, str],
    *,
    underscores: Tuple[str, ...] = (),
) -> Flags:
    """Return our flags with a mount's options, which take the place of ours.

    Args:
        client: The client's name, for messages.
        ours: Our own flags.
        options: The mount's, by name. A list repeats the flag. `o` adds to ours.
        needed: The flags that no option may have, and why: the unit needs them as they are.
        underscores: The flags that are spelled with an underscore; everywhere else it stands for a dash.

    Raises:
        Refused: An option may not be set, or is none.

    """
    flags = {name: list(values) for name, values in ours.items()}
    for given, value in (options or {}).items():
        name = str(given).lstrip("-")
        name = name if name in underscores else name.replace("_", "-")
        if not _NAME.fullmatch(name):
            raise Refused(f"{given!r} is not the name of a {client} option")
        if name in needed:
            raise Refused(f"{client} option {name}: {needed[name]}")
        values = [_text(client, name, one) for one in (value if isinstance(value, (list, tuple)) else [value])]
        if name == "o":
            parts = [part for text in values for part in text.split(",") if part]
            flags["o"] = flags.get("o", []) + [part for part in parts if part not in flags.get("o", [])]
        else:
            flags[name] = values
    return flags


def words(flags: Flags) -> List[str]:
    """Return the flags as words of a command line: `--name=value`, and `-o value`."""
    long = [f"--{name}={value}" for name, values in flags.items() if name != "o" for value in values]
    return long + [word for value in flags.get("o", []) for word in ("-o", value)]


def _text(client: str, name: str, value: Any) -> str:
    if value is None or isinstance(value, (dict, list, tuple)):
        raise Refused(f"{client} option {name}: {type(value).__name__} is not a value for it")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text.isprintable():
        raise Refused(f"{client} option {name}: its value holds characters that cannot be printed")
    return text
