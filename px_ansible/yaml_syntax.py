"""What the YAML parser says of text that is not YAML -> what the user has to change, and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from px_ansible.text import Span, Text, Unreadable

if TYPE_CHECKING:
    import yaml

_NO_COLON = ("this line has no ':' after its key", "write 'key: value', with a space after the colon")

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
        "could not find expected ':'",
        *_NO_COLON,
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
    ("expected ',' or ']'", "the '[' is not closed", "add the ']'"),
    ("expected ',' or '}'", "the '{' is not closed", "add the '}'"),
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
    if "cannot start any token" in problem:
        return Unreadable(span, f"text cannot start with {at!r}", f"put it in quotes: '{at}...'")
    if "mapping values are not allowed" in problem and line[: span.column - 1].strip().count(" ") == 0:
        return _misplaced_line(span.line, text)
    for pattern, message, hint, *rule in _SYNTAX:
        if re.search(pattern, problem):
            return Unreadable(span, message, hint, rule[0] if rule else "yaml-syntax")
    return Unreadable(span, f"this is not YAML: {problem}", _LOOK)


def _misplaced_line(number: int, text: Text) -> Unreadable:
    """Return why the key of this line is refused: mostly it is the line above it."""
    line = text.lines[number - 1]
    above = max((index for index in range(number - 1) if text.lines[index].strip()[:1] not in ("", "#")), default=-1)
    if above >= 0 and ":" not in text.lines[above]:
        line = text.lines[above]
        span = Span(above + 1, len(line) - len(line.lstrip()) + 1, len(line.strip()))
        return Unreadable(
            span, "this line has no ':' after its key", "write 'key: value', with a space after the colon"
        )
    start = len(line) - len(line.lstrip())
    span = Span(number, start + 1, max(1, len(line[start:].split(":")[0])))
    message = "this key is indented below a line that already has its value"
    return Unreadable(span, message, "start keys of the same level in the same column")
