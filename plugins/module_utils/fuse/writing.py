"""Write what differs of mounts: their files and units, in an order that a run can die in."""

import contextlib
import os
from typing import List

from ansible_collections.px.storage.plugins.module_utils.fuse import files, places, systemctl, text_file, unit
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount


def write(mounts: List[Mount], *, reload: bool) -> None:
    """Write config, credentials and units, and let systemd read them; `reload` where it has other things to read."""
    stale = any(mount.properties.get("NeedDaemonReload") == "yes" for mount in mounts)
    written = False
    for mount in mounts:
        with mount.failing():
            _write_files(mount)
            if mount.before != mount.after:
                unit.write(mount.unit, mount.after)
                written = True
    if written or stale or reload:
        systemctl.daemon_reload()


def _write_files(mount: Mount) -> None:
    # First of all: from here on the next run knows that a restart is due, should this one end.
    if "restart" in mount.actions:
        mark(mount)
    if mount.files or files.open_to_others(mount.place.folder):
        files.apply(mount.place.folder, mount.files)
    if not mount.service.files:
        with contextlib.suppress(OSError):
            os.rmdir(mount.place.folder)
    if mount.service.cache:
        files.make_cache(mount.service.cache)


def mark(mount: Mount) -> None:
    """Note that the mount is to be restarted."""
    os.makedirs(places.run(mount.slug), exist_ok=True)
    text_file.write(places.restart_mark(mount.slug), "", 0o644)


def unmark(mount: Mount) -> None:
    """Note that the mount was restarted."""
    text_file.remove(places.restart_mark(mount.slug))
