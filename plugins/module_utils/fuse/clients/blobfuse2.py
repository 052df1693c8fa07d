"""blobfuse2 2.5: Azure Blob Storage."""

import posixpath
import re
from typing import Any, Dict, List, Optional

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import blobfuse2_keys, neutral, reasons, yaml_text
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File, Place, Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

NAME = "blobfuse2"
STORES = ("azure",)
# It uploads what is being written before it ends.
STOP_SECONDS = 60

_CONFIG = "config.yaml"
_WORK = "/run/px-mounts"
# blobfuse2's own is 60 or 80 % of the memory that is free: several mounts, or what the host is there for, would
# not fit beside it. The blocks read ahead have to fit in: 11 (the least that it takes) of 16 MiB.
_MEMORY_MIB = 512
_PREFETCH = 11

_CREDENTIALS = "give it in credentials: options are shown and logged"
_NEEDED = {
    "foreground": "the unit keeps the client in the foreground",
    "secure-config": "the configuration is a file that only root can read",
    "passphrase": "the configuration is a file that only root can read",
    "streaming": "blobfuse2 has taken it out; block_cache is the default here",
    "default-working-dir": "it is in /run",
    "file_cache.path": "give the folder in cache.path",
    "azstorage.account-name": "it is the mount's account",
    "azstorage.container": "it is the mount's bucket",
    "azstorage.subdirectory": "it is the mount's prefix",
    "azstorage.account-key": _CREDENTIALS,
    "azstorage.sas": _CREDENTIALS,
    "azstorage.clientsecret": _CREDENTIALS,
    "azstorage.workload-identity-token": "it is a secret, and options are shown and logged",
    "azstorage.cpk-encryption-key": "it is a secret, and options are shown and logged",
}


def version_of(binary: str) -> List[str]:
    """Return the command that prints the client's version."""
    return [binary, "version"]


def service(binary: str, mount: Dict[str, Any], place: Place) -> Service:
    """Return the process of a mount. Every change of its configuration, a new SAS token as well, is a new start.

    (A running blobfuse2 would see a new SAS token in the file by itself, but no other change. What it did with a
    change could not be told from outside.)

    Raises:
        Refused: blobfuse2 cannot do what the mount asks for.

    """
    neutral.store(NAME, STORES, mount)
    if mount.get("anonymous"):
        raise Refused("blobfuse2 cannot ask without credentials", "use client rclone for this mount")
    for name in ("file_mode", "dir_mode"):
        if mount.get(name) is not None:
            raise Refused(
                f"blobfuse2 cannot set {name}: it has one mode for files and folders, and ignores it in a mount "
                "for all users",
                "use client rclone for this mount, or leave it out: all users may read and write",
            )
    cache = neutral.cache(mount, place)
    config = _config(mount, cache)
    _options(config, mount.get("options") or {})
    file = posixpath.join(place.folder, _CONFIG)
    return Service(
        command=[
            binary,
            "mount",
            mount["path"],
            f"--config-file={file}",
            "--foreground=true",
            # Otherwise it asks for the newest version at every start.
            "--disable-version-check=true",
            # Its own is in HOME, which a service has not.
            f"--default-working-dir={posixpath.join(_WORK, posixpath.basename(place.folder))}",
        ],
        files=(File(_CONFIG, yaml_text.text(config)),),
        cache=cache.folder,
    )


def _config(mount: Dict[str, Any], cache: neutral.Cache) -> Dict[str, Any]:
    """Return the configuration of a mount without its options."""
    on_disk = cache.folder is not None
    config: Dict[str, Any] = {
        "allow-other": True,
        "read-only": bool(mount.get("read_only")),
        # In the foreground it writes to syslog or a file, never to stderr; systemd takes syslog into the journal.
        "logging": {"type": "syslog", "level": "log_warning"},
        "components": ["libfuse", "file_cache" if on_disk else "block_cache", "attr_cache", "azstorage"],
        # With the kernel's writeback cache a host would not see the size of what another host wrote.
        "libfuse": {"disable-writeback-cache": True},
        "attr_cache": {},
        "azstorage": _azstorage(mount),
    }
    for name in ("uid", "gid"):
        if mount.get(name) is not None:
            config["libfuse"][name] = int(mount[name])
    if cache.metadata_seconds is not None:
        for name in ("attribute", "entry", "negative-entry"):
            config["libfuse"][f"{name}-expiration-sec"] = cache.metadata_seconds
        config["attr_cache"]["timeout-sec"] = cache.metadata_seconds
    if on_disk:
        # What a run before this one left there is no longer known to be right, and would keep it from starting.
        config["file_cache"] = {"path": cache.folder, "cleanup-on-start": True}
        if cache.size_mib is not None:
            config["file_cache"]["max-size-mb"] = cache.size_mib
    else:
        config["block_cache"] = {"mem-size-mb": _MEMORY_MIB, "prefetch": _PREFETCH}
    return config


