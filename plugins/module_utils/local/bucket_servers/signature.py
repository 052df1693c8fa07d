"""The signatures by which S3 and Azure's blob service know who asks, for requests without a body."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import typing as t

_EMPTY = hashlib.sha256(b"").hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


def aws(method: str, path: str, host: str, access_key_id: str, secret_access_key: str) -> dict[str, str]:
    """Return the headers of an S3 request without query: AWS Signature Version 4, region us-east-1."""
    now = f"{_now():%Y%m%dT%H%M%SZ}"
    headers = {"host": host, "x-amz-content-sha256": _EMPTY, "x-amz-date": now}
    names = ";".join(headers)
    lines = [method, path, "", *(f"{name}:{value}" for name, value in headers.items()), "", names, _EMPTY]
    scope = (now[:8], "us-east-1", "s3", "aws4_request")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    key = f"AWS4{secret_access_key}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", now, "/".join(scope), digest])
    signed = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={access_key_id}/{'/'.join(scope)}"
    authorization = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signed}"
    return {
        "Authorization": authorization,
        "x-amz-content-sha256": _EMPTY,
        "x-amz-date": now,
    }


def azure(method: str, path: str, query: t.Mapping[str, str], account: str, account_key: str) -> dict[str, str]:
    """Return the headers of a request to the blob service: Shared Key; `path` begins with the account."""
    headers = {"x-ms-date": f"{_now():%a, %d %b %Y %H:%M:%S GMT}", "x-ms-version": "2021-12-02"}
    # Method and eleven headers, of which this request has none, then those of Azure, then what is asked for.
    lines = [method, *[""] * 11, *(f"{name}:{value}" for name, value in headers.items()), f"/{account}{path}"]
    lines += [f"{name}:{value}" for name, value in sorted(query.items())]
    key = base64.b64decode(account_key)
    signed = base64.b64encode(hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).digest()).decode()
    return {**headers, "Authorization": f"SharedKey {account}:{signed}"}
