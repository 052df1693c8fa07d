"""What a stream can show: colours, a cursor that moves, so many columns."""

from __future__ import annotations

import os
from typing import TextIO

_DUMB = ("dumb", "unknown", "")


def has_color(stream: TextIO) -> bool:
    """Tell whether to write colours: NO_COLOR (no-color.org) wins, then FORCE_COLOR, then what the stream is."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_able(stream)


def is_able(stream: TextIO) -> bool:
    """Tell whether the stream is a terminal that knows escape sequences."""
    return stream.isatty() and os.environ.get("TERM", "dumb") not in _DUMB


def can_move_cursor(stream: TextIO) -> bool:
    """Tell whether lines can be drawn anew; the log of a CI shows each of them for ever, terminal or not."""
    return is_able(stream) and os.environ.get("CI", "").lower() in ("", "0", "false")


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal that a stream goes to; None where it goes elsewhere."""
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream.isatty() else None
    except (OSError, ValueError):
        return None


def wrapped(text: str, stream: TextIO, *, indent: int) -> str:
    """Return a text with its lines indented, broken between words where the stream is a terminal; paths stay whole."""
    space = " " * indent
    if not stream.isatty():
        return space + text
    import shutil  # noqa: PLC0415 - `validate` wraps by itself
    import textwrap  # noqa: PLC0415

    width = max(shutil.get_terminal_size().columns, indent + 20)
    lines = textwrap.wrap(text, width - indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(space + line for line in lines)
