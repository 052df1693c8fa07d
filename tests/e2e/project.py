"""A folder with a px.yaml, and the command run in it as a user runs it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible_collections.px.storage.plugins.module_utils.local import cluster
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout
from traces import traces

from px_ansible import ssh

if TYPE_CHECKING:
    from collections.abc import Callable

COMMAND = (sys.executable, "-m", "px_ansible")
BUCKET = {"source": "gs://px-gcs-bucket", "store": "gcs"}
CLUSTERS = Path("/var/lib/px-ansible/clusters")
BUCKETS = Path("/var/lib/px-ansible/buckets")


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    arguments: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def data(self) -> dict[str, Any]:
        """What a command with `--output json` printed."""
        return json.loads(self.stdout)

    @property
    def said(self) -> str:
        """All that was printed, in one line."""
        return " ".join(f"{self.stdout} {self.stderr}".split())

    def __str__(self) -> str:
        command = " ".join(self.arguments)
        return f"px-ansible {command}: exit {self.code} ({self.seconds:.1f} s)\n{self.stdout}\n{self.stderr}"


@dataclass
class Project:
    """One px.yaml; the folder's name is the cluster's."""

    top: Path
    folder: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @classmethod
    def make(cls, purpose: str) -> Project:
        """Make a folder whose name no other cluster has, with a state folder of its own beside it."""
        # A short path: SSH's sockets lie below it.
        top = Path(tempfile.mkdtemp(prefix="pxe-", dir="/tmp"))
        folder = top / f"{purpose}-{secrets.token_hex(2)}"
        folder.mkdir()
        (top / "tmp").mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PX_", "ANSIBLE_"))}
        own = {"PX_PROVIDER": "local", "XDG_STATE_HOME": str(top / "state"), "TMPDIR": str(top / "tmp"), "TERM": "dumb"}
        return cls(top, folder, kept | own)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / "px.yaml"

    @property
    def state(self) -> Path:
        return self.top / "state" / "px-ansible" / "clusters" / "local" / self.name

    @property
    def record(self) -> dict[str, Any]:
        """What the computer knows of the cluster: bridge and subnet."""
        return json.loads((CLUSTERS / self.name / "cluster.json").read_text())

    def host(self, number: int) -> str:
        return f"{self.name}-{number}"

    def machine(self, number: int) -> Path:
        return CLUSTERS / self.name / "machines" / self.host(number)

    def write(self, mounts: dict[str, Any] | None = None, **of_cluster: Any) -> None:
        """Write px.yaml; without `mounts` it has the one of the quickstart."""
        mounts = {"/px-gcs-bucket": BUCKET} if mounts is None else mounts
        self.file.write_text(yaml.safe_dump({"cluster": of_cluster, **mounts}, sort_keys=False))

    def px(self, *arguments: str, code: int | None = 0, timeout: float = 240, **environment: str) -> Result:
        """Run the command to its end; any other exit code than `code` is a failure (None: any is fine)."""
        began = time.monotonic()
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        result = Result(arguments, done.returncode, done.stdout, done.stderr, time.monotonic() - began)
        assert code is None or result.code == code, f"wanted exit {code}\n{result}"
        return result

    def provision(self, *arguments: str, code: int | None = 0, **environment: str) -> dict[str, Any]:
        """Run `provision --yes` and return its report."""
        return self.px("provision", "--yes", "--output", "json", *arguments, code=code, **environment).data

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run the command in the background."""
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def address(self, number: int) -> str:
        return json.loads((self.state / "inventory.json").read_text())["hosts"][self.host(number)]["address"]

    def on(self, number: int, command: str, *, code: int | None = 0, timeout: float = 90) -> str:
        """Run a shell command on a host, by the ssh options of `px-ansible ssh` but without its start-up time."""
        options = ssh.options(self.host(number), self.state / "key", self.state / "known_hosts")
        done = subprocess.run(
            ["ssh", *options, f"root@{self.address(number)}", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert code is None or done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def boot_id(self, number: int) -> str:
        """Return what only a restart of the machine changes: the start time of its systemd."""
        return self.on(number, "cut -d' ' -f22 /proc/1/stat")

    def reboot(self, number: int) -> str:
        """Reboot a machine from inside, and return what `systemctl is-system-running --wait` says when it is back."""
        before = self.boot_id(number)
        self.on(number, "systemctl reboot", code=None)

        def back() -> bool:
            return self.on(number, "cut -d' ' -f22 /proc/1/stat", code=None, timeout=15) not in ("", before)

        until(back, 60, f"{self.host(number)} is back from its reboot", every=0.2)
        return self.on(number, "systemctl is-system-running --wait", code=None)

    def units(self, number: int) -> dict[str, str]:
        """Return mount path -> process id and start time of the unit's main process."""
        script = (
            "for unit in /etc/systemd/system/px-mount-*.service; do [ -e $unit ] || continue;"
            " pid=$(systemctl show -P MainPID $(basename $unit));"
            " echo $(sed -n s/^Path=//p $unit) $pid $(cut -d' ' -f22 /proc/$pid/stat); done"
        )
        return dict(line.split(" ", 1) for line in self.on(number, script).splitlines())

    def mounted(self, number: int) -> set[str]:
        """Return the paths on a host where a FUSE file system is mounted."""
        return set(self.on(number, "awk '$3 ~ /^fuse/ {print $2}' /proc/mounts").splitlines())

    def end(self) -> list[str]:
        """Destroy the cluster, and return what is left of it all the same."""
        left = []
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()
                left.append(f"a command that went on: {process.args}")
        if traces(self.name) or self.state.exists():
            self.write(nodes=1)
            ended = self.px("destroy", "--purge", "--yes", code=None)
            if ended.code != 0:
                left.append(str(ended))
        left += traces(self.name)
        if left:  # the next test shall not meet it
            cluster.remove(Layout("/var/lib/px-ansible", self.name), purge=True)
        left += [f"in the state folder: {path}" for path in (self.top / "state").glob("px-ansible/clusters/*/*")]
        return left + [f"temporary: {path}" for path in (self.top / "tmp").iterdir()]

    def remove_folders(self) -> None:
        shutil.rmtree(self.top, ignore_errors=True)


def until(ready: Callable[[], Any], seconds: float, what: str, every: float = 0.05) -> Any:
    """Wait for something and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError, ValueError, subprocess.TimeoutExpired):
            if found := ready():
                return found
        time.sleep(every)
    raise AssertionError(f"not within {seconds:g} s: {what}")
