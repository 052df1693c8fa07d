"""Issues -> text: the message with its place, the line itself, a caret, and what to type instead."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from px_ansible.errors import Issue

_INDENT = "    "
_LONGEST_LINE = 100
_SHORTEST_LINE = 40
_BOLD, _RED, _CYAN, _PLAIN = "\033[1m", "\033[31m", "\033[36m", "\033[0m"


def render(issue: Issue, lines: Sequence[str], color: bool = False, width: int | None = None) -> str:
    """Return one issue as text; `lines` are those of its file, `width` is that of the terminal where it is one."""
    place = f"{issue.file}:{issue.line}:{issue.column}" if issue.line else issue.file
    parts = [_paint(line, _BOLD, color) for line in _wrapped(f"{place}: {issue.message}", "", width)]
    if 0 < issue.line <= len(lines):
        longest = min(_LONGEST_LINE, max(_SHORTEST_LINE, width - len(_INDENT))) if width else _LONGEST_LINE
        shown, caret = _excerpt(lines[issue.line - 1], issue.column - 1, issue.width, longest)
        parts += [_INDENT + shown, _INDENT + _paint_caret(caret, color)] if shown.strip() else []
    if issue.hint:
        parts += [_INDENT + _paint(line, _CYAN, color) for line in _wrapped(issue.hint, _INDENT, width)]
    return "\n".join(parts)


def render_all(issues: Iterable[Issue], lines: Sequence[str], color: bool = False, width: int | None = None) -> str:
    """Return all issues of one file as text, in their order."""
    return "\n".join(render(issue, lines, color, width) for issue in issues)


def _wrapped(text: str, indent: str, width: int | None) -> list[str]:
    """Return a text as lines of a terminal, by cells; words stay whole, so that they can be copied."""
    room = max(_SHORTEST_LINE, (width or 0) - len(indent))
    if width is None or _width(text) <= room:
        return [text]
    first, *words = text.split(" ")
    lines, hang = [first], "" if indent else _INDENT
    for word in words:
        if _width(f"{lines[-1]} {word}") <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(hang + word)
    return lines


def _excerpt(line: str, column: int, width: int, longest: int) -> tuple[str, str]:
    """Return the part of a line around `column` that has room in `longest` cells, and the caret line below it."""
    before = longest * 6 // 10
    start = _reach(line[:column], before) if _width(line) > longest else 0
    room, end = longest, start
    for char in line[start:]:
        room -= _cells(char)
        if room < 0:
            break
        end += 1
    shown = "".join(_visible(char) for char in line[start:end])
    if start:
        shown = "…" + shown[1:]
    if end < len(line):
        shown = shown[:-1] + "…"
    # The line may have lost its end, for a secret stands in it.
    at = max(0, min(column - start, len(shown.rstrip()) - 1))
    marked = shown[at : at + width]
    padding = "".join("\t" if char == "\t" else " " * _cells(char) for char in shown[:at])
    return shown.rstrip(), padding + "^" * max(1, sum(map(_cells, marked)))


def _reach(text: str, room: int) -> int:
    """Return where the last part of `text` begins that has room in so many cells."""
    index = len(text)
    while index and (room := room - _cells(text[index - 1])) >= 0:
        index -= 1
    return index


def _width(text: str) -> int:
    return sum(map(_cells, text))


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
