"""Inventory and playbook -> events: the only room that knows ansible-runner.

What a run leaves in its folder (0700, files 0600): `inventory/hosts.json`, `ansible.cfg`, `events.jsonl` (the
journal) and `artifacts/ansible/stdout` (what Ansible printed). What it needs only while it lasts (SSH sockets,
Ansible's temporary files) is in a scratch folder with a short path, which is removed.

The user's own ansible.cfg and ANSIBLE_* variables are for the user's own playbooks and do not reach a run,
but for ANSIBLE_COLLECTIONS_PATH (searched after our own collection) and the ANSIBLE_VAULT_* ones. Every other
variable passes, cloud credentials among them; ansible-runner writes all of them to a file, which is gone
before Ansible starts.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from px_ansible import leash, run_folder
from px_ansible.content import COLLECTION
from px_ansible.events import Event, from_runner
from px_ansible.run_environment import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

__all__ = ["Event", "Outcome", "run"]

ARTIFACTS = "ansible"
_LAST_LINES = 15


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    `stats` are Ansible's counters (`ok`, `changed`, `failures`, `dark`, ...: host -> number), empty where it did not
    come that far; `artifact` is what the playbook handed out with set_stats; `stopped` has the last lines
    of a run that broke off before it could count: a playbook that does not parse, an Ansible that does not
    start.
    """

    status: Literal["successful", "failed", "canceled", "timeout"]
    stats: Mapping[str, Mapping[str, int]]
    artifact: Mapping[str, Any]
    log: Path
    stopped: str | None = None


@dataclass
class _Feed:
    """Takes events from ansible-runner's thread: writes the journal, keeps the sums, queues them for the caller."""

    journal: TextIO
    queue: queue.SimpleQueue[Event | None]
    stats: dict[str, Mapping[str, int]] = field(default_factory=dict)
    artifact: dict[str, Any] = field(default_factory=dict)
    failure: BaseException | None = None

    def __call__(self, raw: dict[str, Any]) -> bool:
        event = from_runner(raw)
        if event is not None:
            if event.kind == "stats":
                self.stats.update(event.result)
                self.artifact.update(raw["event_data"].get("artifact_data") or {})
            self.queue.put(event)
            self.journal.write(json.dumps(event.as_data(), default=str) + "\n")
            self.journal.flush()
        return False  # ansible-runner shall not keep a file per event


def run(
    playbook: str,
    inventory: Mapping[str, Any],
    folder: Path,
    *,
    on_event: Callable[[Event], None],
    forks: int,
    verbosity: int = 0,
    check: bool = False,
    content: Path | None = None,
) -> Outcome:
    """Run a playbook of the collection (`provision` -> playbooks/provision.yml) and tell `on_event` what happens.

    `inventory` has the form of Ansible's YAML inventory; its values are literal, Ansible never templates
    them, but for those that are a `lookups.Template`. `on_event` is called in the caller's thread, in order, and may
    be slow: events wait for it. Ctrl-C stops Ansible and all of its children, a second one kills them; either ends
    in KeyboardInterrupt once they are gone.
    """
    from ansible_runner.config.runner import RunnerConfig  # noqa: PLC0415 - 0.1 s
    from ansible_runner.runner import Runner  # noqa: PLC0415
    from ansible_runner.utils import get_callback_dir  # noqa: PLC0415

    folder = folder.resolve()
    hosts = run_folder.lay_out(folder, inventory, content)
    scratch = run_folder.make_scratch()
    try:
        config = RunnerConfig(
            private_data_dir=str(folder),
            ident=ARTIFACTS,
            playbook=f"{COLLECTION}.{playbook}",
            inventory=str(hosts),
            forks=forks,
            verbosity=verbosity or None,
            cmdline="--check" if check else None,
            quiet=True,
            fact_cache_type="memory",
        )
        config.prepare()
        config.pexpect_timeout = 1  # how often it looks whether the child lives on when it prints nothing
        config.cwd = _working_folder(folder)
        config.env = environment(folder, scratch, artifacts=config.artifact_dir, callbacks=get_callback_dir())
        # Made beforehand because ansible-runner would make them readable for everyone.
        log = Path(config.artifact_dir, "stdout")
        for file in (log, log.with_name("stderr")):
            run_folder.private_file(file).close()
        with _lifeline(folder) as lifeline, run_folder.private_file(folder / "events.jsonl") as journal:
            config.command = [*_leash(folder, scratch), *_ansible_playbook(), *config.command[1:]]
            feed = _Feed(journal, queue.SimpleQueue())
            runner = Runner(config, event_handler=feed, status_handler=_forget_environment)
            _follow(runner, feed, on_event, lifeline)
    finally:
        run_folder.tidy(folder, scratch, Path(folder, "artifacts", ARTIFACTS))
    if feed.failure:
        raise feed.failure
    return Outcome(runner.status, feed.stats, feed.artifact, log, None if feed.stats else _end_of(log))


