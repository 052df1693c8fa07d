"""The hosts of a gate for machines that know no proxy: TLS on an address of their network, by name.

What a machine asks is kept by the gate like a call of the controller, and met by the same faults.
"""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING, Self

from emulators.gate import Listener
from emulators.guests import http2
from emulators.wire import HTTPS, Connection

if TYPE_CHECKING:
    from emulators.gate import Gate

HTTP2 = "h2"
PROTOCOLS = (HTTP2, "http/1.1")


class Direct(Connection):
    """A connection that begins with TLS."""

    def handle(self) -> None:
        try:
            self.speak_tls(self._context())
        except (*self.hung_up, OSError):
            return
        if isinstance(self.connection, ssl.SSLSocket) and self.connection.selected_alpn_protocol() == HTTP2:
            http2.serve(self.connection, self.host, self.gate)
        else:
            super().handle()

    def _context(self) -> ssl.SSLContext:
        """Return what asks the client for a name, and then shows the certificate of that name."""

        def named(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
            if name not in self.gate.hosts:
                self.keep_refusal(name or "no server name")
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            self.host = name
            connection.context = self.gate.authority.context(name, PROTOCOLS)
            return None

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(list(PROTOCOLS))
        context.sni_callback = named
        return context


class Front:
    """Serves until the end of the block."""

    def __init__(self, gate: Gate, address: str) -> None:
        self._server = Listener((address, HTTPS), gate, Direct)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], name="front")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.end()
        self._thread.join()
