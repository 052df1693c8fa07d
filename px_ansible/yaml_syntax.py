"""What the YAML parser says of text that is not YAML -> what the user has to change, and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from px_ansible.text import Span, Text, Unreadable

if TYPE_CHECKING:
    import yaml

_IS_KEY = re.compile(r":([ \t]|$)")

# The parser's words -> ours; its own stay for what is not here.
_SYNTAX = (
    # libyaml since 0.2.6, of what it reads ahead.
    ("maximum nesting depth", "this is nested too deep", "px.yaml needs four levels", "too-deep"),
    (
        "mapping values are not allowed",
        "a second ':' stands on this line",
        "put text with ': ' in it in quotes",
    ),
    (
        "did not find expected key|expected <block end>",
        "this line does not belong to the lines above it",
        "start keys of the same level in the same column",
    ),
    (
        "did not find expected '-' indicator",
        "a key follows a list without being part of it",
        "px.yaml has no lists at this place: write 'key: value' lines without '-'",
    ),
    ("unexpected end of stream", "the text in quotes is not closed", "add the closing quote"),
    ("unexpected document indicator", "the text in quotes is not closed", "add the closing quote"),
    (
        "expected <document start>",
        "the file goes on after its end",
        "look for what ends too early above: quotes, '}', '...'",
    ),
    ("expected node content", "a value is missing here", "write the value, or remove what stands before it"),
    ("alphabetic or numeric", "'&' and '*' need a name after them", "put text that begins with '&' or '*' in quotes"),
    (
        "expected comment or line break",
        "text stands behind '|' or '>'",
        "begin it on the next line, indented, or in quotes",
    ),
    (
        "block sequence entries",
        "a '-' stands where no list can begin",
        "write the list as [ONE, TWO], or below its key",
    ),
    ("mapping keys are not allowed", "a '?' stands where no key can begin", "put text that begins with '?' in quotes"),
    ("directive", "px.yaml has no YAML directives", "remove this line"),
    (
        "tag|whitespace or line break|URI",
        "px.yaml has no YAML tags such as '!name'",
        "put text that begins with '!' in quotes",
    ),
    (
        "unknown escape character|hexdecimal|Unicode character escape",
        "the text in double quotes has a wrong '\\' sequence",
        "put it in single quotes, where '\\' means itself",
    ),
)
# For what the parser says in words that are not here.
_LOOK = "look at this line and at the one above it"
# The parser notices these only further down; what it was reading is the place to look at.
_SHOW_CONTEXT = re.compile(r"expected ':'|end of stream|expected ',' or")
_BRACKETS = re.compile(r"expected ',' or '([\]}])'")
_WORD = re.compile(r"[^\s,]+$")


def syntax_problem(error: yaml.MarkedYAMLError, text: Text) -> Unreadable:
    """Return an error of PyYAML in our words, at the place that the user has to change."""
    problem = error.problem or "it cannot be read"
    mark = error.problem_mark or error.context_mark
    if error.context_mark and _SHOW_CONTEXT.search(problem):
        mark = error.context_mark
    span = Span(mark.line + 1, mark.column + 1) if mark else Span(1, 1)
    if span.line > len(text.lines):
        span = Span(len(text.lines), 1)
    line = text.lines[span.line - 1]
    at = line[span.column - 1 : span.column]
    # What the parser misses at the end of a line is shown at its last character.
    span = Span(span.line, min(span.column, max(1, len(line))))
    if at == "\t" or (not line[: span.column - 1].strip() and "\t" in line[: len(line) - len(line.lstrip())]):
        return Unreadable(span, "a tab stands in the indentation", "indent with spaces", rule="yaml-tab")
    if "{%" in line or "{{" in line:
        return Unreadable(
            span,
            "px.yaml is not a template: '{{' and '{%' have no meaning in it",
            "write the value itself",
            rule="template",
        )
    return _in_our_words(problem, span, error.problem_mark, text)


def _in_our_words(problem: str, span: Span, end: yaml.Mark | None, text: Text) -> Unreadable:
    """Return what the parser says of `span`, which it noticed at `end`."""
    line = text.lines[span.line - 1]
    if "mapping values are not allowed" in problem and line[: span.column - 1].strip().count(" ") == 0:
        return _misplaced_line(span.line, text)
    if "could not find expected ':'" in problem:
        return _not_a_key(span.line, text)
    if brackets := _BRACKETS.search(problem):
        return _in_brackets(brackets.group(1), span, end, text)
    if "cannot start any token" in problem:
        at = line[span.column - 1 : span.column]
        return Unreadable(span, f"text cannot start with {at!r}", f"put it in quotes: '{at}...'")
    for pattern, message, hint, *rule in _SYNTAX:
        if re.search(pattern, problem):
            return Unreadable(span, message, hint, rule[0] if rule else "yaml-syntax")
    return Unreadable(span, f"this is not YAML: {problem}", _LOOK)


def _misplaced_line(number: int, text: Text) -> Unreadable:
    """Return why the key of this line is refused: mostly it is the line above it."""
    line = text.lines[number - 1]
    above = max((index for index in range(number - 1) if text.lines[index].strip()[:1] not in ("", "#")), default=-1)
    if above >= 0 and not _IS_KEY.search(text.lines[above]):
        return _not_a_key(above + 1, text)
    start = len(line) - len(line.lstrip())
    span = Span(number, start + 1, max(1, len(line[start:].split(":")[0])))
    message = "this key is indented below a line that already has its value"
    return Unreadable(span, message, "start keys of the same level in the same column")


def _not_a_key(number: int, text: Text) -> Unreadable:
    """Return why this line is no key with its value."""
    line = text.lines[number - 1]
    start = len(line) - len(line.lstrip())
    key, colon, value = line.strip().partition(":")
    if colon and value and not _IS_KEY.search(line):
        span, message = Span(number, start + len(key) + 1), "a space is missing after this ':'"
        return Unreadable(span, message, f"write '{key}: {value.strip()}'")
    span, message = Span(number, start + 1, max(1, len(line.strip()))), "this line has no ':' after its key"
    return Unreadable(span, message, "write 'key: value', with a space after the colon")


def _in_brackets(closing: str, begin: Span, end: yaml.Mark | None, text: Text) -> Unreadable:
    """Return what is wrong between brackets: where all of them are closed, it is a comma."""
    opening = "[" if closing == "]" else "{"
    rest = "\n".join(text.lines[begin.line - 1 :])[begin.column - 1 :]
    if end is None or end.line >= len(text.lines) or rest.count(opening) > rest.count(closing):
        return Unreadable(begin, f"the '{opening}' is not closed", f"add the '{closing}'")
    line = text.lines[end.line]
    # The parser has read a key to its ':' before it knows.
    word = _WORD.search(line[: end.column]) if line[end.column :].startswith(":") else None
    column = word.start() if word else end.column
    span = Span(end.line + 1, column + 1, max(1, end.column - column))
    return Unreadable(
        span, "a ',' is missing before this", "put a ',' between two values, and text with ': ' in quotes"
    )