def _follow(runner: Any, feed: _Feed, on_event: Callable[[Event], None], lifeline: int) -> None:
    """Let ansible-runner work in a thread of its own and hand on its events here.

    Were `on_event` called from inside ansible-runner, a slow one would hold up the reading of Ansible's
    output, and whatever had not been read five seconds after Ansible's end would be lost
    (ansible/ansible-runner#1343).
    """

    def work() -> None:
        try:
            runner.run()
        except BaseException as failure:  # noqa: BLE001 - raised again in the caller's thread
            feed.failure = failure
        finally:
            feed.queue.put(None)

    interrupts = 0

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        nonlocal interrupts
        interrupts += 1
        _say(lifeline, leash.STOP if interrupts == 1 else leash.KILL)
        feed.queue.put(Event("stopping"))

    thread = threading.Thread(target=work, name="ansible-runner")
    with _on_interrupt(interrupt):
        thread.start()
        try:
            while (event := feed.queue.get()) is not None:
                on_event(event)
        except BaseException:
            _say(lifeline, leash.STOP)
            raise
        finally:
            thread.join()
    if interrupts:
        raise KeyboardInterrupt


@contextmanager
def _on_interrupt(call: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    # Only the main thread may have signal handlers, and one who was started with SIGINT ignored wants no
    # Ctrl-C.
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, call)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _say(lifeline: int, order: bytes) -> None:
    with suppress(OSError):
        os.write(lifeline, order)


@contextmanager
def _lifeline(folder: Path) -> Iterator[int]:
    """Make the pipe that leash.py reads; it ends for it when this process does, however it does."""
    path = folder / "lifeline"
    os.mkfifo(path, 0o600)
    # For reading too, so that the opening needs no partner and a write never meets a pipe without a reader.
    lifeline = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        yield lifeline
    finally:
        os.close(lifeline)


def _leash(folder: Path, scratch: Path) -> list[str]:
    return [sys.executable, "-I", "-S", leash.__file__, str(folder / "lifeline"), str(scratch)]


def _ansible_playbook() -> list[str]:
    """Return the ansible-playbook of this very Python, whatever PATH says."""
    beside = Path(sys.executable).with_name("ansible-playbook")
    # Through the interpreter: the first line of a script breaks when its environment was moved, or its path
    # is long.
    return [sys.executable, str(beside)] if beside.is_file() else [sys.executable, "-P", "-m", "ansible", "playbook"]


def _forget_environment(status: Mapping[str, Any], runner_config: Any) -> None:
    # `running` comes after ansible-runner has written command and environment to a file and before it starts
    # Ansible.
    if status["status"] == "running":
        Path(runner_config.artifact_dir, "command").unlink(missing_ok=True)


def _working_folder(folder: Path) -> str:
    """Return the caller's folder: relative paths in variables such as AWS_CONFIG_FILE mean what they meant there."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return str(folder)


def _end_of(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line.rstrip() for line in lines if line.strip()][-_LAST_LINES:])
