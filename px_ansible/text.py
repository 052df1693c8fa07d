"""The bytes of a file -> text with lines, or the place of what makes it no text."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

MAX_BYTES = 1 << 20
# Every value may stand on a line of its own, with a comment above it.
MAX_LINES = 50_000

# What YAML 1.1 counts as the end of a line; lines and columns must agree with the parser's.
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
# What YAML allows, said by what it does not: the other way around it takes 10 ms to compile.
_NOT_PRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# What pages and word processors put where a space was typed: to YAML it is part of a word.
_STRANGE_SPACE = re.compile("(?m)^ *([\xa0\u2000-\u200b\u202f\u3000])")
_LINES_SHOWN = 200


class Span(NamedTuple):
    """A place in the text: line and column count from 1, in characters."""

    line: int
    column: int
    width: int = 1


class Unreadable(Exception):  # noqa: N818 - it is a finding that becomes an issue
    """A file that cannot be read as YAML; `lines` are shown where the text has none."""

    def __init__(
        self,
        span: Span,
        message: str,
        hint: str | None,
        rule: str = "yaml-syntax",
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.span, self.message, self.hint, self.rule, self.lines = span, message, hint, rule, lines


class Text(NamedTuple):
    """A file's text without byte order mark, and its lines."""

    whole: str
    lines: tuple[str, ...]

    def span(self, index: int) -> Span:
        """Return the line and column of the character at `index`."""
        before = _LINE_END.split(self.whole[:index])
        return Span(len(before), len(before[-1]) + 1)


def decode(raw: bytes) -> Text:
    """Decode UTF-8.

    Raises:
        Unreadable: when the file is too large or not UTF-8.
    """
    if len(raw) > MAX_BYTES:
        raise Unreadable(
            Span(1, 1),
            f"the file has {len(raw) / MAX_BYTES:.1f} MiB; px.yaml may have 1 MiB",
            "is this the right file? px.yaml names buckets, it does not hold their data",
            rule="too-large",
        )
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(Span(1, 1), "the file is UTF-16, not UTF-8", "save it as UTF-8", rule="not-utf-8")
    try:
        whole = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = _LINE_END.split(raw[: error.start].decode("utf-8-sig", errors="replace"))
        shown = _LINE_END.split(raw[: error.start + _LINES_SHOWN].decode("utf-8-sig", errors="replace"))
        raise Unreadable(
            Span(len(before), len(before[-1]) + 1),
            f"the file is not UTF-8 text (byte 0x{raw[error.start]:02x})",
            "save it as UTF-8",
            rule="not-utf-8",
            lines=tuple(shown),
        ) from None
    lines = tuple(_LINE_END.split(whole))
    if len(lines) > MAX_LINES:
        raise Unreadable(
            Span(MAX_LINES, 1, max(1, len(lines[MAX_LINES - 1]))),
            f"the file has {len(lines):,} lines; px.yaml may have {MAX_LINES:,}",
            "is this the right file?",
            rule="too-large",
            lines=lines[:MAX_LINES],
        )
    return Text(whole, lines)


def split_lines(raw: bytes) -> list[str]:
    """Return the lines of UTF-8 text, as the parser counts them."""
    return _LINE_END.split(raw.decode("utf-8-sig"))


def check_text(text: Text) -> None:
    """Refuse an empty file, characters that YAML does not allow, spaces that are none to it, and directives.

    Raises:
        Unreadable: with the place of the first of them.
    """
    if found := _NOT_PRINTABLE.search(text.whole):
        raise Unreadable(
            text.span(found.start()),
            f"the character U+{ord(found.group()):04X} may not stand in a YAML file",
            "remove it; it is often left behind by copying from a terminal or a binary file",
            rule="not-text",
        )
    if found := _STRANGE_SPACE.search(text.whole):
        raise Unreadable(
            text.span(found.start(1)),
            f"the character U+{ord(found.group(1)):04X} stands in the indentation, and looks like a space",
            "indent with spaces; it comes from copying out of a page or a document",
            rule="yaml-tab",
        )
    for number, line in enumerate(text.lines, start=1):
        content = line.strip()
        if content.startswith("%"):
            # libyaml takes seconds over a file of many %TAG lines, and px.yaml has no use for one.
            raise Unreadable(
                Span(number, 1, len(content)),
                "px.yaml has no YAML directives",
                "remove this line",
                rule="yaml-syntax",
            )
        if content and not content.startswith("#") and content != "---":
            return
    raise Unreadable(
        Span(1, 1),
        "the file is empty",
        "write 'cluster:' with 'nodes: 2' indented below it, and a mount: '/data:' with 'source: gs://BUCKET'",
        rule="empty",
    )
