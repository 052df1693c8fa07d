"""The gate: a CONNECT proxy on loopback that plays the hosts of a cloud itself, and refuses every other.

Clients need `HTTPS_PROXY` and the authority's file, no other change (`Gate.environment` has both by the names that
requests, httplib2, urllib and curl read). As a program: `python -m emulators.gate gce --help`.
"""

from __future__ import annotations

import os
import secrets
import socket
import socketserver
import tempfile
import threading
import time
import traceback
import urllib.request
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from emulators.certificates import Authority
from emulators.exchange import Answer
from emulators.faults import Faults
from emulators.wire import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulators.exchange import Exchange, Host, Request

LOOPBACK = "127.0.0.1"


class Listener(socketserver.ThreadingTCPServer):
    """Takes connections until its end, which cuts those that are open."""

    # Two gates must not share a port, as they could with SO_REUSEADDR on some systems.
    allow_reuse_address = False
    daemon_threads = False
    block_on_close = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], gate: Gate, connection: type[Connection] = Connection) -> None:
        self.gate = gate
        self._open: set[socket.socket] = set()
        self._ending = False
        self._lock = threading.Lock()
        super().__init__(address, connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if self._ending:
                request.close()
                return
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def now_speaks_tls(self, request: Any, wrapped: Any) -> None:
        """Remember the socket that has taken over a connection's descriptor."""
        with self._lock:
            self._open.discard(request)
            self._open.add(wrapped)

    def forget(self, wrapped: Any) -> None:
        with self._lock:
            self._open.discard(wrapped)

    def end(self) -> None:
        """Stop listening, cut what is open, and wait for its threads."""
        self.shutdown()
        with self._lock:
            self._ending = True
            still = list(self._open)
        for one in still:
            # Not TLS's own shutdown: another thread is reading there.
            with suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request, client_address
        self.gate.broken.append(traceback.format_exc())


class Gate:
    """A running gate; a context manager.

    `hosts` maps a host's name to what answers for it. `exchanges` holds every request in the order of arrival;
    `refused` those to hosts that nobody plays. `broken` has tracebacks of the emulator itself, and must be empty.
    """

    def __init__(self, hosts: Mapping[str, Host], *, port: int = 0, folder: Path | None = None) -> None:
        self.hosts = dict(hosts)
        self.faults = Faults()
        self.exchanges: list[Exchange] = []
        self.broken: list[str] = []
        self.controls: dict[str, Callable[..., Any]] = {}
        self.nonce = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="px-gate-")
        self.folder = folder or Path(self._temporary.name)
        self.authority = Authority(self.folder)
        self._server = Listener((LOOPBACK, port), self)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02], name="gate")

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._assert_own()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._server.end()
        self._thread.join()
        if self._temporary:
            self._temporary.cleanup()

    def _assert_own(self) -> None:
        """Ask the port who it is: that something answers there is no proof that it is this gate."""
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self.url}/nonce", timeout=10) as answer:
            assert answer.read().decode() == self.nonce, f"port {self.port} is somebody else's"

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs: the proxy, no way around it, and the authority."""
        bundle = str(self.authority.file)
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), self.url)
        around = dict.fromkeys(("NO_PROXY", "no_proxy"), "")
        trusted = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "HTTPLIB2_CA_CERTS")
        return {**proxies, **around, **dict.fromkeys(trusted, bundle)}

    def process_environment(self, **more: str) -> dict[str, str]:
        """Return this process's environment with the gate's in place of any proxy's."""
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**kept, **self.environment, **more}

    def play(self, request: Request) -> Answer:
        """Ask whoever plays the host; its own mistake is kept for the test to see."""
        try:
            return self.hosts[request.host](request)
        except Exception:  # noqa: BLE001
            self.broken.append(traceback.format_exc())
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"gate: the emulator itself is broken\n")

    def keep(self, exchange: Exchange) -> None:
        with self._lock:
            self.exchanges.append(exchange)

    def asked(self, method: str = "", path: str = "", host: str = "") -> list[Exchange]:
        """Return the exchanges with this method, path (a part of it) and host."""
        with self._lock:
            every = list(self.exchanges)
        return [one for one in every if method in ("", one.method) and path in one.path and host in ("", one.host)]

    @property
    def refused(self) -> list[str]:
        """The hosts that were asked for and that nobody plays."""
        return [one.host for one in self.asked() if one.host not in self.hosts]

    def counts(self) -> Counter[str]:
        """Count the calls: method, host and the path's last word but names."""
        return Counter(f"{one.method} {one.host}{one.path}" for one in self.asked())

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until every call that arrived has been answered."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(not one.seconds for one in self.asked()):
            time.sleep(0.01)


if __name__ == "__main__":
    from emulators.program import main

    main()
