"""Issues -> SARIF 2.1.0, which code scanning and many editors read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from px_ansible import __version__
from px_ansible.issue_forms import pointer, said
from px_ansible.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from px_ansible.errors import Issue

_INDEX = {rule: index for index, rule in enumerate(RULES)}


def sarif(issues: Iterable[Issue]) -> dict[str, Any]:
    """Return the log of one run: all rules, and a result for each issue."""
    rules = [{"id": rule, "shortDescription": {"text": sentence}} for rule, sentence in RULES.items()]
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "px-ansible", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(issue) for issue in issues],
            }
        ],
    }


def _result(issue: Issue) -> dict[str, Any]:
    location: dict[str, Any] = {"physicalLocation": _physical(issue)}
    if issue.path:
        location["logicalLocations"] = [{"name": str(issue.path[-1]), "fullyQualifiedName": pointer(issue.path)}]
    return {
        "ruleId": issue.rule,
        "ruleIndex": _INDEX[issue.rule],
        "level": "error",
        "message": {"text": said(issue)},
        "locations": [location],
    }


def _physical(issue: Issue) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(issue.file)}}
    if issue.line:
        end = issue.column + issue.width
        place["region"] = {"startLine": issue.line, "startColumn": issue.column, "endColumn": end}
    return place


def _uri(file: str) -> str:
    """Return a file as a URI: relative where it is named relative to the current folder."""
    return Path(file).as_uri() if file.startswith("/") else quote(file)
