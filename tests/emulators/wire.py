"""One connection to the gate: HTTP/1.1 with keep-alive, inside TLS after a CONNECT."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from emulators import control
from emulators.exchange import Answer, Exchange, Request

if TYPE_CHECKING:
    from emulators.faults import Fault
    from emulators.gate import Gate

HTTPS = 443
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _CutError(Exception):
    """The connection ends here, by a fault's wish."""


class Connection(BaseHTTPRequestHandler):
    """The thread of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = 120
    disable_nagle_algorithm = True
    # A client that hangs up is no error of the gate's.
    hung_up = (ConnectionError, TimeoutError, ssl.SSLError)

    def setup(self) -> None:
        self.gate: Gate = self.server.gate  # type: ignore[attr-defined]
        self.host = ""  # whom the tunnel leads to
        super().setup()

    def log_message(self, *_: object) -> None:
        """The gate keeps exchanges, not log lines."""

    def handle(self) -> None:
        try:
            super().handle()
        except self.hung_up:
            self.close_connection = True
        except _CutError:
            # A reset, not an orderly end: the client must not take half an answer for a whole one.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def finish(self) -> None:
        try:
            super().finish()
        except (*self.hung_up, OSError, ValueError):
            pass
        if self.connection is not self.request:
            self.server.forget(self.connection)  # type: ignore[attr-defined]
            self.connection.close()

    def do_CONNECT(self) -> None:
        host, _, port = self.path.rpartition(":")
        if self.host or host not in self.gate.hosts or port != str(HTTPS):
            self._refuse(host or self.path)
            return
        self.send_response(HTTPStatus.OK, "Connection established")
        self.end_headers()
        self.speak_tls(self.gate.authority.context(host))
        self.host = host
        self.close_connection = False

    def speak_tls(self, context: ssl.SSLContext) -> None:
        """Go on inside TLS."""
        self.connection = context.wrap_socket(self.connection, server_side=True, do_handshake_on_connect=False)
        self.server.now_speaks_tls(self.request, self.connection)  # type: ignore[attr-defined]
        try:
            self.connection.do_handshake()
        except OSError as error:
            # So Python's ssl says that the client has gone before: no ConnectionError, as everywhere else.
            if error.errno == errno.ENOTCONN:
                raise ConnectionResetError from error
            raise
        self.rfile = self.connection.makefile("rb", self.rbufsize)
        self.wfile = _Writer(self.connection)

    def _refuse(self, host: str) -> None:
        """Say no to a host that nobody plays; the call is kept, so that a test can see what wanted out."""
        self.keep_refusal(host)
        self._send(Answer(HTTPStatus.FORBIDDEN, b"gate: this host is not played here\n", {"Connection": "close"}))

    def keep_refusal(self, host: str) -> None:
        exchange = Exchange(getattr(self, "command", ""), host, "", {}, "", HTTPStatus.FORBIDDEN)
        exchange.seconds = time.monotonic() - exchange.began
        self.gate.keep(exchange)

    def _call(self) -> None:
        body = self._body()
        if not self.host:
            if self.path.startswith("/"):
                self._send(control.answer(self.gate, self.command, self.path, body))
            else:  # a plain http:// address
                self._refuse(self.path.split("/")[2])
            return
        request = Request(self.command, self.host, self.path, self.headers, body)
        exchange = Exchange.of(request)
        self.gate.keep(exchange)
        try:
            fault = self.gate.faults.meet(request)
            if fault:
                exchange.fault = fault.name
                self._suffer(request, exchange, fault)
            else:
                self._reply(exchange, self.gate.play(request))
        finally:
            exchange.seconds = exchange.seconds or time.monotonic() - exchange.began

    locals().update(dict.fromkeys([f"do_{one}" for one in METHODS], _call))

    def _suffer(self, request: Request, exchange: Exchange, fault: Fault) -> None:
        if fault.delay:
            time.sleep(fault.delay)
        if fault.drop:
            raise _CutError
        play = self.gate.hosts[self.host]
        answer = play.fault(fault.status) if fault.status else self.gate.play(request)
        if fault.cut:
            self._send(answer, half=True)
            raise _CutError
        self._reply(exchange, answer)

    def _reply(self, exchange: Exchange, answer: Answer) -> None:
        """Send an answer; it is on record before the client has it."""
        exchange.status = answer.status
        exchange.seconds = time.monotonic() - exchange.began
        self._send(answer)

    def _body(self) -> bytes:
        """Read the whole body, whoever looks at it: what is left would be taken for the next request."""
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return b"".join(parts)

    def _send(self, answer: Answer, *, half: bool = False) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and answer.status != HTTPStatus.NO_CONTENT:
            self.wfile.write(answer.body[: len(answer.body) // 2] if half else answer.body)
        self.wfile.flush()


class _Writer:
    """The unbuffered file that http.server writes to, for a TLS connection."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self.closed = False

    def write(self, data: bytes) -> int:
        self._connection.sendall(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
