"""Runs ansible-playbook on a leash: when px-ansible stops it, or dies, it stops with all of its children.

ansible-runner gives its child a terminal and a session of its own and makes it ignore SIGHUP, so it would go
on for ever after a `kill -9` of px-ansible; and its own way to cancel is a SIGKILL, which leaves Ansible's
workers running because each of them has a session of its own too. So this small program stands in between. It
holds the reading end of a pipe, the lifeline, whose only writer is px-ansible: a byte asks for a stop, the
end of the pipe means that px-ansible is gone, which ends in a stop as well.

Started by path, as `python -I -S leash.py LIFELINE SCRATCH COMMAND...`: the standard library only, and
nothing of this package, so that it costs a few milliseconds.
"""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# What a clean stop may take before the rest is killed. Ansible ends within a second unless a worker hangs.
GRACE = 10.0
# Ansible may lose a SIGINT that comes between two tasks (one in ten, tried with 2.19.14) and go on with the next: after
# so many seconds it gets a signal that ends it for sure.
PATIENCE = 1.0
_ROUNDS = 100
STOP = b"s"
KILL = b"k"
STOPPED = 130


def main() -> int:
    """Run the command to its end, or to the end of the leash."""
    # Without O_NONBLOCK this would wait for ever where px-ansible is gone already.
    lifeline = os.open(sys.argv[1], os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(lifeline, True)
    # Whoever finds this lock held knows that the run has not ended, even where px-ansible has.
    fcntl.flock(lifeline, fcntl.LOCK_EX)
    scratch = Path(sys.argv[2])
    # A px-ansible in the background of a shell ignores SIGINT, and children inherit that; Ansible must not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    child = subprocess.Popen(sys.argv[3:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopping = threading.Event()
    ended = threading.Event()
    run = _Run(Path(sys.argv[1]).parent, scratch, child)
    watch = threading.Thread(target=_watch, args=(lifeline, run, stopping, ended), daemon=True)
    watch.start()
    code = child.wait()
    ended.set()
    if stopping.is_set():
        watch.join()
        code = STOPPED
    end_connections(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    with suppress(OSError):
        Path(sys.argv[1]).unlink()
    return code if code >= 0 else 128 - code


class _Run(NamedTuple):
    """The run's folder, its scratch folder, and ansible-playbook."""

    folder: Path
    scratch: Path
    child: subprocess.Popen[bytes]


def _watch(lifeline: int, run: _Run, stopping: threading.Event, ended: threading.Event) -> None:
    order = os.read(lifeline, 1)
    stopping.set()
    sessions = _sessions(run)
    if order != KILL:
        run.child.send_signal(signal.SIGINT)
        began = time.monotonic()
        insisted = False
        while not ended.wait(0.05) and time.monotonic() < began + GRACE:
            if not insisted and time.monotonic() > began + PATIENCE:
                insisted = True
                run.child.send_signal(signal.SIGTERM)
            # A second byte: the user does not want to wait. An end of the pipe is no such order.
            if select.select([lifeline], [], [], 0)[0] and os.read(lifeline, 1):
                break
            sessions |= _sessions(run)
    _kill(run, sessions)


def _kill(run: _Run, sessions: set[int]) -> None:
    """Kill what is left, until nothing is: a worker may just have been forked, or just be making its session."""
    run.child.send_signal(signal.SIGSTOP)  # it starts no other worker now, and remains the parent of those it has
    for _ in range(_ROUNDS):
        sessions |= _sessions(run)
        left = [pid for pid, (_, session) in processes().items() if session in sessions]
        left = [pid for pid in left if pid not in (os.getpid(), run.child.pid)]
        if not left:
            break
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    run.child.kill()


def _sessions(run: _Run) -> set[int]:
    """Return the session of ansible-playbook and those of its workers, with the workers that lost their parent.

    Not the sessions of what the workers started: a program that made one of its own (a machine that shall
    outlive this run, say) asked to be left alone.
    """
    pid = run.child.pid
    return {
        session
        for child, (parent, session) in processes().items()
        if pid in (child, parent) or (parent == 1 and _is_worker(child, run))
    }


def _is_worker(pid: int, run: _Run) -> bool:
    """Tell whether a process is a fork of this run's ansible-playbook: the same arguments, the same environment."""
    process = Path("/proc", str(pid))
    with suppress(OSError):
        named = os.fsencode(run.folder) in (process / "cmdline").read_bytes()
        return named and os.fsencode(run.scratch) in (process / "environ").read_bytes()
    return False


def processes() -> dict[int, tuple[int, int]]:
    """Return the parent and the session of every process that has not ended."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                # The name, in brackets, may hold anything; what follows the last bracket is fixed.
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    found[int(folder.name)] = (int(fields[1]), int(fields[3]))
    return found


def end_connections(scratch: Path) -> None:
    """End the SSH connections that were kept open for the run: their sockets are about to go."""
    sockets = scratch / "cp"
    if not sockets.is_dir() or not any(sockets.iterdir()):
        return
    title = b"ssh: " + os.fsencode(sockets)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if (folder / "cmdline").read_bytes().startswith(title):
                    os.kill(int(folder.name), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
