"""The folders that px-ansible keeps things in: whose they are, who else reads them, and how much room there is."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from px_ansible.checks.model import Check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GIB = 1 << 30
# A run leaves a few MiB; an image of the provider local has half a GiB, a build of a client takes two.
STATE_GIB, CACHE_GIB = 0.2, 3.0


def checks(state: Path, cache: Path) -> Iterator[Check]:
    """Yield the checks of the state folder and of the cache folder."""
    yield _state(state)
    yield _room("state folder", state, STATE_GIB)
    yield _writable("cache folder", cache)
    yield _room("cache folder", cache, CACHE_GIB)


def _state(folder: Path) -> Check:
    check = _writable("state folder", folder)
    if check.state != "ok" or not folder.is_dir():
        return check
    # The folders of the clusters hold keys; what is above them is the user's own business.
    open_ones = [place for place in (folder, *folder.glob("*/*")) if place.is_dir() and place.stat().st_mode & 0o077]
    inner = [place for place in open_ones if place != folder]
    if inner:
        return Check("folders", "state folder", "missing", f"others can read {inner[0]}", f"chmod -R go= {folder}")
    return check


def _writable(name: str, folder: Path) -> Check:
    there = _nearest(folder)
    try:
        owner = there.stat().st_uid
    except OSError as error:
        return Check("folders", name, "missing", f"{there}: {error.strerror}")
    if not there.is_dir():
        return Check("folders", name, "missing", f"{there} is no folder", f"move {there} away")
    if not os.access(there, os.W_OK | os.X_OK):
        hint = f"sudo chown -R $(id -u) {there}" if there == folder else f"mkdir {folder} as root, and chown it"
        return Check("folders", name, "missing", f"{there} is not writable", hint)
    if there == folder and owner != os.geteuid():
        hint = "run px-ansible as its owner; was it run with sudo, or without, before?"
        return Check("folders", name, "warning", f"{folder} belongs to user {owner}", hint)
    return Check("folders", name, "ok", str(folder) if there == folder else f"{folder}, made when it is needed")


def _room(name: str, folder: Path, wanted: float) -> Check:
    there = _nearest(folder)
    try:
        free = shutil.disk_usage(there).free / _GIB
    except OSError as error:
        return Check("folders", f"{name}, room", "warning", f"{there}: {error.strerror}")
    state, hint = ("ok", None) if free >= wanted else ("warning", f"make room: {wanted:g} GiB may be needed in {there}")
    return Check("folders", f"{name}, room", "ok" if state == "ok" else "warning", f"{free:.1f} GiB are free", hint)


def _nearest(folder: Path) -> Path:
    """Return the folder, or what there is of the way to it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
