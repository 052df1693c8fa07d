"""One command on all hosts at once: lines as they come, behind the host's name; Ctrl-C ends it everywhere."""

from __future__ import annotations

import shlex
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

import click

from px_ansible.cli.hosts import ssh_command
from px_ansible.errors import EXIT_CONTROL_C, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.cli.hosts import Host
    from px_ansible.cluster import Cluster

# ssh's own word for "I did not get there".
SSH_FAILED = 255
MOST_AT_ONCE = 100
_COLOURS = ("cyan", "green", "yellow", "magenta", "blue")

# Without a terminal, the end of ssh would leave the command running on the host. So it gets a session of its own, and
# the end of our standard input ends that.
_REMOTE = """\
exec 3<&0
setsid "${SHELL:-/bin/sh}" -c "$1" </dev/null 3<&- & child=$!
{ cat <&3; kill -s TERM -- "-$child"; sleep 5; kill -s KILL -- "-$child"; } >/dev/null 2>&1 & watch=$!
wait "$child" 2>/dev/null; code=$?
kill "$watch" 2>/dev/null
exit "$code"
"""


@dataclass
class Answer:
    """What the command said on one host."""

    name: str
    code: int = SSH_FAILED
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)


class FanOut:
    """Runs one command on hosts; `show` prints every line as it comes."""

    def __init__(self, width: int, *, show: bool) -> None:
        self._width, self._show = width, show
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[str]] = []
        self._stopped = False

    def run(self, number: int, name: str, line: Sequence[str] | None) -> Answer:
        """Run the command on one host to its end; without a line for ssh there is no way to it."""
        answer = Answer(name)
        if line is None:
            self._take(number, answer, answer.stderr, sys.stderr, "it has no address: it has never been up")
            return answer
        with self._lock:
            if self._stopped:
                return answer
            process = subprocess.Popen(
                line,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                # Ctrl-C is for us: ssh ends when its hosts have been told.
                start_new_session=True,
            )
            self._running.append(process)
        beside = threading.Thread(target=self._read, args=(number, answer, answer.stderr, process.stderr, sys.stderr))
        beside.start()
        self._read(number, answer, answer.stdout, process.stdout, sys.stdout)
        beside.join()
        answer.code = process.wait()
        if answer.code < 0:  # ssh was ended by a signal
            answer.code = 128 - answer.code
        return answer

    def stop(self) -> None:
        """End the command on every host; ssh ends with it, or after a moment."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            if process.stdin:
                process.stdin.close()
        for process in running:
            try:
                process.wait(timeout=8)
            except subprocess.TimeoutExpired:
                process.kill()

    def _read(self, number: int, answer: Answer, lines: list[str], source: IO[str] | None, target: IO[str]) -> None:
        for line in source or ():
            self._take(number, answer, lines, target, line.rstrip("\r\n"))

    def _take(self, number: int, answer: Answer, lines: list[str], target: IO[str], text: str) -> None:
        if not self._show:
            lines.append(text)
            return
        head = f"{answer.name:<{self._width}} |"
        if target.isatty():
            head = click.style(head, fg=_COLOURS[number % len(_COLOURS)])
        with self._lock:
            target.write(f"{head} {text}\n")
            target.flush()


def run_on_all(cluster: Cluster, hosts: Sequence[Host], command: str, *, as_json: bool) -> int:
    """Run a command on hosts at once and return the exit code."""
    remote = f"sh -c {shlex.quote(_REMOTE)} sh {shlex.quote(command)}"
    fan = FanOut(max(len(host.name) for host in hosts), show=not as_json)
    with ThreadPoolExecutor(max_workers=min(len(hosts), MOST_AT_ONCE)) as pool:
        futures = [
            pool.submit(fan.run, number, host.name, ssh_command(cluster, host, remote) if host.address else None)
            for number, host in enumerate(hosts)
        ]
        try:
            answers = [one.result() for one in futures]
        except KeyboardInterrupt:
            fan.stop()
            return EXIT_CONTROL_C
        except BaseException:
            fan.stop()
            raise
    if as_json:
        from px_ansible.cli.tables import print_json  # noqa: PLC0415

        shown = [
            {"name": one.name, "code": one.code, "stdout": _text(one.stdout), "stderr": _text(one.stderr)}
            for one in answers
        ]
        print_json({"version": 1, "cluster": cluster.config.cluster, "command": command, "hosts": shown})
    code = max(one.code for one in answers)
    return UnreachableError.exit_code if code == SSH_FAILED else code


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
