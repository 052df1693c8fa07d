"""Bring the mounts of one client on this host to what is wanted. The program behind px.storage.mounts.

Wanted mounts in, one result per mount out. Units are written first, systemd reads them once, what is new or
changed starts together, and every mount is waited for until it answers. A mount that fails does not hold up
the others.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from ansible_collections.px.storage.plugins.module_utils.fuse import (
    health,
    mountpoint,
    removal,
    systemctl,
    unit,
)
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = "/run/px-mounts.lock"
_PAUSE = 0.1
# How long a run in check mode waits for a mount to answer.
_GLANCE = 5


def run(
    client: str,
    binary: str,
    mounts: list[dict[str, Any]],
    *,
    timeout: float,
    purge: bool = False,
    check: bool = False,
) -> dict[str, Any]:
    """Converge and return changed, client, mounts and diff; `msg` as well where a mount is not as wanted."""
    with _alone(check=check):
        every = [Mount(client, wanted) for wanted in mounts]
        if purge:
            named = {mount.path for mount in every}
            gone = (path for path in unit.installed(client) if path not in named)
            every += [Mount(client, {"path": path, "bucket": "", "state": "absent"}) for path in gone]
        _refuse_overlaps(every)
        if not systemctl.available():
            for mount in every:
                mount.fail("this host is not run by systemd", "px.storage.mounts keeps mounts up with systemd units")
        _converge(every, binary, timeout, check=check)
    return _report(client, every)


def _converge(every: list[Mount], binary: str, timeout: float, *, check: bool) -> None:
    for mount in _going_on(every, "absent"):
        with mount.failing():
            removal.remove(mount, check=check)
    entries, installed = mountpoint.table(), unit.installed()
    shown = systemctl.show([mount.unit for mount in every]) if _going_on(every) else {}
    for mount in _going_on(every, "present"):
        with mount.failing():
            _compare(mount, binary, entries, installed, shown[mount.unit], check=check)
    if check:
        return
    _write(_going_on(every, "present"))
    began = time.monotonic()
    for mount in _going_on(every, "present"):
        with mount.failing():
            _set_off(mount)
    for mount in _going_on(every, "present"):
        with mount.failing():
            _wait(mount, began, timeout, leaving=mount.invocation if mount.set_off else None)
    # A replaced client: its mounts keep running and change over one by one, each when the one before answers.
    for mount in _going_on(every, "present"):
        if mount.rolling:
            with mount.failing():
                systemctl.restart(mount.unit)
                _wait(mount, time.monotonic(), timeout, leaving=mount.invocation)


def _going_on(every: list[Mount], state: str | None = None) -> list[Mount]:
    return [mount for mount in every if mount.error is None and state in (None, mount.state)]


def _refuse_overlaps(every: list[Mount]) -> None:
    paths = [mount.path for mount in every if mount.state == "present"]
    for mount in every:
        if [other.path for other in every].count(mount.path) > 1:
            mount.fail(f"{mount.path} is listed twice")
        above = next((path for path in paths if mount.path.startswith(path.rstrip("/") + "/")), None)
        if mount.state == "present" and above is not None:
            mount.fail(f"{mount.path} lies inside the mount {above}")


def _compare(
    mount: Mount,
    binary: str,
    entries: list[mountpoint.Entry],
    installed: dict[str, dict[str, str]],
    properties: dict[str, str],
    *,
    check: bool,
) -> None:
    """Find out what there is to do for a mount that shall be there, and refuse what must not be done."""
    mountpoint.check_path(mount.path)
    owner = installed.get(mount.path, {}).get("Client", mount.client)
    if owner != mount.client:
        raise Refused(f"{mount.path} is a mount of {owner}: make that one absent first")
    command = CLIENTS[mount.client].command(binary, mount.wanted)
    mount.before = unit.read(mount.unit)[0]
    mount.after = unit.render(mount.client, command, mount.wanted, CLIENTS[mount.client].STOP_SECONDS)
    mount.properties = properties
    running = properties.get("ActiveState") in ("active", "activating", "reloading")
    if not running:
        mountpoint.check_free(mount.path, entries, set(installed))
    if not check:
        _refuse_missing(mount, binary)
    mount.actions += _steps(mount, command, mountpoint.mounted(mount.path, entries), running=running)
    if check and not mount.actions:
        mount.ready = health.look(mount.path, properties, _GLANCE).state == "mounted"


def _steps(mount: Mount, command: list[str], there: mountpoint.Entry | None, *, running: bool) -> list[str]:
    """Return what is to do, in words that the result shows."""
    steps = []
    pid = mount.properties.get("MainPID", "0")
    if mount.before != mount.after:
        steps.append("change the unit" if mount.before else "write the unit")
    if mount.properties.get("UnitFileState") != "enabled":
        steps.append("enable the unit")
    if not running:
        steps.append("start")
    # The command line is compared as well: a run that died between writing and restarting is caught up with.
    elif mount.before != mount.after or (pid != "0" and health.command_line(pid) != command):
        steps.append("restart")
    elif health.process_stopped(pid):
        steps.append("kill and restart: the client was stopped with a signal")
    elif health.binary_replaced(pid):
        mount.rolling = True
        steps.append("restart: the client was replaced")
    elif mount.properties.get("ActiveState") == "active" and there is None:
        steps.append("restart: the client runs, but nothing is mounted")
    return steps


def _refuse_missing(mount: Mount, binary: str) -> None:
    if not os.access(binary, os.X_OK):
        raise Refused(f"{mount.client} is not at {binary}", f"install it there (role px.storage.{mount.client})")
    if not os.path.exists("/dev/fuse"):
        raise Refused("/dev/fuse is missing on this host", "modprobe fuse")


def _write(mounts: list[Mount]) -> None:
    stale = [mount for mount in mounts if mount.properties.get("NeedDaemonReload") == "yes"]
    written = []
    for mount in mounts:
        if mount.before != mount.after:
            with mount.failing():
                unit.write(mount.unit, mount.after)
                written.append(mount)
    if written or stale:
        systemctl.daemon_reload()


def _set_off(mount: Mount) -> None:
    if "enable the unit" in mount.actions:
        systemctl.enable(mount.unit)
    if "start" in mount.actions:
        systemctl.start(mount.unit)
    elif any(action.startswith("kill") for action in mount.actions):
        # Its Restart= brings it back. A stop would ask it to unmount first, which it cannot answer.
        os.kill(int(mount.properties["MainPID"]), signal.SIGKILL)
    elif not mount.rolling and any(action.startswith("restart") for action in mount.actions):
        systemctl.restart(mount.unit)
    else:
        return
    mount.set_off = True


def _wait(mount: Mount, began: float, timeout: float, *, leaving: str | None) -> None:
    """Wait until the mount answers a listing; fail with the client's own reason where it will not.

    `leaving` is the run of the unit that is on its way out: it says nothing about the next.
    """
    restarts = None
    answer = None
    while True:
        left = timeout - (time.monotonic() - began)
        properties = systemctl.show([mount.unit])[mount.unit]
        if properties.get("InvocationID") != leaving:
            count = int(properties.get("NRestarts") or 0)
            restarts = count if restarts is None else restarts
            seen = health.look(mount.path, properties, max(left, 1))
            answer = seen.answer or answer
            if seen.state == "mounted":
                mount.answers(time.monotonic() - began, properties)
                return
            looping = seen.state == "failed" and count - restarts >= health.RESTARTS_OF_A_LOOP
            if looping or (seen.answer is not None and seen.answer.error and not seen.answer.dead):
                _give_up(mount, properties, f"{mount.client} cannot start", answer, settle=0.3)
                return
        if left <= 0:
            _give_up(mount, properties, f"no answer within {timeout:g} s", answer)
            return
        time.sleep(_PAUSE)


def _give_up(
    mount: Mount,
    properties: dict[str, str],
    what: str,
    answer: mountpoint.Answer | None,
    *,
    settle: float = 0.0,
) -> None:
    mount.journal = health.said(mount.client, mount.unit, properties, settle=settle)
    fallback = f"a listing fails: {answer.reason}" if answer is not None and answer.error else ""
    reason = health.why(mount.client, mount.journal, mount.wanted, fallback)
    timed_out = what.startswith("no answer") and reason
    mount.fail(f"{what}: {reason}" if timed_out else reason or what, f"journalctl -u {mount.unit}")


@contextlib.contextmanager
def _alone(*, check: bool) -> Iterator[None]:
    """Let one run at a time change the mounts of this host; a look (check mode) needs no turn."""
    if check:
        yield
        return
    with open(_LOCK, "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _report(client: str, every: list[Mount]) -> dict[str, Any]:
    results = [mount.result() for mount in every]
    report = {
        "changed": any(result["changed"] for result in results),
        "client": client,
        "mounts": results,
        "diff": [mount.diff() for mount in every if mount.diff()],
    }
    failed = [mount for mount in every if mount.error is not None]
    if failed:
        what = "; ".join(mount.complaint() for mount in failed)
        report["msg"] = f"{len(failed)} of {len(every)} mounts not as wanted: {what}"
    return report
