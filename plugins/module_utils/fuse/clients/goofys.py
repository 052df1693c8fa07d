"""goofys 0.24: Amazon S3, DigitalOcean Spaces, and what else speaks the S3 API."""

import json
import posixpath
import re
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import flags, neutral, reasons
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File, Place, Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

NAME = "goofys"
STORES = ("s3", "spaces")
# It tries to unmount 20 times, once a second, and works on where it cannot.
STOP_SECONDS = 30

_USE_RCLONE = "use client rclone for this mount"
_NEEDED = {
    "f": "the unit keeps the client in the foreground",
    "cache": f"it needs another program, catfs; {_USE_RCLONE}",
    "profile": "give the keys in credentials",
    "help": "the client would not mount",
    "h": "the client would not mount",
    "version": "the client would not mount",
    "v": "the client would not mount",
}
_UNDERSCORES = ("debug_fuse", "debug_s3")
_DURATIONS = ("stat-cache-ttl", "type-cache-ttl", "http-timeout")
_DURATION = re.compile(r"0|([0-9]+(\.[0-9]*)?(ns|us|ms|s|m|h))+")
# Words of /etc/fstab, which goofys hands to the kernel or to fusermount; both refuse them.
_FSTAB = ("auto", "noauto", "nofail", "_netdev", "user", "nouser", "users", "defaults")

_CONFIG = "aws.conf"
_KEYS = "credentials.json"
_PROGRAM = "aws-credentials"


def version_of(binary: str) -> List[str]:
    """Return the command that prints the client's version. It does so on stderr."""
    return [binary, "--version"]


def service(binary: str, mount: Dict[str, Any], place: Place) -> Service:
    """Return the process of a mount.

    Raises:
        Refused: goofys cannot do what the mount asks for.

    """
    store = neutral.store(NAME, STORES, mount)
    if mount.get("anonymous"):
        raise Refused("goofys cannot be told to ask without credentials", _USE_RCLONE)
    cache = neutral.cache(mount, place)
    if cache.folder:
        raise Refused("goofys has no disk cache of its own", f"{_USE_RCLONE}, or leave cache out")
    keys = neutral.credentials(store, mount)
    merged = flags.merged(
        NAME, _neutral(store, mount, cache), mount.get("options") or {}, _NEEDED, underscores=_UNDERSCORES
    )
    _check(merged)
    bucket, prefix = neutral.bucket(mount), neutral.prefix(mount)
    source = f"{bucket}:{prefix}" if prefix else bucket
    # Flags first: goofys stops looking for them at the bucket.
    return Service(
        command=[binary, "-f", *flags.words(merged), source, mount["path"]],
        environment=_environment(place, own_keys=bool(keys)),
        files=_files(place, keys),
        programs=(_PROGRAM,),
    )


def _neutral(store: str, mount: Dict[str, Any], cache: neutral.Cache) -> flags.Flags:
    endpoint, region = neutral.s3_endpoint(store, mount)
    # The region always: without one, goofys asks for the bucket unsigned, and where that is answered (a public
    # bucket, an emulator) it goes on without credentials, silently.
    ours = {"region": [region]}
    if endpoint:
        ours["endpoint"] = [endpoint]
    for name in ("uid", "gid"):
        if mount.get(name) is not None:
            ours[name] = [str(mount[name])]
    for name in ("file_mode", "dir_mode"):
        mode = neutral.mode(mount, name)
        if mode is not None:
            ours[name.replace("_", "-")] = [_octal(mode)]
    if cache.metadata_seconds is not None:
        ours["stat-cache-ttl"] = ours["type-cache-ttl"] = [f"{cache.metadata_seconds}s"]
    ours["o"] = ["allow_other", "ro"] if mount.get("read_only") else ["allow_other"]
    return ours


def _octal(mode: str) -> str:
    """Return a mode as goofys reads it: 755 without a leading 0 is a decimal number to it."""
    return mode if mode.startswith("0") else "0" + mode


def _check(merged: flags.Flags) -> None:
    for name in _DURATIONS:
        for value in merged.get(name, []):
            if not _DURATION.fullmatch(value):
                raise Refused(f"goofys option {name}: {value} is not a duration", f"write it with its unit: {value}s")
    for name in ("file-mode", "dir-mode"):
        merged[name] = [_octal(value) for value in merged.get(name, [])]
    for part in merged["o"]:
        if part.partition("=")[0] in _FSTAB or part.startswith("x-systemd"):
            raise Refused(f"goofys option o: {part} is for /etc/fstab; here a unit keeps the mount up", "leave it out")


