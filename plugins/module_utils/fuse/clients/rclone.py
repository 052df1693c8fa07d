"""rclone mount, 1.60 and newer: every store.

Version 1.60 itself mounts Azure's own endpoints only, with an account key, a SAS token or a managed identity.
"""

import posixpath
import re
from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import flags, neutral, reasons
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File, Place, Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

NAME = "rclone"
STORES = ("s3", "spaces", "gcs", "azure")
STOP_SECONDS = 30

_CONFIG = "rclone.conf"
_KEY = "key.json"
# How long a stop waits for files that are still to be uploaded. What is not gone then is uploaded after the next start.
_SETTLE_SECONDS = 20
_CREDENTIALS = "give it in credentials: a command line can be read by everybody on the host"
_NEEDED = {
    "config": "the unit names its own",
    "cache-dir": "give the folder in cache.path",
    "daemon": "the unit keeps the client in the foreground",
    "daemon-wait": "the unit keeps the client in the foreground",
    "log-file": "the unit's journal is where the client's log is looked for",
    "password-command": "the configuration is a file that only root can read",
    "help": "the client would not mount",
    "version": "the client would not mount",
    "o": "rclone hands none on to FUSE",
    "option": "rclone hands none on to FUSE",
    "fuse-flag": "rclone hands none on to FUSE",
    "rc-pass": "a command line can be read by everybody on the host",
    "s3-access-key-id": _CREDENTIALS,
    "s3-secret-access-key": _CREDENTIALS,
    "s3-session-token": _CREDENTIALS,
    "s3-sse-customer-key": "a command line can be read by everybody on the host",
    "gcs-service-account-credentials": _CREDENTIALS,
    "gcs-service-account-file": _CREDENTIALS,
    "gcs-client-secret": _CREDENTIALS,
    "gcs-token": _CREDENTIALS,
    "azureblob-key": _CREDENTIALS,
    "azureblob-sas-url": _CREDENTIALS,
    "azureblob-client-secret": _CREDENTIALS,
    "azureblob-client-certificate-password": _CREDENTIALS,
    "azureblob-password": _CREDENTIALS,
}
# Without it rclone writes to the journal's own socket, where the lines of a process that has ended since are no
# longer known to be the unit's: those of a client that cannot start.
_ENVIRONMENT = {"JOURNAL_STREAM": ""}
# Azure's endpoints with the account in the path, as emulators have them; rclone knows them by their IP address.
_PATH_STYLE = re.compile(r"https?://[^/]+/.+")
_ADDRESS = re.compile(r"https?://[\d.]+(:\d+)?/.+")
# What rclone's reader of its configuration would take for something else: a variable, or a kind of quote.
_UNWRITABLE = re.compile(r"%\(|^`|^\"\"\"|\\$|[^ -~]")


def version_of(binary: str) -> List[str]:
    """Return the command that prints the client's version."""
    return [binary, "version"]


def service(binary: str, mount: Dict[str, Any], place: Place) -> Service:
    """Return the process of a mount.

    Raises:
        Refused: rclone cannot do what the mount asks for.

    """
    store = neutral.store(NAME, STORES, mount)
    keys = neutral.credentials(store, mount)
    cache = neutral.cache(mount, place)
    bucket, prefix = neutral.bucket(mount), neutral.prefix(mount)
    remote = f"{store}:{bucket}/{prefix}" if prefix else f"{store}:{bucket}"
    config = "--config=" + posixpath.join(place.folder, _CONFIG)
    folder = cache.folder or place.cache
    merged = flags.merged(NAME, _flags(mount, cache, folder), mount.get("options") or {}, _NEEDED)
    files = [File(_CONFIG, _section(store, _remote(store, mount, keys, place)))]
    if "service_account_key" in keys:
        files.append(File(_KEY, keys["service_account_key"]))
    return Service(
        command=[binary, "mount", remote, mount["path"], config, *flags.words(merged)],
        environment=_ENVIRONMENT,
        files=tuple(files),
        notify=True,
        cache=folder,
        check=_check(binary, remote, config),
        settle=None if mount.get("read_only") else _settle(folder),
    )


def _check(binary: str, remote: str, config: str) -> List[str]:
    """Return the command that fails where the bucket is not there.

    A mount of a bucket that does not exist is an empty folder to rclone. The folder that is listed instead exists
    nowhere, which is an empty listing in a bucket and an error without one: one request, whatever the bucket holds.
    """
    patience = ["--retries=1", "--low-level-retries=2", "--contimeout=10s"]
    return [binary, "lsf", f"{remote}/.px-storage-check/", config, *patience]


