"""Take one mount away: its unit and its empty mount point, never data."""

from __future__ import annotations

import contextlib
import os
import subprocess
from typing import TYPE_CHECKING

from ansible_collections.px.storage.plugins.module_utils.fuse import mountpoint, systemctl, unit
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

if TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount


def remove(mount: Mount, *, check: bool) -> None:
    """Remove a mount of ours. What has no unit of ours is left alone, whatever is there.

    Raises:
        Refused: The path is another client's mount, or the unit is stopped and the mount stays.

    """
    mount.before, about = unit.read(mount.unit)
    if not mount.before:
        return
    if about.get("Client") != mount.client:
        mount.before = ""
        raise Refused(f"{mount.path} is a mount of {about.get('Client')}, not of {mount.client}")
    mount.wanted["bucket"] = mount.wanted.get("bucket") or about.get("Bucket", "")
    mount.actions += ["stop", "remove the unit"]
    if check:
        return
    systemctl.disable_now(mount.unit)
    unit.remove(mount.unit)
    systemctl.daemon_reload()
    systemctl.reset_failed(mount.unit)
    if mountpoint.mounted(mount.path, mountpoint.table()) is not None:
        subprocess.run(["umount", "-l", mount.path], check=False, capture_output=True)
        if mountpoint.mounted(mount.path, mountpoint.table()) is not None:
            mount.fail(f"{mount.path} cannot be unmounted", f"umount -l {mount.path}")
            return
    # rmdir takes an empty folder only: what is in it is nobody's business here.
    with contextlib.suppress(OSError):
        os.rmdir(mount.path)
        mount.actions.append("remove the mount point")