def _environment(place: Place, *, own_keys: bool) -> Dict[str, str]:
    # Both files are named, so that none in somebody's home folder is read. The second is not there, which is no
    # error to the SDK.
    environment = {
        "AWS_CONFIG_FILE": posixpath.join(place.folder, _CONFIG),
        "AWS_SHARED_CREDENTIALS_FILE": posixpath.join(place.folder, "none"),
    }
    if own_keys:
        environment["PX_AWS_CREDENTIALS"] = posixpath.join(place.folder, _KEYS)
    return environment


def _files(place: Place, keys: Dict[str, str]) -> Tuple[File, ...]:
    # A program brings the credentials in both cases. The SDK in goofys 0.24 cannot talk to a metadata service that
    # wants tokens (IMDSv2), and keys that it reads from a file it never reads again. The program's path goes in
    # as it is: the SDK's reader of that age stumbles over quotes and arguments.
    config = f"[default]\ncredential_process = {posixpath.join(place.programs, _PROGRAM)}\n"
    files = (File(_CONFIG, config, secret=False),)
    if not keys:
        return files
    names = (
        ("AccessKeyId", "access_key_id"),
        ("SecretAccessKey", "secret_access_key"),
        ("SessionToken", "session_token"),
    )
    document = {theirs: keys[ours] for theirs, ours in names if ours in keys}
    return (*files, File(_KEYS, json.dumps(document, indent=2) + "\n", live=True))


_TIME = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(\.\d+)? ")
_NOISE = (
    "main.INFO File system has been successfully mounted",
    "main.INFO Successfully exiting",
    "main.INFO Received terminated",
    "s3.INFO Switching from region",
    "Mounting file system: Mount: initialization failed",
    "See online documentation",
)
# How goofys prints its help after "Incorrect Usage": indented lines and headings in capitals.
_HELP = re.compile(r"^(   .*|[A-Z ]+:|Usage of .*|\s*-{1,2}[a-z].*)$")


def readable(line: str) -> str:
    """Return a log line without its time; empty where it says nothing."""
    text = _TIME.sub("", line.rstrip())
    if any(noise in text for noise in _NOISE) or _HELP.match(text):
        return ""
    return text.strip()


def reason(lines: List[str], mount: Dict[str, Any]) -> Optional[str]:
    """Return why goofys does not work, from its readable lines; the latest cause counts."""
    bucket = mount["bucket"]
    causes = [
        (r"bucket \S+ does not exist|NoSuchBucket", f"bucket {bucket} does not exist"),
        (
            r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken",
            f"bucket {bucket}: the credentials are not accepted",
        ),
        (
            r"Unable to access '[^']*': permission denied|AccessDenied|Forbidden",
            f"no permission to use bucket {bucket}, or its credentials are not accepted",
        ),
        (r"aws-credentials: (.+)", "no AWS credentials: {}"),
        (r"NoCredentialProviders", "no AWS credentials on this host"),
        (
            r"Unable to access '[^']*': invalid argument",
            f"bucket {bucket}: the store does not accept the request; its credentials or its region are wrong",
        ),
        (r"SharedConfigLoadError", "the AWS configuration of the mount cannot be read"),
        (r"flag provided but not defined: (-[\w-]+)", "goofys does not know the option {}"),
        (r'invalid value "?([^"]*)"? for flag (-[\w-]+)', "{} is not a value for the goofys option {}"),
        (r"fusermount3?: unknown option '([^']*)'", "the kernel refuses the -o option {}"),
        (r"mount: invalid argument|Unknown parameter", "the kernel refuses one of the -o options"),
        *reasons.network(mount.get("endpoint") or "https://s3.amazonaws.com"),
    ]
    # What the program for the credentials said comes before what goofys makes of it.
    found = reasons.latest(lines, causes) or reasons.latest(
        lines, [(r"ProcessProvider\w+Error", "no AWS credentials on this host")]
    )
    return found or reasons.last_error(lines, r"main\.(?:ERROR|FATAL) |Error: ")
