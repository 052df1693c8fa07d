"""Bring the mounts of one client on this host to what is wanted. The program behind px.storage.mounts.

Wanted mounts in, one result per mount out. Files and units are written first, systemd reads them once, what is
new or changed starts together, and every mount is waited for until it answers. A mount that fails does not hold
up the others.
"""

import contextlib
import fcntl
import os
import signal
import time
from typing import Any, Dict, Iterator, List, Optional

from ansible_collections.px.storage.plugins.module_utils.fuse import (
    client_version,
    health,
    mountpoint,
    probe,
    removal,
    shared,
    systemctl,
    unit,
    updatedb,
    waiting,
    writing,
)
from ansible_collections.px.storage.plugins.module_utils.fuse.compare import Host, compare
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount

_LOCK = "/run/px-mounts.lock"
# How long a run in check mode waits for a mount to answer.
_GLANCE = 5


class Asked:
    """What a call of the module asks for, besides the mounts."""

    def __init__(self, client: str, binary: str, *, timeout: float, purge: bool, probed: bool, check: bool) -> None:
        self.client, self.binary = client, binary
        self.timeout, self.purge, self.probed, self.check = timeout, purge, probed, check
        # What was done for all mounts of the host, and how it is shown.
        self.actions: List[str] = []
        self.diffs: List[Dict[str, str]] = []


def run(
    client: str,
    binary: str,
    mounts: List[Dict[str, Any]],
    *,
    timeout: float,
    purge: bool = False,
    probed: bool = True,
    check: bool = False,
) -> Dict[str, Any]:
    """Converge and return changed, client, mounts and diff; `msg` as well where a mount is not as wanted."""
    asked = Asked(client, binary, timeout=timeout, purge=purge, probed=probed, check=check)
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
        _converge(every, asked)
    return _report(asked, every)


def _converge(every: List[Mount], asked: Asked) -> None:
    _remove(every, asked)
    present = _going_on(every, "present")
    if not present:
        return
    host = _look(present, asked)
    version = client_version.of(asked.client, asked.binary)
    for mount in present:
        mount.version = version
        with mount.failing():
            compare(mount, host, check=asked.check)
            if asked.check and not mount.actions:
                mount.ready = health.look(mount.path, mount.properties, _GLANCE).state == "mounted"
    present = _going_on(present)
    wrong = _not_right(present, asked)
    asked.actions += [f"write {file.path}" for file in wrong]
    if asked.check:
        asked.diffs += shared.diffs(wrong)
        asked.diffs += _leave_out_of_updatedb(present, check=True)
        return
    try:
        asked.diffs += shared.write(wrong)
    except OSError as error:
        for mount in present:
            mount.fail(str(error))
        return
    writing.write(present, reload=any(file.is_unit for file in wrong))
    asked.diffs += _leave_out_of_updatedb(_going_on(present), check=False)
    _bring_up(present, asked)


def _remove(every: List[Mount], asked: Asked) -> None:
    absent = _going_on(every, "absent")
    for mount in absent:
        with mount.failing():
            removal.remove(mount, check=asked.check)
    gone = [mount.path for mount in absent if mount.actions and mount.error is None]
    if not gone:
        return
    change = updatedb.change([], gone, check=asked.check)
    asked.diffs += [change] if change else []
    if not asked.check and not unit.installed() and not _going_on(every, "present"):
        shared.remove()
        systemctl.daemon_reload()


def _look(present: List[Mount], asked: Asked) -> Host:
    names = [mount.unit for mount in present] + [probe.timer(mount.slug) for mount in present]
    return Host(
        binary=asked.binary,
        systemd=systemctl.version(),
        probed=asked.probed,
        entries=mountpoint.table(),
        installed=unit.installed(),
        shown=systemctl.show(names),
        paths={mount.path for mount in present},
    )


def _not_right(present: List[Mount], asked: Asked) -> List[shared.SharedFile]:
    if not present:
        return []
    programs = {name for mount in present for name in mount.service.programs}
    return [file for file in shared.wanted(programs, probed=asked.probed) if not file.right]


def _leave_out_of_updatedb(present: List[Mount], *, check: bool) -> List[Dict[str, str]]:
    change = updatedb.change([mount.path for mount in present if mount.will("leave it out")], [], check=check)
    return [change] if change else []


def _bring_up(present: List[Mount], asked: Asked) -> None:
    began = time.monotonic()
    for mount in _going_on(present):
        with mount.failing():
            _set_off(mount)
    for mount in _going_on(present):
        with mount.failing():
            waiting.wait(mount, began, asked.timeout, leaving=mount.invocation if mount.set_off else None)
    # A replaced client: its mounts keep running and change over one by one, each when the one before answers.
    for mount in _going_on(present):
        if mount.rolling:
            with mount.failing():
                systemctl.restart(mount.unit)
                waiting.wait(mount, time.monotonic(), asked.timeout, leaving=mount.invocation)
    for mount in _going_on(present):
        with mount.failing():
            _clean_up(mount)


def _set_off(mount: Mount) -> None:
    if mount.will("enable the unit"):
        systemctl.enable(mount.unit)
    if mount.will("start the probe"):
        systemctl.start(probe.timer(mount.slug))
    if mount.will("stop the probe"):
        systemctl.stop(probe.timer(mount.slug))
    if "start" in mount.actions:
        systemctl.start(mount.unit)
    elif mount.will("kill"):
        # Its Restart= brings it back. A stop would ask it to unmount first, which it cannot answer.
        os.kill(int(mount.properties["MainPID"]), signal.SIGKILL)
    elif not mount.rolling and mount.will("restart"):
        systemctl.restart(mount.unit)
    else:
        return
    mount.set_off = True
    # systemd has the order now, whatever becomes of this run.
    writing.unmark(mount)


def _clean_up(mount: Mount) -> None:
    """Remove the cache that a mount had before, in the folder that is ours."""
    if mount.service.cache != mount.place.cache and removal.remove_cache(mount):
        mount.actions.append("remove the cache it had")


def _going_on(every: List[Mount], state: Optional[str] = None) -> List[Mount]:
    return [mount for mount in every if mount.error is None and state in (None, mount.state)]


def _refuse_overlaps(every: List[Mount]) -> None:
    paths = [mount.path for mount in every if mount.state == "present"]
    for mount in every:
        if [other.path for other in every].count(mount.path) > 1:
            mount.fail(f"{mount.path} is listed twice")
        above = next((path for path in paths if mount.path.startswith(path.rstrip("/") + "/")), None)
        if mount.state == "present" and above is not None:
            mount.fail(f"{mount.path} lies inside the mount {above}")


@contextlib.contextmanager
def _alone(*, check: bool) -> Iterator[None]:
    """Let one run at a time change the mounts of this host; a look (check mode) needs no turn."""
    if check:
        yield
        return
    with open(_LOCK, "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _report(asked: Asked, every: List[Mount]) -> Dict[str, Any]:
    results = [mount.result() for mount in every]
    report = {
        "changed": bool(asked.actions) or any(result["changed"] for result in results),
        "client": asked.client,
        "mounts": results,
        "actions": asked.actions,
        "diff": [change for mount in every for change in mount.diffs()] + asked.diffs,
    }
    warnings = [mount.warning for mount in every if mount.warning]
    if warnings:
        # For a playbook of somebody's own, and for px-ansible's report.
        report["warnings"] = report["notes"] = warnings
    failed = [mount for mount in every if mount.error is not None]
    if failed:
        what = "; ".join(mount.complaint() for mount in failed)
        report["msg"] = f"{len(failed)} of {len(every)} mounts not as wanted: {what}"
    return report
