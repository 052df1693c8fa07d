"""Thin calls to systemctl."""

import os
import re
import subprocess
from typing import Dict, List

_PROPERTIES = "ActiveState,SubState,MainPID,NRestarts,InvocationID,UnitFileState,NeedDaemonReload,Result,ExecMainStatus"
# A stop may have to wait for a client that finishes its uploads (TimeoutStopSec, twice at worst).
_LIMIT = 180


class SystemctlError(Exception):
    """systemctl refused, or did not come back."""


def available() -> bool:
    """Whether systemd runs this host."""
    return os.path.isdir("/run/systemd/system")


def version() -> int:
    """Return the version of systemd, 0 where it does not say one."""
    found = re.search(r"systemd (\d+)", _call("--version"))
    return int(found.group(1)) if found else 0


def show(units: List[str]) -> Dict[str, Dict[str, str]]:
    """Return the properties of each unit, with one call for all of them."""
    if not units:
        return {}
    text = _call("show", "--property", "Id," + _PROPERTIES, *units)
    found = {}
    for block in text.strip().split("\n\n"):
        properties = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in properties:
            found[properties["Id"]] = properties
    return {unit: found.get(unit, {}) for unit in units}


def daemon_reload() -> None:
    """Let systemd read the unit files again."""
    _call("daemon-reload")


def enable(unit: str) -> None:
    """Start the unit at boot from now on."""
    _call("enable", unit)


def start(unit: str) -> None:
    """Ask for a start, without waiting: the caller watches what becomes of it."""
    _call("start", "--no-block", unit)


def restart(unit: str) -> None:
    """Ask for a restart, without waiting."""
    _call("restart", "--no-block", unit)


def stop(unit: str) -> None:
    """Stop the unit and wait until it is gone."""
    _call("stop", unit)


def disable_now(unit: str) -> None:
    """Stop the unit and wait until it is gone; never again at boot."""
    _call("disable", "--now", unit)


def reset_failed(unit: str) -> None:
    """Forget a failure, so that a removed unit leaves no trace. Nothing to forget is fine."""
    try:
        _call("reset-failed", unit)
    except SystemctlError:
        return


def _call(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["systemctl", "--no-pager", "--no-ask-password", *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=_LIMIT,
        )
    except FileNotFoundError as error:
        raise SystemctlError("systemctl is not on this host: systemd is needed") from error
    except subprocess.TimeoutExpired as error:
        raise SystemctlError(f"systemctl {arguments[0]} did not come back within {_LIMIT} s") from error
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}"
        raise SystemctlError(f"systemctl {' '.join(arguments)}: {said}")
    return done.stdout
