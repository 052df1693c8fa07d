"""The systemd unit of one mount: its name, its text, and reading it back."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from typing import Any

FOLDER = "/etc/systemd/system"

# A failing command leaves what a person or a later command can still use, hence the "-" and the "||".
_TEXT = """\
# Written by px.storage.mounts; changes are overwritten.
[Unit]
Description={client}: {source} on {path}
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
# What a killed client leaves behind answers "Transport endpoint is not connected" until it is taken away.
ExecStartPre=-/bin/sh -c 'umount -l "$$1" 2>/dev/null' sh {path}
ExecStartPre=/bin/mkdir -p {path}
ExecStart={command}
# Started means that it answers, not that it is in the mount table.
ExecStartPost=/bin/sh -c 'while ! grep -qF " / $$1 " /proc/self/mountinfo; \
do kill -0 "$$MAINPID" 2>/dev/null || exit 1; sleep 0.1; done; \
exec ls -U1 "$$1/" >/dev/null' sh {path}
TimeoutStartSec=90
# First the plain way, which waits for what is being written; a folder in use is let go of.
ExecStop=-/bin/sh -c 'umount "$$1" || umount -l "$$1"' sh {path}
ExecStopPost=-/bin/sh -c 'umount -l "$$1" 2>/dev/null' sh {path}
# gcsfuse and others exit 0 when somebody unmounts by hand: on-failure would leave it so.
Restart=always
RestartSec=1
KillMode=mixed
TimeoutStopSec={stop_seconds}
LimitNOFILE=65536
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target

[X-Px]
Client={client}
Path={path}
Bucket={bucket}
Prefix={prefix}
Endpoint={endpoint}
"""


def name(path: str) -> str:
    """Return the unit of a mount path. Different paths have different units.

    Where the slug alone could be another path's too, a few digits of the path's checksum follow it.
    """
    inner = path.strip("/")
    slug = re.sub(r"[^A-Za-z0-9._-]", "-", inner)[:180]
    if slug != inner or re.search(r"-[0-9a-f]{6}$", slug):
        slug += "-" + hashlib.sha256(path.encode()).hexdigest()[:6]
    return f"px-mount-{slug}.service"


def render(client: str, command: list[str], mount: dict[str, Any], stop_seconds: int) -> str:
    """Return the unit's text."""
    prefix = str(mount.get("prefix") or "").strip("/")
    return _TEXT.format(
        client=client,
        source=_plain("/".join(part for part in (mount["bucket"], prefix) if part)),
        path=_plain(mount["path"]),
        command=" ".join(quote(word) for word in command),
        stop_seconds=stop_seconds,
        bucket=_plain(mount["bucket"]),
        prefix=_plain(prefix),
        endpoint=_plain(mount.get("endpoint") or ""),
    )


def _plain(text: str) -> str:
    return " ".join(str(text).replace("%", "%%").split())


def quote(word: str) -> str:
    """Return a word of a command line as systemd reads it: no specifiers, no variables, no splitting."""
    escaped = word.replace("\\", "\\\\").replace("%", "%%").replace("$", "$$").replace('"', '\\"').replace("\n", "\\n")
    if escaped and re.fullmatch(r"[^\s'\";]+", escaped):
        return escaped
    return f'"{escaped}"'


def installed(client: str | None = None) -> dict[str, dict[str, str]]:
    """Return the units of this host by mount path, of one client or of all: the [X-Px] section of each."""
    found = {}
    for file in sorted(os.listdir(FOLDER)) if os.path.isdir(FOLDER) else []:
        if not (file.startswith("px-mount-") and file.endswith(".service")):
            continue
        about = read(file)[1]
        if about.get("Path") and client in (None, about.get("Client")):
            found[about["Path"]] = {**about, "unit": file}
    return found


def read(unit: str) -> tuple[str, dict[str, str]]:
    """Return the unit's text and its [X-Px] section; both empty where there is none."""
    try:
        with open(os.path.join(FOLDER, unit), encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        return "", {}
    section = text.partition("\n[X-Px]\n")[2]
    pairs = (line.split("=", 1) for line in section.splitlines() if "=" in line)
    return text, {key: value.replace("%%", "%") for key, value in pairs}


def write(unit: str, text: str) -> None:
    """Write the unit's file, whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{unit}.", dir=FOLDER)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.rename(temporary, os.path.join(FOLDER, unit))
    except BaseException:
        os.unlink(temporary)
        raise


def remove(unit: str) -> None:
    """Remove the unit's file."""
    os.unlink(os.path.join(FOLDER, unit))