def _azstorage(mount: Dict[str, Any]) -> Dict[str, Any]:
    keys = neutral.credentials("azure", mount)
    # The kind of account is said: left alone, blobfuse2 finds it out, with a request that not every endpoint knows.
    section: Dict[str, Any] = {
        "type": "block",
        "account-name": str(mount["account"]),
        "container": neutral.bucket(mount),
    }
    endpoint, prefix = neutral.endpoint(mount), neutral.prefix(mount)
    if endpoint:
        section["endpoint"] = endpoint
        section["use-http"] = endpoint.startswith("http:")
    if prefix:
        section["subdirectory"] = prefix
    if "account_key" in keys:
        section.update({"mode": "key", "account-key": keys["account_key"]})
    elif "sas_token" in keys:
        section.update({"mode": "sas", "sas": keys["sas_token"]})
    elif "client_secret" in keys:
        section.update(
            {
                "mode": "spn",
                "tenantid": keys["tenant_id"],
                "clientid": keys["client_id"],
                "clientsecret": keys["client_secret"],
            }
        )
    else:
        section["mode"] = "msi"
        if "managed_identity_client_id" in keys:
            section["appid"] = keys["managed_identity_client_id"]
    return section


def _options(config: Dict[str, Any], options: Dict[str, Any]) -> None:
    """Put a mount's options, `section.key`, over the configuration."""
    for given, value in options.items():
        section, key = blobfuse2_keys.split(str(given))
        if given in _NEEDED:
            raise Refused(f"blobfuse2 option {given}: {_NEEDED[given]}")
        if section:
            config.setdefault(section, {})[key] = _value(given, value)
        else:
            config[key] = _value(given, value)
    chosen = config["components"]
    for section in ("file_cache", "block_cache", "xload"):
        if section in config and section not in chosen:
            raise Refused(
                f"blobfuse2 options of {section} have no effect: its components are {', '.join(chosen)}",
                "give cache.size_mib or cache.path for file_cache, neither for block_cache",
            )


def _value(given: str, value: Any) -> Any:
    if isinstance(value, (list, tuple)) and value and all(isinstance(one, str) for one in value):
        return list(value)
    if value is None or isinstance(value, (dict, list, tuple)):
        raise Refused(f"blobfuse2 option {given}: {type(value).__name__} is not a value for it")
    # Ansible's templates make strings of numbers; blobfuse2 wants them as numbers. 0644 stays what it is.
    if isinstance(value, str) and re.fullmatch(r"0|-?[1-9][0-9]*", value):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


_TIME = re.compile(r"^(\w{3} \w{3} +\d+ [\d:]+ \w+ \d{4} : )?(blobfuse2\[\d+\] : )?(\[[^\]]*\] +)?(?=LOG_|Error: )")
_LEVEL = re.compile(r"^LOG_(?P<level>[A-Z]+) ?(\[[\w.-]+ \(\d+\)\])? ?:?\s*")
# Around an answer of Azure's.
_FRAME = re.compile(r"-{20}|</?[A-Za-z?]|RequestId:|Time:")


def readable(line: str) -> str:
    """Return a log line without time, process and place in the source; empty where it says nothing."""
    text = _TIME.sub("", line.strip())
    if _FRAME.match(text):
        return ""
    found = _LEVEL.match(text)
    if not found:
        return text
    if found["level"] in ("INFO", "DEBUG", "TRACE"):
        return ""
    return f"{found['level']}: {text[found.end() :]}"


def reason(lines: List[str], mount: Dict[str, Any]) -> Optional[str]:
    """Return why blobfuse2 does not work, from its readable lines; the latest cause counts."""
    container = mount["bucket"]
    causes = [
        (r"ContainerNotFound|container does not exist", f"container {container} does not exist"),
        (
            r"AuthorizationPermissionMismatch|InsufficientAccountPermissions",
            f"no permission to use container {container}",
        ),
        (
            r"AuthorizationFailure",
            f"no permission to use container {container} from here, or its credentials are not accepted",
        ),
        (
            r"AuthenticationFailed|InvalidAuthenticationInfo|invalid_client|AADSTS\d+",
            "the credentials are not accepted",
        ),
        (r"account name not provided", "the storage account is missing"),
        (r"(storage key|SAS key|Client ID, Tenant ID or Client Secret) not provided", "credentials: {} not provided"),
        (r"mutually exclusive", "credentials: a managed identity is named in more than one way"),
        (r"ManagedIdentityCredential|IMDS|169\.254\.169\.254", "no managed identity on this host"),
        (r"unknown flag: (--[\w-]+)", "blobfuse2 does not know the option {}"),
        (r'invalid argument "?([^"]*)"? for "?([^"]*?)"? flag', "{} is not a value for the blobfuse2 option {}"),
        (r"(failed to unmarshal config|invalid config file|config error in \w+)(.*)", "{}{}"),
        (r"mount directory is not empty", f"{mount.get('path')} is not empty"),
        *reasons.network(mount.get("endpoint") or f"https://{mount.get('account') or 'ACCOUNT'}.blob.core.windows.net"),
    ]
    return reasons.latest(lines, causes) or reasons.last_error(lines, r"(?:ERR|CRIT|Error|PANIC): ")
