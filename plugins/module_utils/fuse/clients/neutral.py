"""What a mount asks for, read in the same way by every client: store, names, modes, cache, credentials.

A mount is the dict of px.storage.mounts: a key may be missing or None. What cannot be is `Refused`, by name.
"""

import json
import posixpath
import re
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Place
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

_CLIENTS_OF = {
    "gcs": "gcsfuse or rclone",
    "s3": "goofys or rclone",
    "spaces": "goofys or rclone",
    "azure": "blobfuse2 or rclone",
}
# By store: what belongs together, and what may be added to it.
_CREDENTIALS: Dict[str, List[Tuple[Tuple[str, ...], Tuple[str, ...]]]] = {
    "gcs": [(("service_account_key",), ())],
    "s3": [(("access_key_id", "secret_access_key"), ("session_token",))],
    "spaces": [(("access_key_id", "secret_access_key"), ("session_token",))],
    "azure": [
        (("account_key",), ()),
        (("sas_token",), ()),
        (("tenant_id", "client_id", "client_secret"), ()),
        (("managed_identity_client_id",), ()),
    ],
}
_BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._$-]*")
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_MODE = re.compile(r"0?[0-7]{3}")
_REGION = re.compile(r"[a-z0-9-]+")
_URL = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")


class Cache(NamedTuple):
    """What is remembered of a bucket: contents in a folder, attributes and listings for a time."""

    # None: no disk cache.
    folder: Optional[str]
    size_mib: Optional[int]
    # None: as long as the client does by itself.
    metadata_seconds: Optional[int]


def store(client: str, stores: Tuple[str, ...], mount: Dict[str, Any]) -> str:
    """Return the mount's store, and refuse what has no meaning there."""
    name = mount.get("store") or stores[0]
    if name not in stores:
        hint = f"use {_CLIENTS_OF[name]}" if name in _CLIENTS_OF else f"{client} knows {', '.join(stores)}"
        raise Refused(f"{client} cannot mount store {name}", hint)
    if mount.get("region") and name not in ("s3", "spaces"):
        raise Refused(f"region {mount['region']}: store {name} has none", "leave region out")
    if mount.get("account") and name != "azure":
        raise Refused(f"account {mount['account']}: store {name} has none", "leave account out")
    if name == "azure" and not mount.get("account"):
        raise Refused("account is missing", "name the storage account that the container is in")
    if mount.get("account") and not _ACCOUNT.fullmatch(str(mount["account"])):
        raise Refused(f"account {mount['account']!r} is not the name of a storage account", "write the name alone")
    return str(name)


def bucket(mount: Dict[str, Any]) -> str:
    """Return the bucket's name."""
    name = str(mount["bucket"])
    if not _BUCKET.fullmatch(name):
        raise Refused(f"bucket {name!r} is not the name of a bucket", "write the name alone, without scheme and path")
    return name


def prefix(mount: Dict[str, Any]) -> str:
    """Return the prefix without slashes at its ends; empty where there is none."""
    text = str(mount.get("prefix") or "").strip("/")
    if any(part in ("", ".", "..") for part in text.split("/")) and text:
        raise Refused(f"prefix {text!r}: write it in its plain form, such as a/b")
    if not text.isprintable():
        raise Refused(f"prefix {text!r} holds characters that cannot be printed")
    return text


def mode(mount: Dict[str, Any], name: str) -> Optional[str]:
    """Return file_mode or dir_mode as it was written."""
    value = mount.get(name)
    if value is None:
        return None
    if not _MODE.fullmatch(str(value)):
        raise Refused(f"{name} {value!r}: write it as three octal digits in quotes, such as '0644'")
    return str(value)


def endpoint(mount: Dict[str, Any]) -> Optional[str]:
    """Return the URL of the store, where it is not the vendor's own."""
    url = mount.get("endpoint")
    if not url:
        return None
    if not _URL.fullmatch(str(url)):
        raise Refused(f"endpoint {url!r} is not a URL", "write it as http://HOST:PORT or https://HOST")
    return str(url)


def s3_endpoint(store_name: str, mount: Dict[str, Any]) -> Tuple[Optional[str], str]:
    """Return endpoint and region of a bucket behind the S3 API; no endpoint where it is Amazon's."""
    url = endpoint(mount)
    region = str(mount.get("region") or "us-east-1")
    if not _REGION.fullmatch(region):
        raise Refused(f"region {region!r} is not the name of a region", "write it as us-east-1 or nyc3")
    if store_name == "spaces" and url is None:
        if not mount.get("region"):
            raise Refused("region is missing", "name the region of the Space, such as nyc3")
        url = f"https://{region}.digitaloceanspaces.com"
    return url, region


def cache(mount: Dict[str, Any], place: Place) -> Cache:
    """Return the mount's cache.

    Below a folder that the mount names, its cache is a folder of its own: clients empty theirs, and none can
    share one with another.
    """
    asked = mount.get("cache") or {}
    size, seconds = _number(asked, "size_mib", 1), _number(asked, "metadata_seconds", 0)
    path = asked.get("path")
    folder = None
    if path:
        folder = posixpath.join(str(path), posixpath.basename(place.cache))
    elif size is not None:
        folder = place.cache
    return Cache(folder, size, seconds)


def _number(asked: Dict[str, Any], name: str, least: int) -> Optional[int]:
    value = asked.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)) or int(value) < least:
        raise Refused(f"cache.{name} {value!r} is not a whole number from {least} on")
    return int(value)


def credentials(store_name: str, mount: Dict[str, Any]) -> Dict[str, str]:
    """Return the mount's credentials, complete and of one kind; empty where the host's own identity is to be used.

    No message holds a value.
    """
    given = {name: value for name, value in (mount.get("credentials") or {}).items() if value is not None}
    if given and mount.get("anonymous"):
        raise Refused("anonymous and credentials exclude each other", "leave one of them out")
    kinds = _CREDENTIALS[store_name]
    known = [name for needed, more in kinds for name in needed + more]
    for name, value in given.items():
        if name not in known:
            raise Refused(f"credentials.{name} is not for store {store_name}", f"use {' | '.join(map(_words, kinds))}")
        if value == "" or (isinstance(value, str) and not value.strip()):
            raise Refused(f"credentials.{name} is empty", "leave it out to use the identity of the host")
    if not given:
        return {}
    fitting = [kind for kind in kinds if set(given) <= set(kind[0] + kind[1])]
    if not fitting:
        raise Refused(f"credentials {', '.join(sorted(given))} exclude each other", "give those of one kind")
    missing = [name for name in fitting[0][0] if name not in given]
    if missing:
        raise Refused(f"credentials.{missing[0]} is missing", f"it belongs to {', '.join(sorted(given))}")
    # In their own order, so that the same credentials are the same file.
    return {name: _clean(name, given[name]) for name in fitting[0][0] + fitting[0][1] if name in given}


def _words(kind: Tuple[Tuple[str, ...], Tuple[str, ...]]) -> str:
    return "+".join(kind[0])


def _clean(name: str, value: Any) -> str:
    if name == "service_account_key":
        return _key_file(value)
    text = str(value).strip()
    if not text.isprintable() or " " in text:
        raise Refused(f"credentials.{name} holds white space")
    return text


def _key_file(value: Any) -> str:
    """Return the text of a key file of Google's. Ansible may have read the JSON text already."""
    try:
        key = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        key = None
    if not isinstance(key, dict) or "type" not in key:
        raise Refused("credentials.service_account_key is not a key file of Google's", "give the whole JSON text")
    return (value.strip() if isinstance(value, str) else json.dumps(key, indent=2, sort_keys=True)) + "\n"
