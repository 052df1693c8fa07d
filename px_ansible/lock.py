"""One px-ansible at a time: a lock file that says who holds it, and that a killed holder cannot leave locked."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible.errors import PrerequisiteError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def locked(path: Path, subject: str) -> Iterator[None]:
    """Hold the lock file `path` for the body; PrerequisiteError with the holder's name where another one does.

    The lock is the kernel's (flock) and goes with the process; what the file says is for people, and is
    written anew by every holder. The file may be removed while it is held.
    """
    lock = _acquire(path, subject)
    try:
        holder = {
            "pid": os.getpid(),
            "command": _command(),
            "since": datetime.now().astimezone().isoformat("T", "seconds"),
        }
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(lock)


def _acquire(path: Path, subject: str) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The holder before may have removed the file: then this lock would keep nobody out.
            if os.path.exists(path) and os.path.samestat(os.fstat(lock), path.stat()):  # noqa: PTH110
                return lock
            os.close(lock)
        except BlockingIOError:
            os.close(lock)
            raise _conflict(path, subject) from None


def _conflict(path: Path, subject: str) -> PrerequisiteError:
    holder = _holder(path)
    if holder is None:
        return PrerequisiteError(f"Another px-ansible works on {subject}.", hint="Run this again when it has ended.")
    since = datetime.fromisoformat(holder["since"]).strftime("%Y-%m-%d %H:%M:%S")
    return PrerequisiteError(
        f"Another px-ansible works on {subject}: `{holder['command']}`, pid {holder['pid']}, since {since}.",
        hint=f"Run this again when it has ended, or stop it: kill -INT {holder['pid']}",
    )


def _holder(path: Path) -> dict[str, Any] | None:
    """Read who holds the lock; for a moment after it changed hands the file still names the one before."""
    for _ in range(10):
        try:
            holder: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            os.kill(holder["pid"], 0)
        except (OSError, ValueError, KeyError, TypeError):
            time.sleep(0.05)
        else:
            return holder
    return None


def _command() -> str:
    name = Path(sys.argv[0]).name
    return shlex.join(["px-ansible" if name == "__main__.py" else name, *sys.argv[1:]])
