"""A request as a cloud's host gets it, its answer, and what is kept of both."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from email.message import Message


MOST_KEPT = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """One request to one host."""

    method: str
    host: str
    target: str  # as it was sent: path and query, still quoted
    headers: Message
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)


@dataclass(frozen=True)
class Answer:
    """What a host says to it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any, status: int = 200, **headers: str) -> Answer:
        """Answer with a JSON document."""
        body = json.dumps(data, indent=2).encode() + b"\n"
        kind = {"Content-Type": "application/json; charset=UTF-8"}
        return cls(status, body, kind | {name.replace("_", "-"): value for name, value in headers.items()})


class Host(Protocol):
    """What stands behind a host's name."""

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""

    def fault(self, status: int) -> Answer:
        """Answer without having looked, in the cloud's own words: too many requests, not available."""


@dataclass
class Exchange:
    """A request and how it was answered; status 0: the connection was cut instead."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    body: str
    status: int = 0
    fault: str = ""
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    @classmethod
    def of(cls, request: Request) -> Exchange:
        """Begin the record of a request; of a large object it does not keep the content."""
        body = request.body.decode(errors="replace") if len(request.body) <= MOST_KEPT else ""
        return cls(request.method, request.host, request.path, dict(request.query), body)

    @property
    def data(self) -> Any:
        """The request's JSON document."""
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method} https://{self.host}{self.path}: {self.fault or self.status}"
