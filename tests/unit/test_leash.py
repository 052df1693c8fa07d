"""leash.py against a program that starts workers faster than anybody looks: none of them may be left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from px_ansible import leash

# As Ansible does: each worker makes a session of its own a moment after it was forked, and none listens to a stop.
FORKS = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
open(sys.argv[1] + "/started", "w").close()
end = time.monotonic() + 20
while time.monotonic() < end:
    if os.fork() == 0:
        os.setsid()
        time.sleep(30)
        os._exit(0)
    time.sleep(0.002)
"""


def alive(mark: str) -> list[int]:
    """The processes that have not ended and whose arguments hold the mark."""
    return [pid for pid in leash.processes() if pid != os.getpid() and mark in _arguments(pid)]


def _arguments(pid: int) -> str:
    with suppress(OSError):
        return Path("/proc", str(pid), "cmdline").read_bytes().decode(errors="replace")
    return ""


# As Ansible is where it has lost the interrupt.
HEARS_NO_INTERRUPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
open(sys.argv[1] + "/started", "w").close()
time.sleep(60)
"""


def test_a_stop_that_was_not_heard_is_said_again_in_another_way(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    os.mkfifo(run / "lifeline")
    lifeline = os.open(run / "lifeline", os.O_RDWR)
    command = [sys.executable, "-c", HEARS_NO_INTERRUPT, str(run)]
    leashed = [sys.executable, "-I", "-S", leash.__file__, str(run / "lifeline"), str(tmp_path / "scratch"), *command]
    process = subprocess.Popen(leashed, start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while not (run / "started").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        began = time.monotonic()
        os.write(lifeline, leash.STOP)
        assert process.wait(timeout=30) == leash.STOPPED
        assert leash.PATIENCE < time.monotonic() - began < leash.GRACE - 2
    finally:
        process.kill()
        os.close(lifeline)


@pytest.mark.parametrize("orders", [leash.KILL, leash.STOP + leash.KILL], ids=["at once", "after a stop"])
@pytest.mark.parametrize("moment", [0.05, 0.3])
def test_no_worker_outlives_a_kill(orders, moment, tmp_path):
    run, scratch = tmp_path / "run", tmp_path / "scratch"
    run.mkdir()
    scratch.mkdir()
    os.mkfifo(run / "lifeline")
    lifeline = os.open(run / "lifeline", os.O_RDWR)
    command = [sys.executable, "-c", FORKS, str(run)]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", leash.__file__, str(run / "lifeline"), str(scratch), *command],
        env={**os.environ, "ANSIBLE_HOME": str(scratch)},
        start_new_session=True,  # as ansible-runner starts it: it kills its whole session
    )
    try:
        deadline = time.monotonic() + 20
        while not (run / "started").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(moment)
        assert len(alive(str(run))) > 3
        for order in orders:
            os.write(lifeline, bytes([order]))
        assert process.wait(timeout=30) == leash.STOPPED
        assert alive(str(run)) == []
        assert not scratch.exists()
    finally:
        process.kill()
        os.close(lifeline)
        for pid in alive(str(run)):
            os.kill(pid, 9)
