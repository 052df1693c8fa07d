"""gcsfuse 3: Google Cloud Storage."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

NAME = "gcsfuse"
# After SIGTERM gcsfuse works on for up to 30 s and then exits 0, whatever happened.
STOP_SECONDS = 45

# Our own flags, in this order; an option of the same name takes the place of one of them.
_DEFAULTS: tuple[tuple[str, str], ...] = (
    ("implicit-dirs", "true"),
    ("log-format", "text"),
    # At `info` every start writes its whole configuration, some 6 KB, into the journal.
    ("log-severity", "warning"),
)
_OURS = {"foreground": "the unit keeps the client in the foreground"}
_MODE = re.compile(r"0?[0-7]{3}")
_FLAG = re.compile(r"[a-z][a-z0-9-]*")


def command(binary: str, mount: dict[str, Any]) -> list[str]:
    """Return gcsfuse's command line for a neutral mount.

    Raises:
        Refused: gcsfuse cannot do what the mount asks for.

    """
    flags = dict(_DEFAULTS)
    flags.update(_neutral(mount))
    own = ["allow_other", "ro"] if mount.get("read_only") else ["allow_other"]
    for given, value in (mount.get("options") or {}).items():
        name = str(given).lstrip("-").replace("_", "-")
        if not _FLAG.fullmatch(name):
            raise Refused(f"{given!r} is not the name of a gcsfuse option")
        if name in _OURS:
            raise Refused(f"gcsfuse option {name}: {_OURS[name]}")
        if name == "o":
            own += [part for part in str(value).split(",") if part and part not in own]
        else:
            flags[name] = _text(value)
    return [
        binary,
        "--foreground",
        *(f"--{name}={value}" for name, value in flags.items()),
        *(word for option in own for word in ("-o", option)),
        mount["bucket"],
        mount["path"],
    ]


def _neutral(mount: dict[str, Any]) -> dict[str, str]:
    flags = {}
    if mount.get("prefix"):
        flags["only-dir"] = str(mount["prefix"]).strip("/")
    for name in ("uid", "gid"):
        if mount.get(name) is not None:
            flags[name] = str(mount[name])
    for name in ("file_mode", "dir_mode"):
        if mount.get(name) is not None:
            if not _MODE.fullmatch(str(mount[name])):
                raise Refused(f"{name} {mount[name]!r}: write it as three octal digits in quotes, such as '0644'")
            flags[name.replace("_", "-")] = str(mount[name])
    if mount.get("endpoint"):
        flags["custom-endpoint"] = str(mount["endpoint"])
    if mount.get("anonymous"):
        flags["anonymous-access"] = "true"
    return flags


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_LINE = re.compile(r'time="[^"]*" severity=(?P<severity>\w+) message="(?P<message>(?:[^"\\]|\\.)*)"')
_TECHNICAL = re.compile(r" InvocationID: [0-9a-f-]+,|\bInvocationID: [0-9a-f-]+, ")
_QUERY = re.compile(r"\?[^\s\"]*=[^\s\"]*")
# Said at every start without Google's default credentials, also where none are needed; the word to root; and
# what is said a second time in other words.
_NOISE = (
    "failed to initialize gcpexporter exporter",
    "error occurred while setting up tracing",
    "WARNING: gcsfuse invoked as root",
    "root. If this is not what you intended",
    "be interacting with the file system.",
    "Error occurred during command execution on gcsfuse",
    "fuse: Op 0x",
)


def readable(line: str) -> str:
    """Return the message of a log line, without time stamps and identifiers; empty where it says nothing."""
    found = _LINE.match(line)
    if found:
        message = re.sub(r"\\(.)", lambda escape: " " if escape.group(1) == "n" else escape.group(1), found["message"])
        line = f"{found['severity']}: {message}"
    if any(noise in line for noise in _NOISE):
        return ""
    return _QUERY.sub("", _TECHNICAL.sub("", line)).strip()


def reason(lines: list[str], mount: dict[str, Any]) -> str | None:
    """Return why gcsfuse does not work, from its readable lines; the latest cause counts."""
    endpoint = mount.get("endpoint") or "https://storage.googleapis.com"
    causes = (
        (r"bucket doesn't exist", f"bucket {mount['bucket']} does not exist"),
        (
            r"storage\.objects\.list|Error 403|PermissionDenied",
            f"no permission to list bucket {mount['bucket']}",
        ),
        (r"Error 401|invalid_grant", f"bucket {mount['bucket']}: the credentials are not accepted"),
        (r"could not find default credentials", "no Google credentials on this host"),
        (r"unknown flag: (--[\w-]+)", "gcsfuse does not know the option {}"),
        (r"unknown shorthand flag: (.+)", "gcsfuse does not know the option {}"),
        (
            r'invalid argument "?([^"]*)"? for "?([^"]*?)"? flag',
            "{} is not a value for the gcsfuse option {}",
        ),
        (r"mount: invalid argument|Unknown parameter", "the kernel refuses one of the -o options"),
        (r"connection refused", f"{endpoint} cannot be reached: connection refused"),
        (r"no such host|server misbehaving", f"{endpoint} cannot be reached: its name is not known here"),
        (r"i/o timeout|no route to host|network is unreachable", f"{endpoint} cannot be reached: no answer"),
        (r"certificate", f"{endpoint}: its TLS certificate is not trusted here"),
        (r"fuse device not found|/dev/fuse", "/dev/fuse is missing: load the kernel's fuse module"),
    )
    for line in reversed(lines):
        for pattern, text in causes:
            found = re.search(pattern, line)
            if found:
                return text.format(*found.groups())
    last = next((line for line in reversed(lines) if line.startswith(("ERROR: ", "Error: "))), None)
    return last.partition(": ")[2] if last else None
