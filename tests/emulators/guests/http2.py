"""HTTP/2, as far as a gRPC client and Go's HTTP client need it: requests one after the other, answers with trailers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

from emulators.exchange import Exchange, Request

if TYPE_CHECKING:
    import ssl

    from emulators.exchange import Answer
    from emulators.gate import Gate

# Headers of an answer that begin so come after its body.
TRAILERS = "grpc-"
_OF_A_CONNECTION = ("connection", "transfer-encoding", "content-length")


@dataclass
class _Stream:
    headers: list[tuple[str, str]]
    body: bytearray = field(default_factory=bytearray)


class _Speaker:
    """One connection."""

    def __init__(self, connection: ssl.SSLSocket, host: str, gate: Gate) -> None:
        self.connection = connection
        self.host = host
        self.gate = gate
        self.state = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.streams: dict[int, _Stream] = {}
        self.left: dict[int, tuple[bytes, list[tuple[str, str]]]] = {}  # what waits for the client's window

    def speak(self) -> None:
        self.state.initiate_connection()
        self._flush()
        while data := self.connection.recv(65536):
            for event in self.state.receive_data(data):
                self._meet(event)
            for stream in list(self.left):
                self._send_body(stream)
            self._flush()

    def _flush(self) -> None:
        if data := self.state.data_to_send():
            self.connection.sendall(data)

    def _meet(self, event: events.Event) -> None:
        if isinstance(event, events.RequestReceived):
            self.streams[event.stream_id] = _Stream([(str(name), str(value)) for name, value in event.headers])
        elif isinstance(event, events.DataReceived):
            self.streams[event.stream_id].body += event.data
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, events.StreamEnded):
            self._answer(event.stream_id, self.streams.pop(event.stream_id))
        elif isinstance(event, events.StreamReset):
            self.streams.pop(event.stream_id, None)
            self.left.pop(event.stream_id, None)

    def _answer(self, stream: int, asked: _Stream) -> None:
        pseudo = {name: value for name, value in asked.headers if name.startswith(":")}
        headers = Message()
        for name, value in asked.headers:
            if not name.startswith(":"):
                headers[name] = value
        request = Request(pseudo[":method"], self.host, pseudo[":path"], headers, bytes(asked.body))
        exchange = Exchange.of(request)
        self.gate.keep(exchange)
        answer = self._played(request, exchange)
        exchange.status, exchange.seconds = answer.status, time.monotonic() - exchange.began
        trailers = [(name, value) for name, value in answer.headers.items() if name.startswith(TRAILERS)]
        first = [
            (name.lower(), value)
            for name, value in answer.headers.items()
            if not name.startswith(TRAILERS) and name.lower() not in _OF_A_CONNECTION
        ]
        self.state.send_headers(stream, [(":status", str(int(answer.status))), *first])
        self.left[stream] = (answer.body, trailers)

    def _played(self, request: Request, exchange: Exchange) -> Answer:
        fault = self.gate.faults.meet(request)
        if fault is None:
            return self.gate.play(request)
        exchange.fault = fault.name
        if fault.delay:
            time.sleep(fault.delay)
        if fault.drop or fault.cut:
            raise ConnectionAbortedError
        return self.gate.hosts[self.host].fault(fault.status) if fault.status else self.gate.play(request)

    def _send_body(self, stream: int) -> None:
        """Send as much as the client takes now."""
        body, trailers = self.left[stream]
        while body:
            size = min(self.state.local_flow_control_window(stream), self.state.max_outbound_frame_size, len(body))
            if size <= 0:
                self.left[stream] = (body, trailers)
                return
            self.state.send_data(stream, body[:size])
            body = body[size:]
        del self.left[stream]
        if trailers:
            self.state.send_headers(stream, trailers, end_stream=True)
        else:
            self.state.end_stream(stream)


def serve(connection: ssl.SSLSocket, host: str, gate: Gate) -> None:
    """Speak HTTP/2 on a connection until the client has enough."""
    try:
        _Speaker(connection, host, gate).speak()
    except (OSError, ProtocolError):
        return
