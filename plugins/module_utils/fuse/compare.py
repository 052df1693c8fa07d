"""What there is to do for a mount that shall be there, and what must not be done."""

import os
from typing import Dict, List, NamedTuple, Optional, Set

from ansible_collections.px.storage.plugins.module_utils.fuse import (
    files,
    health,
    mountpoint,
    places,
    probe,
    text_file,
    unit,
    unit_text,
    updatedb,
)
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Entry, Refused


class Host(NamedTuple):
    """What was found on the host, once for all mounts."""

    # The client's binary.
    binary: str
    systemd: int
    probed: bool
    entries: List[Entry]
    # The [X-Px] sections by path, and what systemd says of units and timers.
    installed: Dict[str, Dict[str, str]]
    shown: Dict[str, Dict[str, str]]
    # The paths of all mounts that shall be there.
    paths: Set[str]


def compare(mount: Mount, host: Host, *, check: bool) -> None:
    """Find out what is to do, and note it in the mount.

    Raises:
        Refused: It must not be done, or the client cannot.

    """
    mountpoint.check_path(mount.path)
    owner = host.installed.get(mount.path, {}).get("Client", mount.client)
    if owner != mount.client:
        raise Refused(f"{mount.path} is a mount of {owner}: make that one absent first")
    client = CLIENTS[mount.client]
    _refuse_cache((mount.wanted.get("cache") or {}).get("path"), host)
    mount.service = client.service(host.binary, mount.wanted, mount.place)
    mount.before = unit.read(mount.unit)[0]
    mount.after = unit_text.render(
        mount.client, mount.service, mount.wanted, client.STOP_SECONDS, probed=host.probed, systemd=host.systemd
    )
    mount.properties = host.shown[mount.unit]
    if not mount.running:
        mountpoint.check_free(mount.path, host.entries, set(host.installed))
    if not check:
        _refuse_missing(mount, host.binary)
    mount.files = files.compare(mount.place.folder, mount.service.files)
    mount.actions += _files(mount) + _process(mount, host)
    mount.actions += _around(mount, host)


def _refuse_cache(path: Optional[str], host: Host) -> None:
    if not path:
        return
    mountpoint.check_path(path, "cache path")
    ours = host.paths | set(host.installed)
    others = {entry.path for entry in host.entries if entry.fstype.startswith("fuse")}
    for mount_path in sorted(ours | others):
        if path == mount_path or path.startswith(mount_path.rstrip("/") + "/"):
            raise Refused(f"cache path {path} lies in the mount {mount_path}", "name a folder on a disk of the host")


def _refuse_missing(mount: Mount, binary: str) -> None:
    if not os.access(binary, os.X_OK):
        raise Refused(f"{mount.client} is not at {binary}", f"install it there (role px.storage.{mount.client})")
    if not os.path.exists("/dev/fuse"):
        raise Refused("/dev/fuse is missing on this host", "modprobe fuse")


def _files(mount: Mount) -> List[str]:
    steps = []
    for change in mount.files:
        name = os.path.basename(change.path)
        if change.file is None:
            steps.append(f"remove {name}")
        elif change.before is None:
            steps.append(f"write {name}")
        elif change.before == change.file.text:
            steps.append(f"close {name} to others")
        else:
            steps.append("renew the credentials" if change.file.live else f"change {name}")
    if files.open_to_others(mount.place.folder):
        steps.append("close the config folder to others")
    cache = mount.service.cache
    if cache and text_file.mode(cache) != files.FOLDER_MODE:
        steps.append("make the cache folder")
    return steps


def _process(mount: Mount, host: Host) -> List[str]:
    steps = []
    pid = mount.properties.get("MainPID", "0")
    if mount.before != mount.after:
        steps.append("change the unit" if mount.before else "write the unit")
    if mount.properties.get("UnitFileState") != "enabled":
        steps.append("enable the unit")
    if not mount.running:
        steps.append("start")
    elif restart_is_due(mount) or _other_command(mount, host.binary, pid):
        steps.append("restart")
    elif health.process_stopped(pid):
        steps.append("kill and restart: the client was stopped with a signal")
    elif health.binary_replaced(pid, host.binary):
        mount.rolling = True
        steps.append("restart: the client was replaced")
    elif mount.properties.get("ActiveState") == "active" and mountpoint.mounted(mount.path, host.entries) is None:
        steps.append("restart: the client runs, but nothing is mounted")
    return steps


def restart_is_due(mount: Mount) -> bool:
    """Whether the client has to read something anew, or a run that died left a change without its restart."""
    return (
        unit_text.what_restarts(mount.before) != unit_text.what_restarts(mount.after)
        or any(change.restarts for change in mount.files)
        or os.path.exists(places.restart_mark(mount.slug))
    )


def _other_command(mount: Mount, binary: str, pid: str) -> bool:
    """Whether the client runs with another command line. One that became another program says nothing."""
    words = health.command_line(pid)
    # An interpreter stands before its script.
    return binary in words[:3] and words[-len(mount.service.command) :] != mount.service.command


def _around(mount: Mount, host: Host) -> List[str]:
    steps = []
    ticking = host.shown.get(probe.timer(mount.slug), {}).get("ActiveState") == "active"
    # A start of the mount brings its probe along.
    if host.probed and not ticking and not (mount.will("start") or mount.will("restart")):
        steps.append("start the probe")
    elif ticking and not host.probed:
        steps.append("stop the probe")
    if not updatedb.passes(mount.path):
        steps.append("leave it out of updatedb")
    return steps
