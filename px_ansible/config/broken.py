"""A px.yaml that is not YAML somewhere: what can be said of the rest of it.

A key in the first column and the lines below it are taken out, with the mistake in them, as long as there is one.
What is left is held to the schema. The rules between fields are not asked: they could miss what was taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.config import mounts, shape
from px_ansible.errors import ConfigError
from px_ansible.source import read
from px_ansible.text import split_lines

if TYPE_CHECKING:
    from px_ansible.errors import Issue

# The mistakes of one place; others are about the file as a whole.
_LOCAL = {"template", "yaml-syntax", "yaml-tab", "yaml-tag"}
# Where there are more, it is no px.yaml.
_MOST = 10


def issues_of(raw: bytes, first: Issue) -> tuple[list[Issue], list[Issue]]:
    """Return the problems of a text that has the problem `first`: those of YAML, and those of the schema."""
    if first.rule not in _LOCAL:
        return [first], []
    lines, found, gone = split_lines(raw), [first], set[str]()
    for _ in range(_MOST):
        gone.add(_take_out(lines, found[-1].line))
        try:
            source = read("\n".join(lines).encode(), name=first.file)
        except ConfigError as error:
            (issue,) = error.issues
            if issue.rule not in _LOCAL or not lines[issue.line - 1].strip():
                break
            if issue.line < found[-1].line:
                # What is not closed above is often noticed further down: that was an echo.
                found.pop()
            found.append(issue)
            continue
        left = [issue for issue in shape.issues_of(source, mounts.as_addressed(source)) if not _is_gone(issue, gone)]
        return [*found, *source.issues], left
    return found, []


def _take_out(lines: list[str], number: int) -> str:
    """Empty the lines of the key in the first column that line `number` belongs to; return its text."""
    starts = [index for index, line in enumerate(lines) if line[:1] not in ("", " ", "\t", "#", "}", "]")]
    start = max((index for index in starts if index < number), default=0)
    end = min((index for index in starts if index > start), default=len(lines))
    key = lines[start].partition(":")[0]
    lines[start:end] = [""] * (end - start)
    return key


def _is_gone(issue: Issue, gone: set[str]) -> bool:
    return issue.rule == "missing-key" and any(issue.message.endswith(f" has no {key!r}") for key in gone)
