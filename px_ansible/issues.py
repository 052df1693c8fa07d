"""Issues -> text: the message with its place, the line itself, a caret, and what to type instead."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from px_ansible.errors import Issue

_INDENT = "    "
_LONGEST_LINE = 100
_BEFORE_CARET = 60
_BOLD, _RED, _CYAN, _PLAIN = "\033[1m", "\033[31m", "\033[36m", "\033[0m"


def render(issue: Issue, lines: Sequence[str], color: bool = False) -> str:
    """Return one issue as text; `lines` are those of its file."""
    place = f"{issue.file}:{issue.line}:{issue.column}" if issue.line else issue.file
    parts = [_paint(f"{place}: {issue.message}", _BOLD, color)]
    if 0 < issue.line <= len(lines):
        shown, caret = _excerpt(lines[issue.line - 1], issue.column - 1, issue.width)
        parts += [_INDENT + shown, _INDENT + _paint_caret(caret, color)] if shown.strip() else []
    if issue.hint:
        parts.append(_INDENT + _paint(issue.hint, _CYAN, color))
    return "\n".join(parts)


def render_all(issues: Iterable[Issue], lines: Sequence[str], color: bool = False) -> str:
    """Return all issues of one file as text, in their order."""
    return "\n".join(render(issue, lines, color) for issue in issues)


def _excerpt(line: str, column: int, width: int) -> tuple[str, str]:
    """Return the part of a line around `column` and the caret line below it."""
    start = max(0, column - _BEFORE_CARET) if len(line) > _LONGEST_LINE else 0
    shown = "".join(_visible(char) for char in line[start : start + _LONGEST_LINE])
    if start:
        shown = "…" + shown[1:]
    if len(line) > start + _LONGEST_LINE:
        shown = shown[:-1] + "…"
    # The line may have lost its end, for a secret stands in it.
    at = max(0, min(column - start, len(shown.rstrip()) - 1))
    marked = shown[at : at + width]
    padding = "".join("\t" if char == "\t" else " " * _cells(char) for char in shown[:at])
    return shown.rstrip(), padding + "^" * max(1, sum(map(_cells, marked)))


def _visible(char: str) -> str:
    # A px.yaml from elsewhere must not write escape sequences to the terminal.
    return char if char == "\t" or char.isprintable() else "\ufffd"


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _paint(text: str, style: str, color: bool) -> str:
    return f"{style}{text}{_PLAIN}" if color else text


def _paint_caret(caret: str, color: bool) -> str:
    bare = caret.lstrip()
    return caret[: len(caret) - len(bare)] + _paint(bare, _RED, color)
