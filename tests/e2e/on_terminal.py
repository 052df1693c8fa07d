"""A command on a terminal of its own, as a person has it: what is shown, what is typed, and the window closed."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from typing import TYPE_CHECKING

from project import COMMAND

if TYPE_CHECKING:
    from project import Project

CTRL_C = b"\x03"


class OnTerminal:
    """A command that runs on a pseudo-terminal."""

    def __init__(self, project: Project, *arguments: str, columns: int = 60, lines: int = 20) -> None:
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.chdir(project.folder)
            os.execve(COMMAND[0], [*COMMAND, *arguments], {**project.environment, "TERM": "xterm-256color", "CI": ""})
        self.seen = ""

    def until(self, pattern: str, seconds: float = 60) -> None:
        """Read until a pattern has been shown."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {pattern}\n{self.seen}"
            assert self._read(), f"it ended without {pattern}\n{self.seen}"

    def type(self, keys: bytes) -> None:
        """Press keys, as fast as a person: Python loses a Ctrl-C between a question and its wait for a key."""
        time.sleep(0.2)
        os.write(self._terminal, keys)

    def end(self) -> int:
        """Read to the end, and return the exit code; that of a signal is negative."""
        while self._read():
            pass
        os.close(self._terminal)
        return self._code()

    def close_window(self) -> int:
        """Take the terminal away, and return the exit code."""
        os.close(self._terminal)
        return self._code()

    @property
    def plain(self) -> str:
        """What was shown, without escape sequences and line breaks."""
        return " ".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.seen).split())

    def _read(self) -> bool:
        if not select.select([self._terminal], [], [], 0.5)[0]:
            return True
        try:
            part = os.read(self._terminal, 65536)
        except OSError:
            return False
        self.seen += part.decode(errors="replace")
        return bool(part)

    def _code(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
