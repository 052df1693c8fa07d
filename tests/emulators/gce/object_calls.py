"""Calls that are about objects: which rights on which bucket each needs, and in which form it is refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from emulators.exchange import Answer

if TYPE_CHECKING:
    from emulators.exchange import Request
    from emulators.gce.errors import ApiError


class Needed(NamedTuple):
    """One right on one bucket."""

    permission: str
    bucket: str


_JSON = re.compile(r"/(?P<kind>storage|upload/storage|download/storage)/v1/b/(?P<bucket>[^/]+)/o(?:/(?P<rest>.*))?")
_XML = re.compile(r"/(?P<bucket>[a-z0-9][-_.a-z0-9]+[a-z0-9])/(?P<object>.+)")
# Paths of the JSON API and of its uploads, which are no bucket's.
_NOT_BUCKETS = ("storage", "upload", "download", "batch", "resumable")
_COPY = re.compile(r"[^/]+/(?:rewriteTo|copyTo)/b/(?P<bucket>[^/]+)/o/")
_MOVE = re.compile(r"(?P<source>/storage/v1/b/(?P<bucket>[^/]+)/o/[^/]+)/moveTo/o/(?P<target>[^/]+)")
_OF_METHOD = {"GET": "get", "HEAD": "get", "DELETE": "delete", "PATCH": "update", "PUT": "update"}
_XML_CODES = {401: "AuthenticationRequired", 403: "AccessDenied", 404: "NoSuchBucket"}


def _objects(what: str, bucket: str) -> Needed:
    return Needed(f"storage.objects.{what}", unquote(bucket))


def read(request: Request, uploads: dict[str, str]) -> list[Needed] | None:
    """Return the rights that a call needs; None: it is not about objects. `uploads` are those under way."""
    path = urlsplit(request.target).path
    if bucket := uploads.get(upload_of(request.target)):
        return [_objects("create", bucket)]
    if found := _JSON.fullmatch(path):
        return _of_json(request.method, found["kind"], found["bucket"], found["rest"] or "")
    found = _XML.fullmatch(path)
    if found and found["bucket"] not in _NOT_BUCKETS:
        return [
            _objects("create" if request.method in ("PUT", "POST") else _OF_METHOD[request.method], found["bucket"])
        ]
    return None


def _of_json(method: str, kind: str, bucket: str, rest: str) -> list[Needed]:
    if kind == "upload/storage":
        return [_objects("create", bucket)]
    if not rest:
        return [_objects("list" if method == "GET" else "create", bucket)]
    if copy := _COPY.match(rest):
        return [_objects("get", bucket), _objects("create", copy["bucket"])]
    if rest.endswith("/compose"):
        return [_objects("get", bucket), _objects("create", bucket)]
    if "/moveTo/" in rest:
        return [_objects(what, bucket) for what in ("get", "create", "delete")]
    return [_objects(_OF_METHOD.get(method, "update"), bucket)]


def upload_of(target: str) -> str:
    """Return what names a resumable upload in the address at which it goes on; empty where it names none."""
    parts = urlsplit(target)
    upload = parse_qs(parts.query).get("upload_id", [""])[0]
    if upload:
        return upload
    return parts.path if "/resumable/" in parts.path else ""


def move(request: Request) -> tuple[str, str] | None:
    """Return, of a call that renames an object, the object's path and the one at which it would be copied."""
    found = _MOVE.fullmatch(urlsplit(request.target).path)
    if found is None or request.method != "POST":
        return None
    return found["source"], f"{found['source']}/rewriteTo/b/{found['bucket']}/o/{found['target']}"


def is_content(request: Request) -> bool:
    """Tell whether the answer to a call is an object's content, whatever it looks like."""
    parts = urlsplit(request.target)
    return not _JSON.fullmatch(parts.path) or "media" in parse_qs(parts.query).get("alt", [])


def refusal(request: Request, error: ApiError) -> Answer:
    """Refuse in the form of the API that was called: JSON, or XML where the path is a bucket's."""
    if _JSON.fullmatch(urlsplit(request.target).path) or not _XML.fullmatch(urlsplit(request.target).path):
        return error.answer("errors")
    if request.target.split("/")[1] in _NOT_BUCKETS:
        return error.answer("errors")
    code = _XML_CODES.get(error.status, "InvalidArgument")
    text = f"<Error><Code>{code}</Code><Message>{code}</Message><Details>{escape(error.message)}</Details></Error>"
    headers = {"Content-Type": "application/xml; charset=UTF-8", **error.headers}
    return Answer(error.status, f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode(), headers)
