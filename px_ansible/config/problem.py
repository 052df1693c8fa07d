"""A problem of `cluster` before it is decided what becomes of it: an issue, or a note."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """What is wrong at a place below `cluster`, and what to write instead; `of_key` puts it at the key."""

    at: tuple[str | int, ...]
    message: str
    hint: str
    rule: str
    of_key: bool = False
