"""Shows on stderr what happens while a run goes on: a live view on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self, TextIO

from px_ansible import ssh
from px_ansible.cli.host_line import HostLine, shown_name
from px_ansible.cli.terminal import can_move_cursor
from px_ansible.events import FINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from px_ansible.cli.live_view import LiveView
    from px_ansible.events import Event, Kind

_FAILED: frozenset[Kind] = frozenset({"failed", "unreachable"})
_MOST_NAMED = 3


class Progress:
    """Takes the events of a run and shows them; use it as a context manager around the run.

    `verbosity` 1 shows every finished step with its seconds, not only those that changed or failed. A `passing` one
    leaves nothing on a terminal: it is for runs that only look.
    """

    def __init__(self, *, verbosity: int = 0, passing: bool = False, stream: TextIO | None = None) -> None:
        self.verbosity = verbosity
        self.passing = passing
        self.stream = stream or sys.stderr
        self.hosts: dict[str, HostLine] = {}
        self._interrupts = 0
        self._live: LiveView | None = None

    def __enter__(self) -> Self:
        if can_move_cursor(self.stream):
            from px_ansible.cli.live_view import LiveView  # noqa: PLC0415 - rich takes 55 ms

            self._live = LiveView(self.hosts, self.stream, passing=self.passing)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self.hosts.values():
            if self._interrupts and line.status == "working":
                line.status, line.ended = "stopped", time.monotonic()
        if self._live:
            self._live.stop()

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        if event.kind == "stopping":
            self._interrupts += 1
            self._say(self._stopping() if self._interrupts == 1 else "Killing what is left.")
        elif event.kind == "stats":
            self._end(event.result)
        elif event.kind == "start":
            line = self._line(event.host)
            if line.status != "failed":
                line.step, line.status, line.ended = event.task, "working", None
        elif event.kind in FINISHED:
            self._finish(event)

    def _stopping(self) -> str:
        """Return what is being stopped: the hosts, and what is done on each."""
        working = [line for line in self.hosts.values() if line.status == "working"]
        if not working:
            return "Stopping. Ctrl-C again kills what is left."
        named = [f"{shown_name(line.name)} ({one_line(line.step)})" for line in working[:_MOST_NAMED]]
        if more := working[_MOST_NAMED:]:
            named.append(f"and {len(more)} more host{'' if len(more) == 1 else 's'}")
        return f"Stopping {', '.join(named)}. Ctrl-C again kills what is left."

    def _line(self, host: str) -> HostLine:
        return self.hosts.setdefault(host, HostLine(host))

    def _finish(self, event: Event) -> None:
        line = self._line(event.host)
        if line.status != "failed":
            line.ended = time.monotonic()
        if event.kind in _FAILED:
            line.status = "failed"
            line.step = f"{event.task}: {_reason(event)}"
        elif line.status != "failed":
            line.status = "waiting"
            line.changed += event.kind == "changed"
        text = _finished_line(event, self.verbosity)
        # The live view has a line per host anyway: it says more only when asked for more.
        if text and (self._live is None or self.verbosity):
            self._say(text)

    def _end(self, counters: Mapping[str, Mapping[str, int]]) -> None:
        for line in self.hosts.values():
            # A rescued failure is one only until the counters say otherwise.
            lost = counters["failures"].get(line.name) or counters["dark"].get(line.name)
            line.status = "failed" if lost else "done"
            line.ended = line.ended or time.monotonic()
            line.step = "" if line.status == "done" else line.step

    def _say(self, text: str) -> None:
        if self._live:
            self._live.say(text)
        else:
            print(text, file=self.stream, flush=True)


def _finished_line(event: Event, verbosity: int) -> str | None:
    seconds = f" ({event.seconds:.1f} s)" if verbosity and event.seconds is not None else ""
    start = f"{event.host}: {one_line(event.task)}"
    if event.kind in _FAILED:
        return f"{start}: {event.kind}: {_reason(event)}{seconds}"
    if event.kind == "changed":
        return start + seconds
    return f"{start}: {event.kind}{seconds}" if verbosity else None


def _reason(event: Event) -> str:
    """Return why it failed, in one line."""
    result = event.result
    text = str(result.get("msg") or result.get("censored") or "no reason given")
    if text == "non-zero return code":  # what the command said is the reason
        said = str(result.get("stderr") or result.get("stdout") or "").strip().splitlines()
        text = f"exit code {result.get('rc')}" + (f": {said[-1]}" if said else "")
    return one_line(ssh.reason(text) if event.kind == "unreachable" else text)


def one_line(text: Any) -> str:
    """Return the text without line breaks and control characters: it may come from a host."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
