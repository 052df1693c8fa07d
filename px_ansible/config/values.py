"""Values with several forms: sizes, modes, and whole numbers that YAML 1.1 reads in surprising ways."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from px_ansible.config.credentials import is_below
from px_ansible.config.words import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from px_ansible.errors import Issue
    from px_ansible.source import Path, Source

MODE_KEYS = ("file_mode", "dir_mode")

_MIB = {"": 1024, "m": 1, "g": 1024, "t": 1024 * 1024}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LEAST_MIB, _MOST_MIB = 128, 64 * 1024 * 1024

# Digits that are not a plain decimal number.
_SURPRISE = re.compile(r"(?!-?(0|[1-9][0-9]*)$)[+-]?[0-9][0-9A-Fa-fxob_:]*")

# The owner can always read: '022' is a umask, and a mode such as 0 would make a mount that nobody can use.
_MODE = re.compile(r"0?o?([4-7][0-7]{2})")


def size_mib(value: float | str) -> int | None:
    """Return the MiB of a size (a number is GiB), or None where it is no size from 128 MiB to 64 TiB."""
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(?:([mgt])i?b?)?", str(value).lower())
    if not found:
        return None
    mib = math.ceil(float(found[1]) * _MIB[found[2] or ""])
    return mib if _LEAST_MIB <= mib <= _MOST_MIB else None


def is_no_size(value: Any) -> bool:
    """Tell whether a value has the type of a size and is none; other types are the schema's business."""
    return isinstance(value, int | float | str) and not isinstance(value, bool) and size_mib(value) is None


def size_issue(source: Source, at: Path, example: int) -> Issue:
    """Return the issue of a value that is no size."""
    message = f"{at[-1]!r} must be a size from 128 MiB to 64 TiB, not {quote(_at(source.data, at))}"
    hint = f"write a number of GiB, or a size: {example}, {example}GB, {example} GiB, 512 MiB"
    return source.at_value(at, message, hint, rule="size")


def duration_issue(source: Source, at: Path) -> Issue | None:
    """Return the issue of a duration with a unit where a number of seconds is wanted, or None."""
    text = _at(source.data, at)
    found = re.fullmatch(r"([0-9]{1,9}) ?([smhd])[a-z]*", text.lower()) if isinstance(text, str) else None
    if not found:
        return None
    seconds = int(found[1]) * _SECONDS[found[2]]
    message = f"{at[-1]!r} is a number of seconds, not {quote(text)}"
    return source.at_value(at, message, f"write {at[-1]}: {seconds}", rule="duration")


def mode(text: str) -> str | None:
    """Return a mode as four octal digits, or None where `text` is none.

    It is read as it is written: 644, 0644, 0o644 and the same in quotes are all 0644. YAML 1.1 reads the bare
    0644 as the number 420 and the bare 644 as 644, and both were meant as the mode.
    """
    found = _MODE.fullmatch(text)
    return f"0{found[1]}" if found else None


def number_issues(source: Source, shape_issues: Iterable[Issue]) -> Iterator[Issue]:
    """Yield the whole numbers that YAML 1.1 reads as others than they look: 010, 0x10, 1:30, 1_000.

    The values of unknown keys are left alone: it is not known what they were meant to be.
    """
    unknown = {(issue.line, issue.column) for issue in shape_issues if issue.rule == "unknown-key"}
    for path, entry in source.entries.items():
        if entry.text is None or entry.quoted or not _SURPRISE.fullmatch(entry.text) or path[-1] in MODE_KEYS:
            continue
        if is_below(path):
            continue
        value = _at(source.data, path)
        keys = [source.entries[path[:count]].key for count in range(1, len(path) + 1)]
        if isinstance(value, int) and not any(key and (key.line, key.column) in unknown for key in keys):
            message = f"{entry.text} without quotes is the number {value} in YAML"
            hint = f'write {value}, or "{entry.text}" in quotes where text is wanted'
            if path[:2] == ("cluster", "labels"):
                hint = f'write it in quotes: {path[-1]}: "{entry.text}"'
            yield source.at_value(path, message, hint, rule="yaml-number")


def _at(data: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        data = data[part]
    return data
