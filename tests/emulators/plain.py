"""One host over plain HTTP on a socket that somebody else has bound: a metadata server in a machine's own network."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Self

from emulators.exchange import Request

if TYPE_CHECKING:
    from emulators.exchange import Host


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def _call(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.headers.get("Host", "")
        answer = self.server.play(Request(self.command, name, self.path, self.headers, body))  # type: ignore[attr-defined]
        self.send_response_only(answer.status)
        for header, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(answer.body)

    locals().update(dict.fromkeys(["do_GET", "do_POST", "do_PUT", "do_DELETE"], _call))


class PlainServer(socketserver.ThreadingTCPServer):
    """Serves until the end of the block. `listening` is bound and listens already, in whatever network namespace."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, play: Host, listening: socket.socket) -> None:
        super().__init__(listening.getsockname(), _Connection, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.play = play
        self._open: set[Any] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=[0.02], name="plain", daemon=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # whoever asked may have gone
            super().handle_error(request, client_address)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._thread.join()
