"""The table of FUSE clients: what their options are called, which px-ansible sets itself, and what they cannot do.

The clients' own modules refuse the same; here it is said before anything is touched, with the place in px.yaml.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = ("x86_64", "aarch64")


@dataclass(frozen=True, slots=True)
class Client:
    """One FUSE client, and the stores it serves.

    `option` is how the names of its options look, `option_form` the same in words. `settled` are options that
    px-ansible writes itself, with what to use in their place. `cannot` are keys of a mount (with dots) that it does not
    have: key -> what is the case, and what to write instead. `architectures` are those that it is built for. `version`
    is the one that its role installs; None is the one that is installed on the controller.
    """

    name: str
    stores: tuple[str, ...]
    option: str
    option_form: str
    settled: Mapping[str, str]
    cannot: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    architectures: tuple[str, ...] = ALL
    version: str | None = None

    def is_option(self, name: str) -> bool:
        """Tell whether an option could have this name."""
        return re.fullmatch(self.option, name) is not None


_FLAG = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
_FLAG_FORM = "must be the name of a flag: lower case letters, digits and dashes, without dashes in front"
_SERVICE = "remove it: the service decides how the client runs"
_JOURNAL = "remove it: the log is in the journal of the mount's service"


def _key(name: str) -> str:
    return f"use the mount's key {name!r}"


_MODES = {key: _key(key.replace("-", "_")) for key in ("dir-mode", "file-mode")}
_OWNER = {key: _key(key) for key in ("gid", "uid")}

GCSFUSE = Client(
    name="gcsfuse",
    version="3.11.2",
    stores=("gcs",),
    option=_FLAG,
    option_form=_FLAG_FORM,
    settled={
        **_MODES,
        **_OWNER,
        "anonymous-access": _key("anonymous"),
        "cache-dir": _key("cache: {path: FOLDER}"),
        "config-file": "write its settings as options: their names are gcsfuse's flags",
        "custom-endpoint": _key("endpoint"),
        "foreground": _SERVICE,
        "key-file": _key("credentials"),
        "log-file": _JOURNAL,
        "o": "use the mount's key 'read_only', or the client's own flags",
        "only-dir": "write the folder behind the bucket: gs://BUCKET/FOLDER",
    },
)

GOOFYS = Client(
    name="goofys",
    version="0.24.0",
    stores=("s3", "spaces"),
    # debug_s3 and debug_fuse are spelt so.
    option=r"[a-z][a-z0-9]*([-_][a-z0-9]+)*",
    option_form="must be the name of a flag: lower case letters, digits, dashes and '_', without dashes in front",
    settled={
        **_MODES,
        **_OWNER,
        "cache": "goofys needs the program catfs for it: write 'client: rclone' and use the mount's key 'cache'",
        "endpoint": _key("endpoint"),
        "f": _SERVICE,
        "o": "use the mount's key 'read_only', or the client's own flags",
        "profile": _key("credentials"),
        "region": _key("region"),
    },
    cannot={
        "anonymous": ("goofys cannot be told to ask without credentials", "write 'client: rclone'"),
        "cache.path": ("goofys has no disk cache of its own", "write 'client: rclone', or take it out"),
        "cache.size": ("goofys has no disk cache of its own", "write 'client: rclone', or take it out"),
    },
    architectures=("x86_64",),
)

_ONE_MODE = ("blobfuse2 gives files and folders one mode, 0777", "take it out, or write 'client: rclone'")

BLOBFUSE2 = Client(
    name="blobfuse2",
    version="2.5.5",
    stores=("azure",),
    option=r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9-]*)?",
    option_form="must be a key of blobfuse2's config file, with a dot: block_cache.mem-size-mb",
    settled={
        "allow-other": "remove it: programs of all users may use the mount",
        "azstorage.account-key": _key("credentials"),
        "azstorage.account-name": "it is the first part of 'source': https://ACCOUNT.blob.core.windows.net/CONTAINER",
        "azstorage.appid": _key("credentials"),
        "azstorage.clientid": _key("credentials"),
        "azstorage.clientsecret": _key("credentials"),
        "azstorage.container": "it is the second part of 'source': https://ACCOUNT.blob.core.windows.net/CONTAINER",
        "azstorage.endpoint": _key("endpoint"),
        "azstorage.mode": _key("credentials"),
        "azstorage.sas": _key("credentials"),
        "azstorage.subdirectory": "write the folder behind the container in 'source'",
        "azstorage.tenantid": _key("credentials"),
        "file_cache.path": _key("cache: {path: FOLDER}"),
        "foreground": _SERVICE,
        "libfuse.gid": _key("gid"),
        "libfuse.uid": _key("uid"),
        "read-only": _key("read_only"),
    },
    cannot={"file_mode": _ONE_MODE, "dir_mode": _ONE_MODE},
)

RCLONE = Client(
    name="rclone",
    stores=("s3", "spaces", "gcs", "azure"),
    option=_FLAG,
    option_form=_FLAG_FORM,
    settled={
        **_OWNER,
        "allow-other": "remove it: programs of all users may use the mount",
        "cache-dir": _key("cache: {path: FOLDER}"),
        "config": "remove it: px-ansible writes rclone's config file",
        "daemon": _SERVICE,
        "dir-perms": _key("dir_mode"),
        "file-perms": _key("file_mode"),
        "log-file": _JOURNAL,
        "read-only": _key("read_only"),
    },
)

CLIENTS: Mapping[str, Client] = {client.name: client for client in (BLOBFUSE2, GCSFUSE, GOOFYS, RCLONE)}
