"""A language server and the editor that asks it, as far as the tests need one.

https://microsoft.github.io/language-server-protocol/
"""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from queue import Queue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECONDS = 60


class Server:
    """A running language server; `settings` is what it is told when it asks for the user's."""

    def __init__(self, process: subprocess.Popen[bytes], settings: Mapping[str, Any]) -> None:
        self._process = process
        self._settings = settings
        self._messages: Queue[dict[str, Any]] = Queue()
        self._number = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def ask(self, method: str, parameters: Mapping[str, Any]) -> Any:
        """Send a request and return its result."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while (message := self._next()).get("id") != self._number:
            pass
        return message["result"]

    def tell(self, method: str, parameters: Mapping[str, Any]) -> None:
        """Send a notification."""
        self._send({"method": method, "params": parameters})

    def open(self, uri: str, text: str) -> list[dict[str, Any]]:
        """Open a file in the editor, and return what is marked in it."""
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        while True:
            message = self._next()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return message["params"]["diagnostics"]

    def _next(self) -> dict[str, Any]:
        """Return the next message that is not a question to the editor: those are answered."""
        while True:
            message = self._messages.get(timeout=_SECONDS)
            if "id" not in message or "method" not in message:
                return message
            items = message.get("params", {}).get("items", [])
            wanted = [self._settings.get(item.get("section")) for item in items]
            result = wanted if message["method"] == "workspace/configuration" else None
            self._send({"id": message["id"], "result": result})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        while header := self._process.stdout.readline():
            if header.lower().startswith(b"content-length:"):
                while self._process.stdout.readline().strip():
                    pass
                self._messages.put(json.loads(self._process.stdout.read(int(header.split(b":")[1]))))


@contextmanager
def running(command: Sequence[str], settings: Mapping[str, Any]) -> Iterator[Server]:
    """Start a language server, as an editor does, and end it."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        server = Server(process, settings)
        document = {
            "hover": {"contentFormat": ["markdown"]},
            "completion": {"completionItem": {"snippetSupport": False}},
        }
        capabilities = {"textDocument": document, "workspace": {"configuration": True}}
        server.ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        server.tell("initialized", {})
        server.tell("workspace/didChangeConfiguration", {"settings": settings})
        try:
            yield server
        finally:
            server.ask("shutdown", {})
            server.tell("exit", {})
