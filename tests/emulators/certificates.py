"""A certificate authority that lives as long as a gate, and a certificate for each host that it plays."""

from __future__ import annotations

import ssl
import threading
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """The authority; `file` is what a client has to trust."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA(organization_name="px-ansible tests")
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    @property
    def pem(self) -> str:
        return self._authority.cert_pem.bytes().decode()

    def context(self, host: str, protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLContext:
        """Return the server side of TLS for a host that speaks these protocols."""
        with self._lock:
            if (host, *protocols) not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.set_alpn_protocols(list(protocols))
                self._authority.issue_cert(host).configure_cert(context)
                self._contexts[host, *protocols] = context
            return self._contexts[host, *protocols]
