"""What is written where: a terminal, a pipe, and the variables by which a user decides otherwise."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path

import pytest
from pseudo_terminal import everything

from px_ansible.cli import terminal

TOP = Path(__file__).parents[2]
BAD = "cluster: {nods: 2}\n"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TABLE = """
from px_ansible.cli.tables import console, table
rows = [("px-1", "[green]running[/]", "/px-gcs-bucket", "px-gcs-bucket"), ("px-2", "[red]gone[/]", "/data", "b" * 30)]
table(console(), ("host", "state", "mount", "bucket"), rows)
"""


def run(command, cwd, *, on_terminal, columns=80, **env):
    """Run a command, and return what it wrote on both streams."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PX_") and name not in ("CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM")
    }
    environment = {**kept, "PYTHONPATH": str(TOP), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **env}
    if not on_terminal:
        done = subprocess.run(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.stdout
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = everything(ours)
    process.wait()
    return seen.decode().replace("\r", "")


def px(*arguments):
    return [sys.executable, "-m", "px_ansible", *arguments]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "px.yaml").write_text(BAD)
    return tmp_path


COMMANDS = [
    px("validate"),
    px("provision", "--yes", "--provider", "local"),
    px("ssh", "--provider", "nowhere"),
    px("doctor", "--provider", "static"),
    [sys.executable, "-c", TABLE],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[3] if len(command) > 3 else "table")
def test_colours_are_where_they_are_wanted(command, folder):
    on_terminal = run(command, folder, on_terminal=True)
    assert COLOUR.search(on_terminal)
    in_pipe = run(command, folder, on_terminal=False)
    assert "\x1b" not in in_pipe
    # NO_COLOR leaves bold and dim, which are no colours; an empty one does not count.
    for wins in ({"NO_COLOR": "1"}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}):
        assert not re.search(r"\x1b\[(\d+;)*[349]\d(;\d+)*m", run(command, folder, on_terminal=True, **wins))
    assert COLOUR.search(run(command, folder, on_terminal=True, NO_COLOR=""))
    assert "\x1b" not in run(command, folder, on_terminal=True, TERM="dumb")
    forced = run(command, folder, on_terminal=False, FORCE_COLOR="1")
    assert COLOUR.search(forced)
    assert [line.rstrip() for line in COLOUR.sub("", forced).splitlines()] == [
        line.rstrip() for line in in_pipe.splitlines()
    ]
    # A CI's log shows colours as a terminal does.
    assert COLOUR.search(run(command, folder, on_terminal=True, CI="true"))


def test_a_table_fits_sixty_columns(folder):
    lines = COLOUR.sub("", run([sys.executable, "-c", TABLE], folder, on_terminal=True, columns=60)).splitlines()
    assert max(map(len, lines)) <= 60
    assert "/px-gcs-bucket" in "".join(lines)  # in one piece
    piped = run([sys.executable, "-c", TABLE], folder, on_terminal=False)
    assert "b" * 30 in piped


def test_doctor_fits_sixty_columns_but_for_paths(folder):
    (folder / "px.yaml").unlink()
    seen = run(px("doctor", "--provider", "aws"), folder, on_terminal=True, columns=60)
    for line in COLOUR.sub("", seen).splitlines():
        assert len(line) <= 60 or len(line.split()) == 1 or "/" in line


@pytest.mark.parametrize(
    ("env", "moves"),
    [({}, True), ({"CI": "true"}, False), ({"CI": "1"}, False), ({"CI": "false"}, True), ({"TERM": "dumb"}, False)],
)
def test_the_cursor_moves_on_a_terminal_of_a_person(env, moves, monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours):
        assert terminal.can_move_cursor(stream) is moves
