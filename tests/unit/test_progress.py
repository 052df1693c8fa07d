"""cli/progress.py: plain lines into a pipe, the live view on a real pseudo-terminal."""

from __future__ import annotations

import io
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

from px_ansible.cli.progress import Progress, one_line
from px_ansible.events import Event

COUNTERS = {name: {} for name in ("ok", "changed", "failures", "dark", "skipped", "rescued", "ignored", "processed")}
BOOT, MOUNT = "Start the machine", "Mount [the] buckets"
RUN = [
    Event("play", task="Hosts"),
    Event("start", "localhost", task="Make the network"),
    Event("ok", "localhost", task="Make the network", seconds=0.5),
    Event("start", "px-1", task=BOOT),
    Event("start", "px-2", task=BOOT),
    Event("changed", "px-1", task=BOOT, seconds=1.54),
    Event("unreachable", "px-2", task=BOOT, seconds=3.0, result={"msg": "timed\nout\x1b[31m"}),
    Event("start", "px-1", task=MOUNT),
    Event("item", "px-1", task=MOUNT),
    Event("failed", "px-1", task=MOUNT, result={"msg": "non-zero return code", "rc": 3, "stderr": "a\nno bucket\n"}),
    Event("stats", result=COUNTERS | {"failures": {"px-1": 1}, "dark": {"px-2": 1}}),
]


def shown(events, **options):
    stream = io.StringIO()
    with Progress(stream=stream, **options) as progress:
        for event in events:
            progress(event)
    return stream.getvalue().splitlines()


def test_a_pipe_gets_what_changed_and_what_failed():
    assert shown(RUN) == [
        "px-1: Start the machine",
        "px-2: Start the machine: unreachable: timed out [31m",
        "px-1: Mount [the] buckets: failed: exit code 3: no bucket",
    ]


def test_verbose_shows_every_step_with_its_seconds():
    lines = shown(RUN, verbosity=1)
    assert lines[:3] == [
        "localhost: Make the network: ok (0.5 s)",
        "px-1: Start the machine (1.5 s)",
        "px-2: Start the machine: unreachable: timed out [31m (3.0 s)",
    ]


WORK = [Event("start", f"px-{number}", task=BOOT) for number in range(1, 6)]


def test_ctrl_c_names_what_it_stops_and_a_second_one_kills():
    assert shown([*WORK[:2], Event("stopping"), Event("stopping")]) == [
        "Stopping px-1 (Start the machine), px-2 (Start the machine). Ctrl-C again kills what is left.",
        "Killing what is left.",
    ]
    assert shown([*WORK[:4], Event("stopping")])[0].startswith("Stopping px-1 (Start the machine), px-2 (Start")
    assert "px-3 (Start the machine), and 1 more host. Ctrl-C" in shown([*WORK[:4], Event("stopping")])[0]
    assert "and 2 more hosts" in shown([*WORK, Event("stopping")])[0]
    assert shown([Event("start", "localhost", task="Make the network"), Event("stopping")]) == [
        "Stopping all hosts (Make the network). Ctrl-C again kills what is left."
    ]
    # Before Ansible does anything, and between two steps.
    assert shown([Event("stopping")]) == ["Stopping. Ctrl-C again kills what is left."]


def test_what_was_not_finished_is_stopped_and_not_done():
    with Progress(stream=io.StringIO()) as progress:
        for event in [*WORK[:2], Event("ok", "px-1", task=BOOT), Event("stopping")]:
            progress(event)
    assert {name: line.status for name, line in progress.hosts.items()} == {"px-1": "waiting", "px-2": "stopped"}


def test_hosts_end_as_the_counters_say():
    with Progress(stream=io.StringIO()) as progress:
        for host in ("rescued", "lost"):
            progress(Event("failed", host, task="Try"))
        progress(Event("stats", result=COUNTERS | {"failures": {"lost": 1}, "rescued": {"rescued": 1}}))
    assert {name: line.status for name, line in progress.hosts.items()} == {"rescued": "done", "lost": "failed"}


def test_one_line():
    assert one_line("a\r\n\tb\x1b[2J  c\u200b") == "a b [2J c"


