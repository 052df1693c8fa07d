"""What goes wrong between a client and a cloud, at the call where a test wants it."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulators.exchange import Request

EVERY_TIME = 0


@dataclass
class Fault:
    """One thing to happen to the calls that fit: method is equal, host and path are regular expressions to be found.

    `status`: the call is answered with it and not carried out. `cut`: it is carried out, and the connection breaks in
    the middle of the answer. `drop`: the connection is closed before the call is looked at. `delay`: seconds before
    the call is carried out, alone or with one of the others. It begins with the `nth` call that fits and happens
    `times` times (0: to all that follow).
    """

    method: str = ""
    host: str = ""
    path: str = ""
    status: int = 0
    cut: bool = False
    drop: bool = False
    delay: float = 0.0
    nth: int = 1
    times: int = 1
    met: int = field(default=0, init=False)  # calls that fitted
    done: int = field(default=0, init=False)  # calls that it happened to

    def __post_init__(self) -> None:
        assert self.status or self.cut or self.drop or self.delay, "a fault that does nothing"

    def fits(self, request: Request) -> bool:
        return (
            self.method in ("", request.method)
            and bool(re.search(self.host, request.host))
            and bool(re.search(self.path, request.path))
        )

    def happens(self) -> bool:
        """Count a call that fits, and tell whether it is one of those."""
        self.met += 1
        if self.met < self.nth or (self.times != EVERY_TIME and self.done >= self.times):
            return False
        self.done += 1
        return True

    @property
    def name(self) -> str:
        words = [word for word in ("cut", "drop") if getattr(self, word)]
        words += [str(self.status)] if self.status else []
        return " ".join([*words, *([f"delay {self.delay:g}"] if self.delay else [])])


class Faults:
    """The faults of a gate."""

    def __init__(self) -> None:
        self._all: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, **how: object) -> Fault:
        fault = Fault(**how)  # type: ignore[arg-type]
        with self._lock:
            self._all.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._all.clear()

    def meet(self, request: Request) -> Fault | None:
        """Return the first fault that happens to this call; each that fits counts it."""
        with self._lock:
            hit = [fault for fault in self._all if fault.fits(request) and fault.happens()]
        return hit[0] if hit else None
