"""One instance as a machine of the local provider: what is in it is the image, its cloud's agent, and nothing else."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ansible_collections.px.storage.plugins.module_utils.local import cgroups, image
from ansible_collections.px.storage.plugins.module_utils.local.machine import File, Machine, Wanted

from emulators.guests.answerer import Answerer

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.px.storage.plugins.module_utils.local.record import Layout

    from emulators.exchange import Host

IMAGE = "debian-12"
# What the images of clouds have and the local provider's has not.
PACKAGES = ("curl", "sudo")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
# Starts the agent without a link in multi-user.target.wants.
WANTS = "[Unit]\nWants={unit}\n"
# What systemd says of its first unit, and how long it may take to get there.
STARTED = "  OK  "
DEAF_SECONDS = 30
PANIC = """\
[    0.000000] Linux version 6.1.0-38-cloud-amd64 (debian-kernel@lists.debian.org)
[    0.000000] Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-38-cloud-amd64 root=UUID=lost ro console=ttyS0,115200
[    1.264711] VFS: Cannot open root device "UUID=lost" or unknown-block(0,0): error -6
[    1.271904] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
[    1.279518] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) ]---
"""


@dataclass(frozen=True)
class Agent:
    """The program that a cloud has in its images: makes users, runs the startup script, tells the host keys."""

    name: str
    script: str
    unit: str

    @property
    def files(self) -> tuple[File, ...]:
        unit = f"{self.name}.service"
        return (
            File(f"/usr/local/lib/{self.name}", self.script, 0o755),
            File(f"/etc/systemd/system/{unit}", self.unit),
            File(f"/etc/systemd/system/multi-user.target.d/{self.name}.conf", WANTS.format(unit=unit)),
        )


@dataclass(frozen=True)
class Outfit:
    """What all guests of a cloud are given: the agent, the names that they resolve, whom they trust, further files."""

    agent: Agent
    hosts: dict[str, str]  # name -> address
    authority: str  # PEM
    files: tuple[File, ...] = ()


class Guest:
    """One machine. `play` answers at the link-local address, in the machine's own network and nowhere else."""

    def __init__(self, layout: Layout, name: str, outfit: Outfit, play: Host, cache: Path) -> None:
        self.name = name
        self.outfit = outfit
        self.play = play
        self.cache = cache
        self.machine = Machine(layout, name)
        self.boots = True
        self._answerer: Answerer | None = None
        self._lock = threading.Lock()

    def start(self, *, boots: bool = True) -> str:
        """Switch the machine on and return its address; that it boots, or gets far, is not waited for."""
        with self._lock:
            self.boots = boots
            wanted = Wanted(IMAGE, "", cgroups.Limits(None, None), self._files(), PACKAGES, "read-only")
            if boots:
                self.machine.converge(wanted, str(self.cache))
            else:
                self.machine.claim(wanted, str(self.cache))
            if boots and self._answerer is None:
                self._answerer = Answerer(self.machine, self.play)
            return str(self.machine.info()["address"])

    def stop(self) -> None:
        """Shut the machine down in order; its disk stays."""
        with self._lock:
            self._wait_for_systemd()
            self.machine.service.stop()
            self._close()

    def remove(self) -> None:
        """Remove the machine and all that belongs to it."""
        with self._lock:
            self._wait_for_systemd()
            self.machine.remove()
            self._close()

    def _wait_for_systemd(self) -> None:
        """Let a machine that was just switched on get so far that it can be told to stop: before, it would not hear."""
        deadline = time.monotonic() + DEAF_SECONDS
        while self.machine.service.running() and STARTED not in self.console() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _close(self) -> None:
        if self._answerer:
            self._answerer.close()
            self._answerer = None

    def console(self) -> str:
        """Return what the machine has written to its console since it was switched on."""
        if not self.boots:
            return PANIC
        try:
            return self.machine.service.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return ""

    def _files(self) -> tuple[File, ...]:
        names = "".join(f"{address} {name}\n" for name, address in self.outfit.hosts.items())
        base = image.ensure(IMAGE, str(self.cache), PACKAGES)[0]
        bundle = (base / BUNDLE.lstrip("/")).read_text(encoding="utf-8")
        return (
            File("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n{names}"),
            # As update-ca-certificates leaves it.
            File("/usr/local/share/ca-certificates/emulated-cloud.crt", self.outfit.authority),
            File(BUNDLE, bundle + self.outfit.authority),
            # What OpenSSL reads besides its folder of links.
            File("/usr/lib/ssl/cert.pem", self.outfit.authority),
            File("/etc/ssh/sshd_config.d/cloud.conf", "PermitRootLogin no\n"),
            *self.outfit.agent.files,
            *self.outfit.files,
        )
