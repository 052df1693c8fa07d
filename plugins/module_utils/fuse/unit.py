"""The systemd unit of one mount: its name, and reading and writing it. Its text is in unit_text."""

import hashlib
import os
import re
from typing import Dict, List, Optional, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse import text_file

FOLDER = "/etc/systemd/system"
_PREFIX, _SUFFIX = "px-mount-", ".service"


def name(path: str) -> str:
    """Return the unit of a mount path. Different paths have different units.

    Where the slug alone could be another path's too, a few digits of the path's checksum follow it.
    """
    inner = path.strip("/")
    slug = re.sub(r"[^A-Za-z0-9._-]", "-", inner)[:180]
    if slug != inner or re.search(r"-[0-9a-f]{6}$", slug):
        slug += "-" + hashlib.sha256(path.encode()).hexdigest()[:6]
    return _PREFIX + slug + _SUFFIX


def slug(unit: str) -> str:
    """Return what the unit's name says of the path: the name of the mount's folders."""
    return unit[len(_PREFIX) : -len(_SUFFIX)]


def installed(client: Optional[str] = None) -> Dict[str, Dict[str, str]]:
    """Return the units of this host by mount path, of one client or of all: the [X-Px] section of each."""
    found = {}
    for file in _files():
        about = read(file)[1]
        if about.get("Path") and client in (None, about.get("Client")):
            found[about["Path"]] = dict(about, unit=file)
    return found


def _files() -> List[str]:
    every = sorted(os.listdir(FOLDER)) if os.path.isdir(FOLDER) else []
    return [file for file in every if file.startswith(_PREFIX) and file.endswith(_SUFFIX)]


def read(unit: str) -> Tuple[str, Dict[str, str]]:
    """Return the unit's text and its [X-Px] section; both empty where there is none."""
    text = text_file.read(os.path.join(FOLDER, unit))
    section = text.partition("\n[X-Px]\n")[2]
    pairs = (line.split("=", 1) for line in section.splitlines() if "=" in line)
    return text, {key: value.replace("%%", "%") for key, value in pairs}


def write(unit: str, text: str) -> None:
    """Write the unit's file, whole or not at all."""
    text_file.write(os.path.join(FOLDER, unit), text, 0o644)


def remove(unit: str) -> None:
    """Remove the unit's file."""
    text_file.remove(os.path.join(FOLDER, unit))
