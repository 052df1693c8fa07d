"""A process that outlives the command that started it.

Where systemd is PID 1 it is a transient unit; elsewhere a session of its own, in control groups of its own, that is
recognised by its process id together with its start time and the boot, so that a reused id is never taken for ours.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local import cgroups, record
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

STOP_SECONDS = 40

# The beginning of every script: `run` runs one program and passes SIGTERM on to it. Only the script gets the signal
# itself: a second one would make nspawn kill the machine at once.
SCRIPT = """\
#!/bin/sh
child='' stopping=''
trap 'stopping=1; kill -TERM "$child" 2> /dev/null' TERM
run() {
  "$@" & child=$!
  while wait "$child"; code=$?; kill -0 "$child" 2> /dev/null; do :; done
  return "$code"
}
"""


def systemd_is_init() -> bool:
    """Tell whether systemd runs this computer (sd_booted(3))."""
    return Path("/run/systemd/system").is_dir()


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()


def _start_time(pid: int) -> str | None:
    """Return the start time of a process in clock ticks since boot, None for one that is gone or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


class Service:
    """One process; `name` is unique on this computer, `folder` holds its script, log and record."""

    def __init__(self, name: str, folder: Path, log: str) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / log
        self.script = folder / "run"
        self.record = folder / "process.json"

    def start(self, script: str, limits: cgroups.Limits | None = None) -> list[str]:
        """Write and start the script in the background; it begins with SCRIPT and does its work by `run`.

        Returns a sentence for each limit that could not be set.
        """
        record.make_folder(self.folder)
        self.stop()
        self.log.unlink(missing_ok=True)
        self.log.touch(mode=0o600)
        self.script.write_text(SCRIPT + script, encoding="utf-8")
        self.script.chmod(0o700)
        limits = limits or cgroups.Limits(None, None)
        if systemd_is_init():
            self._start_unit(limits)
            return []
        return self._start_session(limits)

    def _start_unit(self, limits: cgroups.Limits) -> None:
        properties = ["Delegate=yes", "KillMode=mixed", f"TimeoutStopSec={STOP_SECONDS}"]
        properties += [f"StandardOutput=append:{self.log}", f"StandardError=append:{self.log}"]
        if limits.memory is not None:
            properties.append(f"MemoryMax={limits.memory}M")
        if limits.cpus is not None:
            properties.append(f"CPUQuota={limits.cpus * 100}%")
        record.write(self.record, {"unit": f"{self.name}.service"})
        subprocess.run(["systemctl", "reset-failed", f"{self.name}.service"], check=False, capture_output=True)
        command = [
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={self.name}",
            *(f"--property={one}" for one in properties),
        ]
        done = subprocess.run([*command, "--", str(self.script)], check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise LocalError(f"systemd did not start {self.name}: {done.stderr.strip()}", log=done.stderr.splitlines())

    def _start_session(self, limits: cgroups.Limits) -> list[str]:
        groups = cgroups.create(self.name)
        refused = cgroups.limit(groups, limits)
        # The record comes first: if we die between the two lines, `stop` still finds the process by its groups.
        record.write(self.record, {"groups": groups, "boot": _boot_id()})
        join = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"'
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", join, self.name, *groups, "--", str(self.script)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
            )
        entry = {"groups": groups, "boot": _boot_id(), "pid": process.pid, "start": _start_time(process.pid)}
        record.write(self.record, entry)
        return refused

    def limit(self, limits: cgroups.Limits) -> list[str]:
        """Set other limits on the running process; return a sentence for each that could not be set."""
        entry = record.read(self.record) or {}
        if "unit" not in entry:
            return cgroups.limit(entry["groups"], limits)
        properties = [f"MemoryMax={'infinity' if limits.memory is None else f'{limits.memory}M'}"]
        properties.append(f"CPUQuota={'' if limits.cpus is None else f'{limits.cpus * 100}%'}")
        subprocess.run(
            ["systemctl", "set-property", "--runtime", entry["unit"], *properties],
            check=True,
            capture_output=True,
        )
        return []

    def running(self) -> bool:
        """Tell whether the process is there."""
        entry = record.read(self.record)
        if entry is None:
            return False
        if "unit" in entry:
            state = subprocess.run(["systemctl", "is-active", "--quiet", entry["unit"]], check=False)
            return state.returncode == 0
        if "pid" not in entry or entry["boot"] != _boot_id():
            return False
        return entry["start"] is not None and _start_time(entry["pid"]) == entry["start"]

    def pid(self) -> int | None:
        """Return the process id of the script, as long as it runs."""
        entry = record.read(self.record)
        if entry is None or not self.running():
            return None
        if "unit" not in entry:
            return int(entry["pid"])
        asked = ["systemctl", "show", "--property=MainPID", "--value", entry["unit"]]
        return int(subprocess.run(asked, check=True, capture_output=True, text=True).stdout) or None

    def stop(self) -> bool:
        """End the process and all that it started; tell whether there was one."""
        entry = record.read(self.record)
        if entry is None:
            return False
        was_running = self.running()
        if "unit" in entry:
            subprocess.run(["systemctl", "stop", entry["unit"]], check=False, capture_output=True)
        else:
            self._stop_session(entry, was_running=was_running)
        self.record.unlink(missing_ok=True)
        return was_running

    def _stop_session(self, entry: t.Mapping[str, t.Any], *, was_running: bool) -> None:
        if entry["boot"] != _boot_id():
            return
        if was_running:
            # nspawn turns SIGTERM into an orderly shutdown, in which the FUSE clients write what they hold.
            os.kill(entry["pid"], signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline and _start_time(entry["pid"]) is not None:
                _reap(entry["pid"])
                time.sleep(0.05)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(entry["pid"], signal.SIGKILL)
        cgroups.remove(entry["groups"])

    def remove(self) -> None:
        """Stop the process and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)


def _reap(pid: int) -> None:
    """Collect our own child's exit; a process that an earlier run started is not our child."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
