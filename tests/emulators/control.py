"""What the gate itself answers: who it is, what was asked, and what a test in another process may do to it."""

from __future__ import annotations

import json
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING

from emulators.exchange import Answer

if TYPE_CHECKING:
    from emulators.gate import Gate


def answer(gate: Gate, method: str, path: str, body: bytes) -> Answer:
    """Answer `GET /nonce` and `/exchanges`, `POST /faults` (a fault's fields) and `/NAME` (a control's arguments)."""
    name = path.strip("/")
    arguments = json.loads(body) if body else {}
    if (method, name) == ("GET", "nonce"):
        return Answer(HTTPStatus.OK, gate.nonce.encode())
    if (method, name) == ("GET", "exchanges"):
        return Answer.of([asdict(one) for one in gate.asked()])
    if (method, name) == ("POST", "faults"):
        gate.faults.add(**arguments)
        return Answer.of({})
    if name in gate.controls:
        return Answer.of(gate.controls[name](**arguments))
    return Answer.of({"error": f"gate: no {method} /{name}; controls: {sorted(gate.controls)}"}, HTTPStatus.NOT_FOUND)
