"""The words of messages: what the user wrote, and what was probably meant."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_QUOTE = 60
_SHORTEST_PART = 3
_NOTHING = dict.fromkeys(map(ord, "-_ "))

_TYPES = {
    "object": "a mapping of keys to values",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}


def quote(value: Any) -> str:
    """Return a value of px.yaml as it is shown in a message: short, and without control characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value)
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 2] + "…" + text[-1]


def types(expected: str | list[str]) -> str:
    """Return a schema's `type` in words."""
    names = [_TYPES[name] for name in ([expected] if isinstance(expected, str) else expected)]
    return ", or ".join(names) if len(names) > 1 and _TYPES["boolean"] in names else join(names, "or")


def kind(value: Any) -> str:
    """Return what was written where something else was expected."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"the text {quote(value)}" if isinstance(value, str) else quote(value)


def join(words: Iterable[str], last: str) -> str:
    """Return 'a, b or c'."""
    *most, final = list(words)
    return f"{', '.join(most)} {last} {final}" if most else final


def line(key: str, value: Any) -> str:
    """Return `key: value` as it would stand in px.yaml."""
    if isinstance(value, dict):
        return f"{key}: {{{', '.join(line(name, item) for name, item in value.items())}}}"
    if isinstance(value, list):
        return f"{key}: [{', '.join(map(str, value))}]"
    if isinstance(value, bool):
        return f"{key}: {str(value).lower()}"
    quotes = '"' if isinstance(value, str) and re.fullmatch(r"[0-9.]+", value) else ""
    return f"{key}: {quotes}{value}{quotes}"


def meant(word: str, names: Iterable[str]) -> str | None:
    """Return the name that `word` was meant to be: other case or dashes, a typing error, or a part of it."""
    return _meant(word, tuple(names))


# A mistake of one mount may be that of thousands.
@lru_cache(maxsize=1000)
def _meant(word: str, names: tuple[str, ...]) -> str | None:
    same = plain(word)
    for name in names:
        if plain(name) == same:
            return name
    import difflib  # noqa: PLC0415 - a right file needs none of it

    if close := difflib.get_close_matches(word.lower(), names, n=1, cutoff=0.6):
        return close[0]
    for name in names:
        short, long = sorted((same, plain(name)), key=len)
        if len(short) >= _SHORTEST_PART and short in long:
            return name
    return None


def hint(word: str, names: Iterable[str], *, otherwise: str) -> str:
    """Return the question whether one of the names was meant, or what is said otherwise."""
    close = meant(word, names)
    return f"did you mean {close!r}?" if close else otherwise


def not_known(kind: str, word: str, names: Iterable[str]) -> str:
    """Return the note that px-ansible does not know a word, which may be right all the same."""
    close = meant(word, names)
    return f"px-ansible does not know the {kind} {word!r}" + (f" (did you mean {close!r}?)" if close else "")


def plain(word: str) -> str:
    """Return a word without what people write in different ways: case, dashes, spaces."""
    return word.translate(_NOTHING).lower()