def test_rich_waits_for_a_terminal():
    code = (
        "import sys; from px_ansible.cli.progress import Progress\n"
        "with Progress(): pass\n"
        "print([m for m in sys.modules if m.partition('.')[0] in ('rich', 'ansible', 'ansible_runner')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


SHOW = """
import os, sys, time
from px_ansible.cli.progress import Progress
from px_ansible.events import Event
import test_progress
count = int(sys.argv[1])
with Progress(verbosity=int(sys.argv[3])) as progress:
    events = test_progress.RUN if count == 0 else [
        *(Event("start", f"px-{n}", task="Start the machine and wait until SSH answers at last") for n in range(count)),
        Event("failed", f"px-{count - 1}", task="Start", result={"msg": "no luck"}),
    ]
    for event in events:
        progress(event)
    time.sleep(0.4)
    if sys.argv[2]:
        progress(Event("stopping"))
        time.sleep(0.2)
        raise KeyboardInterrupt
"""


@pytest.fixture
def terminal(monkeypatch):
    """Run SHOW with stderr on a terminal of a given size; returns what the terminal got and what stdout got."""

    def run(*, hosts=0, columns=80, lines=24, end="", verbosity=0, **environment):
        ours, theirs = pty.openpty()
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        kept = {k: v for k, v in os.environ.items() if k not in ("CI", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")}
        process = subprocess.Popen(
            [sys.executable, "-c", SHOW, str(hosts), end, str(verbosity)],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | environment,
            cwd=Path(__file__).parent,
        )
        os.close(theirs)
        seen = everything(ours)
        out = process.communicate()[0]
        return seen.decode(), out.decode()

    return run


COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def frames(seen):
    """What the view drew, frame by frame, as lists of lines without colours."""
    plain = COLOURS.sub("", seen).replace("\r", "")
    parts = re.split(r"(?:\x1b\[(?:\d*A|2K))+", plain)
    return [re.sub(r"\x1b\[\?25[lh]", "", part).strip("\n").split("\n") for part in parts]


def test_the_live_view(terminal):
    seen, out = terminal()
    assert out == ""
    last = frames(seen)[-1]
    assert last[0].split() == ["✓", "all", "hosts", "nothing", "to", "change", "0", "s"]
    assert last[1].startswith("✗ px-1      Mount [the] buckets: exit code 3: no bucket")
    assert last[2].startswith("✗ px-2      Start the machine: timed out [31m")
    # Once is enough: the report that follows has the whole reason.
    assert "px-2: Start the machine" not in COLOURS.sub("", seen)
    assert "\x1b[31m" in seen  # a failed line is red
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # the cursor is back


@pytest.mark.parametrize("columns", [60, 80])
def test_many_hosts_fit_the_terminal(terminal, columns):
    seen, _ = terminal(hosts=50, columns=columns, lines=12)
    drawn = [frame for frame in frames(seen) if any("and more" in line for line in frame)]
    assert drawn
    for frame in drawn:
        assert len(frame) <= 12
        # A ^C that the terminal writes behind the last line must not begin another one.
        assert max(len(line.rstrip()) for line in frame) <= columns - len("^C^C")
    assert any("px-49" in line and "no luck" in line for line in drawn[-1])
    assert "41 hosts: 41 working" in drawn[-1][-1] or "40 hosts: 40 working" in drawn[-1][-1]


def test_ctrl_c_gives_the_terminal_back(terminal):
    seen, _ = terminal(end="interrupt")
    assert "KeyboardInterrupt" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")


def test_ctrl_c_on_a_narrow_terminal(terminal):
    seen, _ = terminal(hosts=3, end="interrupt", columns=60)
    plain = COLOURS.sub("", seen).replace("\r", "")
    said = plain[plain.index("Stopping px-0") :].split("\n")
    assert said[0].rstrip() == "Stopping px-0 (Start the machine and wait until SSH answers"  # and not in a word
    assert len(said[1].rstrip()) <= 60
    last = frames(seen)[-1]
    assert last[0].startswith("■ px-0 Start the machine and wait")
    assert last[2].startswith("✗ px-2 Start: no luck")


def test_a_ci_gets_plain_lines_on_its_terminal(terminal):
    seen, _ = terminal(CI="true")
    assert "\x1b" not in seen
    assert seen.splitlines()[0] == "px-1: Start the machine"


def test_no_color(terminal):
    seen, _ = terminal(NO_COLOR="1")
    assert "✗ px-1" in COLOURS.sub("", seen)
    assert not re.search(r"\x1b\[(?:\d+;)*3[0-7]m", seen)


def test_a_dumb_terminal_gets_plain_lines(terminal):
    seen, _ = terminal(TERM="dumb")
    assert "\x1b" not in seen
    assert seen.splitlines()[0] == "px-1: Start the machine"


def test_an_old_terminal_gets_ascii(terminal):
    seen, _ = terminal(PYTHONIOENCODING="latin-1")
    assert any(line.startswith("x px-1 ") for line in frames(seen)[-1])


def test_forced_colours_do_not_make_a_pipe_a_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in "".join(shown(RUN))
