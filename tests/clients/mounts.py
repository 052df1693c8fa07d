"""Running a client of the tests: start, wait for the mount, end, and leave nothing mounted."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path


class Client:
    """One client binary with the environment that a unit would give it: nothing but what a test sets."""

    def __init__(self, binary: Path, folder: Path, programs: Path):
        self._binary, self._folder = str(binary), folder
        self._path = f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin"
        self._processes: list[subprocess.Popen] = []
        self._mounts: list[Path] = []
        self.home = folder / "home"
        self.home.mkdir()

    def environment(self, more) -> dict[str, str]:
        every = {"PATH": self._path, "HOME": str(self.home), **more}
        return {name: value for name, value in every.items() if value is not None}

    def run(self, *arguments, prefix=(), seconds=30, **environment):
        """Run to the end; return it with its output."""
        command = [*prefix, self._binary, *map(str, arguments)]
        environment = self.environment(environment)
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds, env=environment)

    def start(self, *arguments, path: Path, prefix=(), **environment):
        """Start in the foreground and return the process once it is mounted; `process.log` is its stderr's file."""
        log = self._folder / f"log-{len(self._processes)}"
        with log.open("w") as output:
            process = subprocess.Popen(
                [*prefix, self._binary, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment(environment),
            )
        process.log = log
        self._processes.append(process)
        self._mounts.append(path)
        until = time.monotonic() + 20
        while not (mounted(path) and answers(path)):
            assert process.poll() is None, f"ended with {process.returncode}: {log.read_text()}"
            assert time.monotonic() < until, f"not mounted: {log.read_text()}"
            time.sleep(0.05)
        return process

    def end(self) -> None:
        """Kill what still runs and unmount."""
        for process in self._processes:
            process.kill()
            process.wait(10)
        for path in self._mounts:
            while mounted(path):
                subprocess.run(["umount", "-l", path], check=True)


def mounted(path) -> tuple[str, str] | None:
    """Return (source, type) of the mount at the path."""
    rows = [line.split()[:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return next(((source, kind) for source, target, kind in reversed(rows) if target == str(path)), None)


def answers(path) -> bool:
    """Tell whether the mount's root can be looked at, within 2 s. A mount that is not served yet waits."""
    return (
        subprocess.run(["timeout", "-s", "KILL", "2", "stat", path], capture_output=True, check=False).returncode == 0
    )


def until(condition, seconds: float = 10):
    """Wait until the condition holds, and return what it returns."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def dead(path) -> bool:
    """Tell whether a listing is answered by "Transport endpoint is not connected".

    A stat is not enough: for as long as the kernel remembers the attributes of a mount's root, it answers by itself.
    """
    try:
        os.listdir(path)
    except OSError as error:
        return error.errno == 107
    return False
