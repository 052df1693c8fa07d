"""What a machine finds at its cloud's link-local address: there as long as the machine, and again after each reboot."""

from __future__ import annotations

import os
import select
import threading
from typing import TYPE_CHECKING

from emulators.guests import namespace
from emulators.plain import PlainServer

if TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.machine import Machine

    from emulators.exchange import Host

ADDRESS = "169.254.169.254"
PORT = 80
LOOK_SECONDS = 0.05


class Answerer:
    """Plays a host inside the network of a machine, whichever process is the machine's first just now."""

    def __init__(self, machine: Machine, play: Host) -> None:
        self.machine = machine
        self.play = play
        self.boots = 0  # networks of the machine that it has been in
        self._ended = threading.Event()
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._watch, name=f"answers in {machine.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, and with it the last hold on the machine's network."""
        self._ended.set()
        os.write(self._woken, b"x")
        self._thread.join()
        os.close(self._wake)
        os.close(self._woken)

    def _watch(self) -> None:
        while not self._ended.is_set():
            script = self.machine.service.pid()
            pid = namespace.inside(script) if script else None
            if pid is not None:
                self._serve(pid)
            self._ended.wait(LOOK_SECONDS)

    def _serve(self, pid: int) -> None:
        """Serve as long as this process lives."""
        try:
            process = os.pidfd_open(pid)
        except OSError:
            return
        try:
            with namespace.listen(pid, ADDRESS, PORT) as listening, PlainServer(self.play, listening):
                self.boots += 1
                select.select([process, self._wake], [], [])
        except OSError:  # the machine went away in between
            return
        finally:
            os.close(process)
