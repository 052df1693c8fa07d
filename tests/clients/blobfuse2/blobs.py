"""The listing of two blobs with which blobfuse2 tests the container before it mounts."""

import base64
import datetime as dt
import hashlib
import hmac
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request

# Of azblob 1.8, which an azurite of its time refuses without --skipApiVersionCheck.
_VERSION = os.environ.get("AZURE_STORAGE_SERVICE_API_VERSION", "2026-12-06")


class NotListed(Exception):
    """The container cannot be listed; the text is the SDK's."""


def test(account, settings):
    """List; raises NotListed. Refused connections are tried again as the settings say, which takes minutes."""
    retries = settings.get("azstorage.max-retries", 5)
    backoff = settings.get("azstorage.retry-backoff-sec", 4)
    longest = settings.get("azstorage.max-retry-delay-sec", 60)
    patience = settings.get("azstorage.max-retry-timeout-sec", 900)
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(min(longest, backoff * (2**attempt - 1)))
        try:
            return _list(account, settings.get("azstorage.subdirectory", ""), patience)
        except OSError as error:
            last = error
    raise NotListed(f"Get {account.endpoint}/{account.container}: dial tcp: {getattr(last, 'reason', last)}")


def _list(account, folder, seconds):
    query = {"comp": "list", "maxresults": "2", "restype": "container"}
    if folder.strip("/"):
        query["prefix"] = folder.strip("/") + "/"
    url = f"{account.endpoint}/{account.container}"
    headers = {"x-ms-version": _VERSION, "x-ms-date": _date()}
    if account.key:
        headers["Authorization"] = _shared_key(account, urllib.parse.urlsplit(url).path, query, headers)
    whole = f"{url}?{urllib.parse.urlencode(query)}" + (f"&{account.sas}" if account.sas else "")
    try:
        with urllib.request.urlopen(urllib.request.Request(whole, headers=headers), timeout=seconds):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        body = error.read(4096).decode(errors="replace")
        code = error.headers.get("x-ms-error-code") or "".join(re.findall(r"<Code>(.*?)</Code>", body)) or "Unknown"
        line = "-" * 80
        raise NotListed(
            f"GET {url}\n{line}\nRESPONSE {error.code}: {error.code} {error.reason}\nERROR CODE: {code}\n{line}"
        ) from None


def _date():
    return dt.datetime.now(dt.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")


def _shared_key(account, path, query, headers):
    named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
    resource = f"/{account.name}{path}" + "".join(f"\n{name}:{query[name]}" for name in sorted(query))
    text = "GET" + "\n" * 12 + named + resource
    try:
        key = base64.b64decode(account.key, validate=True)
    except ValueError:
        raise NotListed("failed to create shared key credential: decode account key: illegal base64 data") from None
    digest = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    return f"SharedKey {account.name}:{digest}"
