"""One thread that does what is due: operations start and end by it, however many there are."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Calls what it was given, at its time, under a lock that it shares; it then wakes who waits on `changed`."""

    def __init__(self, lock: threading.RLock) -> None:
        self.changed = threading.Condition(lock)
        self.broken: list[BaseException] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self.changed:
            self._ended = True
            self.changed.notify_all()
        self._thread.join()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        with self.changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), call))
            self.changed.notify_all()

    def wait(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait, with the lock given up, until something is so."""
        with self.changed:
            return self.changed.wait_for(reached, seconds)

    def _run(self) -> None:
        with self.changed:
            while not self._ended:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self.changed.wait(wait)
                    continue
                _, _, call = heapq.heappop(self._due)
                try:
                    call()
                except Exception as error:  # noqa: BLE001 - shown by the test, which must not hang instead
                    self.broken.append(error)
                self.changed.notify_all()
