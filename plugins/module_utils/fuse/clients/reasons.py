"""Why a client does not work: what its log lines say, in words for people."""

import re
from typing import List, Optional, Tuple

Cause = Tuple[str, str]
"""A pattern of a log line, and the reason; {} in it are the pattern's groups."""


def network(endpoint: str) -> List[Cause]:
    """Return the causes that are the same for every client: the way to the store, and this host's FUSE."""
    return [
        (r"connection refused", f"{_plain(endpoint)} cannot be reached: connection refused"),
        (r"no such host|server misbehaving", f"{_plain(endpoint)} cannot be reached: its name is not known here"),
        (
            r"i/o timeout|no route to host|network is unreachable|context deadline exceeded",
            f"{_plain(endpoint)} cannot be reached: no answer",
        ),
        (r"certificate", f"{_plain(endpoint)}: its TLS certificate is not trusted here"),
        (r"fuse device not found|/dev/fuse", "/dev/fuse is missing: load the kernel's fuse module"),
        (r"fusermount3?\"?: executable file not found", "fusermount is missing: install the package fuse3"),
    ]


def latest(lines: List[str], causes: List[Cause]) -> Optional[str]:
    """Return the reason of the last line that has one."""
    for line in reversed(lines):
        for pattern, text in causes:
            found = re.search(pattern, line)
            if found:
                return text.format(*found.groups())
    return None


def last_error(lines: List[str], begins: str) -> Optional[str]:
    """Return the last line that begins with the pattern, without that beginning: the client's own error."""
    found = next((found for found in (re.match(begins, line) for line in reversed(lines)) if found), None)
    return found.string[found.end() :] if found else None


def _plain(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
