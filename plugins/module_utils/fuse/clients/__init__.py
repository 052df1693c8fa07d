"""The FUSE clients: one file each, and this table.

A client is a module with
- `NAME`, and `STOP_SECONDS`: how long it may take to finish its uploads after SIGTERM;
- `command(path_of_binary, mount)`: the neutral mount as its command line, or `Refused`;
- `readable(line)`: a log line for people, empty where it says nothing;
- `reason(lines, mount)`: why it does not work, from its log lines, or None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import gcsfuse

if TYPE_CHECKING:

    class Client(Protocol):
        """What every client module offers."""

        NAME: str
        STOP_SECONDS: int

        def command(self, binary: str, mount: dict[str, Any]) -> list[str]:
            """Return the command line of the mount."""

        def readable(self, line: str) -> str:
            """Return the log line for people."""

        def reason(self, lines: list[str], mount: dict[str, Any]) -> str | None:
            """Return why the mount does not work."""


CLIENTS: dict[str, Client] = {gcsfuse.NAME: gcsfuse}
