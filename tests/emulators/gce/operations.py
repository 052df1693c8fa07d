"""Operations: PENDING, RUNNING, DONE, and how they fail."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from emulators.gce import errors
from emulators.gce.world import BASE, World, now

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulators.gce.clock import Clock

# What part of its time an operation is PENDING.
PENDING = 0.25
WAIT = 120.0  # the longest that `wait` waits


class OperationError(Exception):
    """What an operation ends with in place of its effect."""

    def __init__(self, code: str, message: str, status: int, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or []

    def entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"code": self.code, "message": self.message}
        return entry | ({"errorDetails": self.details} if self.details else {})


@dataclass
class Plan:
    """What an operation does: `start` as it begins to run, `finish` as it ends, `undo` where it fails.

    `ready` holds the end back until it says yes (a machine that is being made).
    """

    start: Callable[[], None] = lambda: None
    finish: Callable[[], None] = lambda: None
    undo: Callable[[], None] = lambda: None
    ready: Callable[[], bool] = lambda: True


@dataclass
class Pace:
    """How long operations take: `seconds`, or what the last rule that fits says.

    A rule is (type of operation, part of the target's path, seconds).
    """

    seconds: float
    rules: list[tuple[str, str, float]] = field(default_factory=list)

    def of(self, kind: str, target: str) -> float:
        fitting = [seconds for wanted, part, seconds in self.rules if wanted in ("", kind) and re.search(part, target)]
        return fitting[-1] if fitting else self.seconds


@dataclass
class Failure:
    """An operation that a test wants to fail, after it has run its time."""

    kind: str
    target: str
    error: OperationError
    times: int = 1

    def hits(self, kind: str, target: str) -> bool:
        if self.times and self.kind in ("", kind) and re.search(self.target, target):
            self.times -= 1
            return True
        return False


class Operations:
    """All operations of a cloud."""

    def __init__(self, world: World, clock: Clock, seconds: float) -> None:
        self.world = world
        self.clock = clock
        self.pace = Pace(seconds)
        self.failures: list[Failure] = []
        self._data: dict[str, dict[str, Any]] = {}
        self._by_request: dict[tuple[str, str], str] = {}

    def find(self, path: str) -> dict[str, Any]:
        if path not in self._data:
            raise errors.not_found(path)
        return self._data[path]

    def of(self, parent: str) -> list[dict[str, Any]]:
        """Return the operations of a scope, the latest first."""
        return [one for path, one in reversed(self._data.items()) if path.rpartition("/operations/")[0] == parent]

    def known(self, request_id: str, method: str) -> dict[str, Any] | None:
        """Return the operation that a request of this id has begun."""
        if not request_id:
            return None
        try:
            assert uuid.UUID(request_id).int
        except (ValueError, AssertionError):
            raise errors.invalid("requestId", request_id, "Must be a valid non-zero UUID.") from None
        path = self._by_request.get((request_id, method))
        return self._data[path] if path else None

    def begin(
        self, kind: str, target: str, target_id: str, user: str, plan: Plan, request: tuple[str, str] = ("", "")
    ) -> dict[str, Any]:
        """Begin an operation and return it as it is then, PENDING."""
        parent = target.rpartition("/")[0].rpartition("/")[0]
        stamp = f"operation-{time.time_ns() // 10**6}-{secrets.token_hex(7)[1:]}"
        name = f"{stamp}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
        data: dict[str, Any] = {
            "kind": "compute#operation",
            "id": self.world.new_id(),
            "name": name,
            "operationType": kind,
            "targetLink": BASE + target,
            "targetId": target_id,
            "status": "PENDING",
            "user": user,
            "progress": 0,
            "insertTime": now(),
            "selfLink": f"{BASE}{parent}/operations/{name}",
        }
        scope = parent.split("/")[2:]
        if scope[0] in ("zones", "regions"):
            data[scope[0][:-1]] = BASE + parent
        if request[0]:
            data["clientOperationId"] = request[0]
            self._by_request[request] = f"{parent}/operations/{name}"
        self._data[f"{parent}/operations/{name}"] = data
        failure = next((one.error for one in self.failures if one.hits(kind, target)), None)
        seconds = self.pace.of(kind, target)
        self.clock.after(seconds * PENDING, lambda: self._run(data, plan, failure, seconds * (1 - PENDING)))
        return dict(data)

    def _run(self, data: dict[str, Any], plan: Plan, failure: OperationError | None, left: float) -> None:
        data.update(status="RUNNING", startTime=now())
        try:
            plan.start()
        except OperationError as error:
            self._end(data, plan, error)
        else:
            self.clock.after(left, lambda: self._finish(data, plan, failure))

    def _finish(self, data: dict[str, Any], plan: Plan, failure: OperationError | None) -> None:
        try:
            if failure:
                raise failure
            if not plan.ready():
                self.clock.after(0.05, lambda: self._finish(data, plan, failure))
                return
            plan.finish()
        except OperationError as error:
            self._end(data, plan, error)
        else:
            self._end(data, plan, None)

    def _end(self, data: dict[str, Any], plan: Plan, error: OperationError | None) -> None:
        if error:
            plan.undo()
            words = HTTPStatus(error.status).phrase.upper()
            data.update(httpErrorStatusCode=error.status, httpErrorMessage=words, error={"errors": [error.entry()]})
        data.setdefault("startTime", now())
        data.update(status="DONE", progress=100, endTime=now())

    def wait(self, path: str) -> dict[str, Any]:
        """Return the operation once it is done, or as it is after two minutes."""
        data = self.find(path)
        self.clock.wait(lambda: data["status"] == "DONE", WAIT)
        return data

    def settle(self, seconds: float = 30.0) -> None:
        """Wait until nothing is under way."""
        done = self.clock.wait(lambda: all(one["status"] == "DONE" for one in self._data.values()), seconds)
        assert done, [one for one in self._data.values() if one["status"] != "DONE"]
