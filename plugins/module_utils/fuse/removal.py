"""Take one mount away: its unit, its files, its cache and its empty mount point, never data."""

import contextlib
import os
import subprocess
from typing import List

from ansible_collections.px.storage.plugins.module_utils.fuse import (
    files,
    mountpoint,
    places,
    probe,
    systemctl,
    unit,
    updatedb,
)
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused


def remove(mount: Mount, *, check: bool) -> None:
    """Remove a mount of ours. What has no unit of ours is left alone, whatever is there.

    The unit's file goes after everything that is found by its name: a run that died is gone on with.

    Raises:
        Refused: The path is another client's mount.

    """
    mount.before, about = unit.read(mount.unit)
    if not mount.before:
        return
    if about.get("Client") != mount.client:
        mount.before = ""
        raise Refused(f"{mount.path} is a mount of {about.get('Client')}, not of {mount.client}")
    mount.wanted["bucket"] = mount.wanted.get("bucket") or about.get("Bucket", "")
    mount.files = files.compare(mount.place.folder, ())
    mount.actions += _steps(mount)
    if check:
        return
    systemctl.disable_now(mount.unit)
    # The timer is stopped with its mount; this is for one that was started by hand.
    timer = probe.timer(mount.slug)
    if systemctl.show([timer])[timer].get("ActiveState") == "active":
        systemctl.stop(timer)
    remove_cache(mount)
    for folder in (mount.place.folder, places.run(mount.slug)):
        files.remove_tree(folder)
    for folder in mount.place.folder, mount.place.cache, places.run(mount.slug):
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(folder))
    unit.remove(mount.unit)
    systemctl.daemon_reload()
    systemctl.reset_failed(mount.unit)
    if _unmounted(mount.path):
        # rmdir takes an empty folder only: what is in it is nobody's business here.
        with contextlib.suppress(OSError):
            os.rmdir(mount.path)
            mount.actions.append("remove the mount point")
    else:
        mount.fail(f"{mount.path} cannot be unmounted", f"umount -l {mount.path}")


def _steps(mount: Mount) -> List[str]:
    steps = ["stop", "remove the unit"]
    if mount.files:
        steps.append("remove its files")
    if os.path.isdir(mount.place.cache):
        steps.append("remove its cache")
    if updatedb.names(mount.path):
        steps.append("take it out of updatedb's list")
    return steps


def remove_cache(mount: Mount) -> bool:
    """Remove the cache in the folder that is ours; return whether there was one.

    One that holds what its store does not have stays: it is data. Mounted again, the client uploads it.
    """
    waiting = files.not_uploaded(mount.place.cache)
    if waiting:
        what = "1 file" if waiting == 1 else f"{waiting} files"
        mount.warning = f"{mount.path}: {what} in {mount.place.cache} not uploaded yet: the cache is kept"
        return False
    return files.remove_tree(mount.place.cache)


def _unmounted(path: str) -> bool:
    if mountpoint.mounted(path, mountpoint.table()) is None:
        return True
    subprocess.run(["umount", "-l", path], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return mountpoint.mounted(path, mountpoint.table()) is None
