"""The few S3 requests of goofys' start, signed by version 4 or 2 of Amazon's signature."""

import base64
import datetime as dt
import hashlib
import hmac
import socket
import time
import typing
import urllib.error
import urllib.parse
import urllib.request

_EMPTY = hashlib.sha256(b"").hexdigest()
_TRIES = 4


class RequestError(Exception):
    """No answer; the text is Go's."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_OPEN = urllib.request.build_opener(_Stay()).open


class Bucket(typing.NamedTuple):
    """A bucket and how to reach it."""

    name: str
    endpoint: str
    region: str
    subdomain: bool
    seconds: float

    def url(self, key=""):
        """Return an object's address, the bucket's without a key."""
        base = urllib.parse.urlsplit(self.endpoint or "https://s3.amazonaws.com")
        quoted = urllib.parse.quote(key, safe="/~")
        if self.subdomain:
            return f"{base.scheme}://{self.name}.{base.netloc}/{quoted}"
        return f"{base.scheme}://{base.netloc}/{self.name}/{quoted}".rstrip("/" if not key else "")


def head(url, seconds, headers=()):
    """Return (status, headers, start of the body) of a HEAD; raises RequestError."""
    return _send("HEAD", url, seconds, headers)


def signed(method, bucket, keys, key="", query="", version=4):
    """Return (status, headers, start of the body) of a signed request; raises RequestError."""
    url = bucket.url(key)
    sign = _version4 if version == 4 else _version2
    return _send(method, f"{url}?{query}" if query else url, bucket.seconds, sign(method, url, query, bucket, keys))


def _send(method, url, seconds, headers):
    for attempt in range(1, _TRIES + 1):
        try:
            request = urllib.request.Request(url, method=method, headers=dict(headers))  # noqa: S310
            with _OPEN(request, timeout=seconds) as answer:
                return answer.status, answer.headers, answer.read(4096)
        except urllib.error.HTTPError as error:
            if error.code < 500 or attempt == _TRIES:
                return error.code, error.headers, error.read(4096)
        except (OSError, ValueError) as error:
            if attempt == _TRIES:
                raise RequestError(_words(method, url, error)) from None
        time.sleep(0.05 * 2**attempt)
    raise AssertionError


def _words(method, url, error):
    where = urllib.parse.urlsplit(url)
    reason = getattr(error, "reason", error)
    if isinstance(reason, socket.gaierror):
        text = f"dial tcp: lookup {where.hostname}: no such host"
    elif isinstance(reason, ConnectionRefusedError):
        text = f"dial tcp {where.netloc}: connect: connection refused"
    elif isinstance(reason, socket.timeout):
        text = "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    else:
        text = str(reason)
    return f"RequestError: send request failed\ncaused by: {method.capitalize()} {url}: {text}"


def _version4(method, url, query, bucket, keys):
    where = urllib.parse.urlsplit(url)
    now = dt.datetime.now(dt.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": where.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": now}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join((method, where.path or "/", query, lines, names, _EMPTY))
    scope = f"{now[:8]}/{bucket.region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.identity}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    del headers["host"]
    return headers


def _version2(method, url, _query, bucket, keys):
    date = dt.datetime.now(dt.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    path = urllib.parse.urlsplit(url).path
    resource = f"/{bucket.name}{path}" if bucket.subdomain else path
    token = f"x-amz-security-token:{keys.token}\n" if keys.token else ""
    text = f"{method}\n\n\n{date}\n{token}{resource}"
    digest = base64.b64encode(hmac.new(keys.secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    headers = {"date": date, "authorization": f"AWS {keys.identity}:{digest}"}
    return {**headers, **({"x-amz-security-token": keys.token} if keys.token else {})}