def _settle(folder: str) -> List[str]:
    """Return the command that waits until every written file has been uploaded, for a while."""
    script = 'for _ in $(seq "$2"); do grep -rqs \'"Dirty": true\' "$1/vfsMeta" || exit 0; sleep 0.5; done'
    return ["/bin/sh", "-c", script, "sh", folder, str(2 * _SETTLE_SECONDS)]


def _flags(mount: Dict[str, Any], cache: neutral.Cache, folder: str) -> flags.Flags:
    ours = {"allow-other": ["true"], "cache-dir": [folder]}
    if cache.folder:
        ours["vfs-cache-mode"] = ["full"]
        if cache.size_mib is not None:
            # Kept until the room is needed, not for an hour.
            ours["vfs-cache-max-size"] = [f"{cache.size_mib}Mi"]
            ours["vfs-cache-max-age"] = ["720h"]
    else:
        # Without a cache rclone can write a new file from its beginning to its end, and nothing else: no append,
        # no change in place, no two writers. So what is written goes through the disk: a file that is opened for
        # writing is there as a whole until it has been uploaded. Reading needs no room.
        ours["vfs-cache-mode"] = ["off" if mount.get("read_only") else "writes"]
    # Uploaded a second after it was closed. At once (0s) would mean that an upload that fails is not tried again.
    ours["vfs-write-back"] = ["1s"]
    # Another host's new file is seen when the listing is no longer remembered. rclone's own is 5 minutes.
    seconds = cache.metadata_seconds
    # With 0s, rclone 1.75 looks without a pause whether there is something to forget: for seconds after a write, with
    # all of a processor.
    remembered = {None: "10s", 0: "10ms"}
    ours["dir-cache-time"] = [remembered.get(seconds, f"{seconds}s")]
    if seconds is not None:
        ours["attr-timeout"] = [f"{seconds}s"]
    # These stores tell nobody what has changed.
    ours["poll-interval"] = ["0"]
    # A file's own time would be one more request for each file of a listing.
    ours["use-server-modtime"] = ["true"]
    # umask would take its bits off the modes.
    ours["umask"] = ["000"]
    ours["file-perms"] = [neutral.mode(mount, "file_mode") or "0644"]
    ours["dir-perms"] = [neutral.mode(mount, "dir_mode") or "0755"]
    for name in ("uid", "gid"):
        if mount.get(name) is not None:
            ours[name] = [str(mount[name])]
    if mount.get("read_only"):
        ours["read-only"] = ["true"]
    return ours


def _section(store: str, remote: Dict[str, str]) -> str:
    for name, value in remote.items():
        if _UNWRITABLE.search(value):
            raise Refused(f"{name} of the mount holds characters that cannot be in rclone's configuration")
    return f"[{store}]\n" + "".join(f"{name} = {value}\n" for name, value in remote.items())


def _remote(store: str, mount: Dict[str, Any], keys: Dict[str, str], place: Place) -> Dict[str, str]:
    """Return the settings of the remote. None of them makes rclone create a bucket, or ask whether it may."""
    if store == "gcs":
        return _gcs(mount, keys, place)
    if store == "azure":
        return _azure(mount, keys)
    return _s3(store, mount, keys)


def _s3(store: str, mount: Dict[str, Any], keys: Dict[str, str]) -> Dict[str, str]:
    endpoint, region = neutral.s3_endpoint(store, mount)
    host = re.sub(r"^https?://|[:/].*$", "", endpoint or "")
    # Amazon and DigitalOcean are asked at BUCKET.HOST, every other endpoint at HOST/BUCKET.
    if endpoint is None or host.endswith(".amazonaws.com"):
        provider = "AWS"
    elif host.endswith(".digitaloceanspaces.com"):
        provider = "DigitalOcean"
    else:
        provider = "Other"
    remote = {"type": "s3", "provider": provider, "region": region, "no_check_bucket": "true"}
    if endpoint:
        remote["endpoint"] = endpoint
    if keys:
        remote.update(keys)
    elif not mount.get("anonymous"):
        remote["env_auth"] = "true"
    return remote


def _gcs(mount: Dict[str, Any], keys: Dict[str, str], place: Place) -> Dict[str, str]:
    remote = {
        "type": "google cloud storage",
        # No access list with an upload: a bucket with uniform access refuses one.
        "bucket_policy_only": "true",
        "no_check_bucket": "true",
    }
    endpoint = neutral.endpoint(mount)
    if endpoint:
        remote["endpoint"] = endpoint
    if keys:
        remote["service_account_file"] = posixpath.join(place.folder, _KEY)
    elif mount.get("anonymous"):
        remote["anonymous"] = "true"
    else:
        remote["env_auth"] = "true"
    return remote


