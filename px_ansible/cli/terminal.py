"""What a stream can show: colours, and a cursor that moves."""

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
