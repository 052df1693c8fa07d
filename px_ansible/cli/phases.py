"""The progress of a command that looks, asks, and then works: of the looking nothing stays on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from px_ansible.cli.progress import Progress

if TYPE_CHECKING:
    from types import TracebackType

    from px_ansible.events import Event


class Phases:
    """Takes the events of both; `pause` before the question, `work` after it."""

    def __init__(self, verbosity: int) -> None:
        self._verbosity = verbosity
        self._now: Progress | None = Progress(verbosity=verbosity, passing=True)

    def __enter__(self) -> Self:
        if self._now:
            self._now.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._now:
            self._now.__exit__(kind, error, trace)

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        if self._now:
            self._now(event)

    def pause(self) -> None:
        """Give the terminal back: there is something to show and to ask."""
        self.__exit__(None, None, None)
        self._now = None

    def work(self) -> None:
        """Begin to show the work itself."""
        self._now = Progress(verbosity=self._verbosity)
        self._now.__enter__()
