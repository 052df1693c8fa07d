"""What a plan can do with something."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What is to be done with a host or a mount."""

    CREATE = "create"
    START = "start"
    CHANGE = "change"
    KEEP = "keep"
    REPLACE = "replace"
    REMOVE = "remove"
