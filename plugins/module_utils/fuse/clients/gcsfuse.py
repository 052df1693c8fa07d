"""gcsfuse 3: Google Cloud Storage."""

import posixpath
import re
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import flags, neutral, reasons
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File, Place, Service

NAME = "gcsfuse"
STORES = ("gcs",)
# After SIGTERM gcsfuse works on for up to 30 s and then exits 0, whatever happened.
STOP_SECONDS = 45

# Our own flags, in this order. Not among them is --max-retry-attempts: by its default gcsfuse asks again without
# end, so that programs wait through an outage of the store and read on after it, where a limit would hand them an
# error. A mount that cannot start for the same reason is ended by the unit's time limit, with its log for a reason.
_DEFAULTS: Dict[str, List[str]] = {
    "implicit-dirs": ["true"],
    "log-format": ["text"],
    # At `info` every start writes its whole configuration, some 6 KB, into the journal.
    "log-severity": ["warning"],
}
_NEEDED = {
    "foreground": "the unit keeps the client in the foreground",
    "config-file": "the unit gives every setting as a flag",
    "key-file": "give the key in credentials.service_account_key",
    "cache-dir": "give the folder in cache.path",
    "log-file": "the unit's journal is where the client's log is looked for",
    "help": "the client would not mount",
    "version": "the client would not mount",
}
_KEY = "key.json"


def version_of(binary: str) -> List[str]:
    """Return the command that prints the client's version."""
    return [binary, "--version"]


def service(binary: str, mount: Dict[str, Any], place: Place) -> Service:
    """Return the process of a mount.

    Raises:
        Refused: gcsfuse cannot do what the mount asks for.

    """
    store = neutral.store(NAME, STORES, mount)
    given = neutral.credentials(store, mount)
    cache = neutral.cache(mount, place)
    ours = dict(_DEFAULTS)
    ours.update(_neutral(mount))
    ours.update(_cache(cache))
    if given:
        ours["key-file"] = [posixpath.join(place.folder, _KEY)]
    ours["o"] = ["allow_other", "ro"] if mount.get("read_only") else ["allow_other"]
    words = flags.words(flags.merged(NAME, ours, mount.get("options") or {}, _NEEDED))
    return Service(
        command=[binary, "--foreground", *words, neutral.bucket(mount), mount["path"]],
        files=(File(_KEY, given["service_account_key"]),) if given else (),
        cache=cache.folder,
    )


def _neutral(mount: Dict[str, Any]) -> Dict[str, List[str]]:
    ours = {}
    prefix, endpoint = neutral.prefix(mount), neutral.endpoint(mount)
    if prefix:
        ours["only-dir"] = [prefix]
    for name in ("uid", "gid"):
        if mount.get(name) is not None:
            ours[name] = [str(mount[name])]
    for name in ("file_mode", "dir_mode"):
        mode = neutral.mode(mount, name)
        if mode is not None:
            ours[name.replace("_", "-")] = [mode]
    if endpoint:
        ours["custom-endpoint"] = [endpoint]
    if mount.get("anonymous"):
        ours["anonymous-access"] = ["true"]
    return ours


def _cache(cache: neutral.Cache) -> Dict[str, List[str]]:
    ours = {}
    if cache.folder:
        ours["cache-dir"] = [cache.folder]
        if cache.size_mib is not None:
            ours["file-cache-max-size-mb"] = [str(cache.size_mib)]
    if cache.metadata_seconds is not None:
        ours["metadata-cache-ttl-secs"] = [str(cache.metadata_seconds)]
        # What is not there is remembered for 5 s by default: never longer than what is.
        ours["metadata-cache-negative-ttl-secs"] = [str(min(cache.metadata_seconds, 5))]
    return ours


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


def reason(lines: List[str], mount: Dict[str, Any]) -> Optional[str]:
    """Return why gcsfuse does not work, from its readable lines; the latest cause counts."""
    bucket = mount["bucket"]
    causes: List[Tuple[str, str]] = [
        (r"bucket doesn't exist", f"bucket {bucket} does not exist"),
        (r"storage\.objects\.list|Error 403|PermissionDenied", f"no permission to list bucket {bucket}"),
        (r"Error 401|invalid_grant", f"bucket {bucket}: the credentials are not accepted"),
        (r"could not find default credentials", "no Google credentials on this host"),
        (r"failed to detect credentials: (.+)", "the Google credentials cannot be used: {}"),
        (r"newTokenSourceFromPath", "the service account key cannot be used"),
        (r"unknown flag: (--[\w-]+)", "gcsfuse does not know the option {}"),
        (r"unknown shorthand flag: (.+)", "gcsfuse does not know the option {}"),
        (
            r'invalid argument "?([^"]*)"? for "?([^"]*?)"? flag',
            "{} is not a value for the gcsfuse option {}",
        ),
        (r"mount: invalid argument|Unknown parameter", "the kernel refuses one of the -o options"),
    ]
    causes += reasons.network(mount.get("endpoint") or "https://storage.googleapis.com")
    return reasons.latest(lines, causes) or reasons.last_error(lines, r"ERROR: |Error: ")