def _azure(mount: Dict[str, Any], keys: Dict[str, str]) -> Dict[str, str]:
    account, endpoint = str(mount["account"]), neutral.endpoint(mount)
    remote = {"type": "azureblob", "account": account, "no_check_container": "true"}
    if endpoint:
        remote["endpoint"] = endpoint
    if "account_key" in keys:
        remote["key"] = keys["account_key"]
    elif "sas_token" in keys:
        url = (endpoint or f"https://{account}.blob.core.windows.net").rstrip("/")
        if _PATH_STYLE.fullmatch(url) and not _ADDRESS.fullmatch(url):
            raise Refused(
                f"rclone cannot use a SAS token at {url}: it would take the account for the container",
                "give credentials.account_key, or use client blobfuse2 for this mount",
            )
        remote["sas_url"] = f"{url}/{neutral.bucket(mount)}?{keys['sas_token'].lstrip('?')}"
    elif "client_secret" in keys:
        remote.update(tenant=keys["tenant_id"], client_id=keys["client_id"], client_secret=keys["client_secret"])
    elif not mount.get("anonymous"):
        remote["use_msi"] = "true"
        if keys:
            remote["msi_client_id"] = keys["managed_identity_client_id"]
    return remote


_TIME = re.compile(r"^(<\d>)?(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(\.\d+)? )?")
_LEVEL = re.compile(r"^(?P<level>DEBUG|INFO|NOTICE|ERROR|CRITICAL|ALERT|EMERGENCY|WARNING) *: ")
_QUERY = re.compile(r"\?[^\s\"]*=[^\s\"]*")
_TECHNICAL = re.compile(r", RequestID: \S*, HostID: \S*(?=, )|, RequestID: \S*(?=,)")
_NOISE = (
    re.compile(r"^SDK [\d/]+ [\d:]+ (WARN|DEBUG) "),
    # Said a second time, after the error itself.
    re.compile(r"Failed to lsf with \d+ errors: last error was"),
    # The help that follows a wrong flag, and the frame around an answer of Azure's.
    re.compile(r"^( |Usage:|Flags|Use \"rclone|-{20})"),
    re.compile(r"^</?[A-Za-z?]|^RequestId:|^Time:"),
)


def readable(line: str) -> str:
    """Return a log line without its time and identifiers; empty where it says nothing."""
    text = _TIME.sub("", line.rstrip())
    if any(noise.search(text) for noise in _NOISE):
        return ""
    found = _LEVEL.match(text)
    if found:
        if found["level"] in ("DEBUG", "INFO"):
            return ""
        text = f"{found['level']}: {text[found.end() :].lstrip(': ')}"
    return _QUERY.sub("", _TECHNICAL.sub("", text)).strip()


def reason(lines: List[str], mount: Dict[str, Any]) -> Optional[str]:
    """Return why rclone does not work, from its readable lines; the latest cause counts."""
    bucket = mount["bucket"]
    causes: List[Tuple[str, str]] = [
        (
            r"error listing: directory not found|NoSuchBucket|ContainerNotFound|specified bucket does not exist",
            f"bucket {bucket} does not exist",
        ),
        (r"no EC2 IMDS role found|failed to refresh cached credentials", "no AWS credentials on this host"),
        (r"could not find default credentials", "no Google credentials on this host"),
        (r"ManagedIdentityCredential|DefaultAzureCredential", "no managed identity on this host"),
        (
            (
                r"SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken|InvalidToken|AuthenticationFailed|invalid_client"
                r"|failed to authenticate the request"
                r"|invalid_grant|Error 401|StatusCode: 401|RESPONSE 401"
            ),
            f"bucket {bucket}: the credentials are not accepted",
        ),
        (
            r"AccessDenied|StatusCode: 403|Error 403|RESPONSE 403|storage\.objects\.list",
            f"no permission to list bucket {bucket}",
        ),
        (r"unknown (?:shorthand )?flag: (.+)", "rclone does not know the option {}"),
        (r'invalid argument "([^"]*)" for "(?:-\w, )?([^"]*)" flag', "{} is not a value for the rclone option {}"),
        (r"is not empty, use --allow-non-empty", f"{mount.get('path')} is not empty"),
        (r"mount: invalid argument|Unknown parameter", "the kernel refuses one of the -o options"),
        *reasons.network(mount.get("endpoint") or "the store"),
    ]
    return reasons.latest(lines, causes) or reasons.last_error(lines, r"(?:ERROR|CRITICAL|Error): ")
