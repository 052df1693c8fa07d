"""Issues -> what other programs read: plain data for JSON, and the annotations of a GitHub workflow.

Lines and columns count from 1 in characters; the end column is that of the first character behind the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from px_ansible.errors import Issue


def as_data(issue: Issue) -> dict[str, Any]:
    """Return an issue as data; what is about the file as a whole has no line."""
    placed = issue.line > 0
    return {
        "file": issue.file,
        "line": issue.line if placed else None,
        "column": issue.column if placed else None,
        "end_column": issue.column + issue.width if placed else None,
        "path": list(issue.path),
        "pointer": pointer(issue.path),
        "rule": issue.rule,
        "message": issue.message,
        "hint": issue.hint,
    }


def pointer(path: tuple[str | int, ...]) -> str:
    """Return a path as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def as_annotation(issue: Issue) -> str:
    """Return an issue as the workflow command that GitHub shows beside the line of a change."""
    fields: dict[str, Any] = {"file": issue.file}
    if issue.line:
        end = issue.column + issue.width
        fields |= {"line": issue.line, "endLine": issue.line, "col": issue.column, "endColumn": end}
    fields["title"] = issue.rule
    shown = ",".join(f"{name}={_field(str(value))}" for name, value in fields.items())
    return f"::error {shown}::{_text(said(issue))}"


def said(issue: Issue) -> str:
    """Return the message with the hint on a line of its own."""
    return f"{issue.message}\n{issue.hint}" if issue.hint else issue.message


def _text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _field(text: str) -> str:
    return _text(text).replace(":", "%3A").replace(",", "%2C")
