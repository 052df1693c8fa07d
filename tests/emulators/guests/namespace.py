"""The network namespace of a machine, seen from outside: who runs in it, and a socket that listens in it."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def inside(script: int) -> int | None:
    """Return the process id of a machine's first process, once it has a network of its own.

    `script` runs the machine: below it is nspawn, and below that the machine's first process.
    """
    own = _network("self")
    for nspawn in _children(script):
        for pid in _children(nspawn):
            with suppress(OSError):
                if _network(pid) != own:
                    return pid
    return None


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []


def _network(pid: int | str) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def listen(pid: int, address: str, port: int) -> socket.socket:
    """Listen on an address in the network of a process, where it becomes one of the loopback's.

    The computer itself never has the address: only a thread of ours goes there, and it ends with this call.
    """
    made: list[socket.socket] = []
    failed: list[Exception] = []

    def go() -> None:
        try:
            _enter(pid)
            for words in (f"address replace {address}/32 dev lo", "link set dev lo up"):
                subprocess.run(["ip", *words.split()], check=True, capture_output=True)
            made.append(socket.create_server((address, port), backlog=64))
        except (OSError, subprocess.CalledProcessError) as error:
            failed.append(error)

    thread = threading.Thread(target=go, name=f"netns of {pid}")
    thread.start()
    thread.join()
    if failed:
        raise OSError(f"the network of {pid}: {failed[0]}") from failed[0]
    return made[0]


def _enter(pid: int) -> None:
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if str(Path(f"/proc/self/fd/{descriptor}").readlink()) == _network("self"):
            raise OSError("not a network of its own")  # the process has ended, and its number is another's
        if _libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(descriptor)
