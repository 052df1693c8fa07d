"""The live view of a run: a line per host, drawn anew a few times a second. Imports rich: import it late."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from px_ansible.cli.host_line import SHARED, shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from px_ansible.cli.host_line import HostLine

# What matters most is shown where not everything fits.
_ORDER = {"failed": 0, "stopped": 1, "working": 2, "waiting": 3, "done": 4}
_STYLES = {"failed": "red", "stopped": "yellow", "done": "green", "waiting": "dim", "working": ""}
_SIGNS = {"failed": "✗", "stopped": "■", "done": "✓", "waiting": "·"}
_ASCII_SIGNS = {"failed": "x", "stopped": "!", "done": "+", "waiting": "."}
_NAME_WIDTH = 24
# Lines that are not hosts: the sum, and one for the cursor.
_OTHER_LINES = 2
_ROOM_BEHIND, _NARROWEST = 4, 20


class LiveView:
    """Draws the lines of `hosts`, which the caller keeps changing; a `passing` view is gone when it ends."""

    def __init__(self, hosts: Mapping[str, HostLine], stream: TextIO, *, passing: bool = False) -> None:
        self._hosts = hosts
        self._console = Console(file=stream, highlight=False)
        unicode = self._console.encoding.lower().startswith("utf")
        self._signs = _SIGNS if unicode else _ASCII_SIGNS
        self._spinner = Spinner("dots" if unicode else "line")
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=8,
            redirect_stdout=False,
            transient=passing,
        )

    def start(self) -> None:
        """Begin to draw."""
        self._live.start()

    def stop(self) -> None:
        """Draw for the last time and give the terminal back as it was."""
        self._live.stop()

    def say(self, text: str) -> None:
        """Print a line above the view."""
        self._console.print(Text(text))

    def _draw(self) -> Table:
        lines = list(self._hosts.values())
        room = max(1, self._console.height - _OTHER_LINES)
        shown = lines
        if len(lines) > room:
            ranked = sorted(lines, key=lambda line: (line.name != SHARED, _ORDER[line.status]))
            kept = {line.name for line in ranked[:room]}
            shown = [line for line in lines if line.name in kept]
        # The terminal writes a ^C behind the last line: were there no room, the next frame would be a line off.
        table = Table.grid(padding=(0, 1))
        table.width = max(_NARROWEST, self._console.width - _ROOM_BEHIND)
        table.add_column(width=1)
        table.add_column(no_wrap=True, max_width=_NAME_WIDTH)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column(no_wrap=True, justify="right")
        for line in shown:
            self._add(table, line)
        hidden = [line for line in lines if line not in shown]
        if hidden:
            table.add_row("", Text("and more", style="dim"), Text(_sum(hidden), style="dim"), "")
        return table

    def _add(self, table: Table, line: HostLine) -> None:
        style = _STYLES[line.status]
        sign = self._spinner if line.status == "working" else Text(self._signs[line.status], style=style)
        name = shown_name(line.name)
        step = _done(line) if line.status == "done" else line.step
        table.add_row(sign, Text(name), Text(step, style=style), Text(f"{line.seconds():.0f} s", style="dim"))


def _done(line: HostLine) -> str:
    return f"{line.changed} change{'' if line.changed == 1 else 's'}" if line.changed else "nothing to change"


def _sum(lines: Sequence[HostLine]) -> str:
    counts = {status: sum(line.status == status for line in lines) for status in _ORDER}
    return f"{len(lines)} hosts: " + ", ".join(f"{count} {status}" for status, count in counts.items() if count)
