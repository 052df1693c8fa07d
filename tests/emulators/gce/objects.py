"""storage.googleapis.com with objects: an object server behind Google's tokens, rights and refusals.

Buckets and their policies stay the emulator's own (`storage.py`); what is about objects goes on to the server, which
knows neither tokens nor rights, once both have been looked at.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import gcs
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import request as own
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Bucket

from emulators.exchange import Answer
from emulators.gce import errors, object_calls
from emulators.gce.identities import CLOUD_PLATFORM

if TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Where

    from emulators.exchange import Host, Request
    from emulators.gce.cloud import GoogleCloud
    from emulators.gce.object_calls import Needed

HOST = "storage.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/devstorage."
_WRITERS = {CLOUD_PLATFORM, f"{_SCOPE}full_control", f"{_SCOPE}read_write"}
_READERS = _WRITERS | {f"{_SCOPE}read_only"}
_DROPPED = {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
_SECONDS = 60
_GRPC_CODES = {401: 16, 403: 7, 404: 5}


@dataclass
class Objects:
    """Plays the host. `buckets` is who answers what is not about objects; `where` the object server."""

    cloud: GoogleCloud
    buckets: Host
    where: Where
    _made: set[str] = field(default_factory=set)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _uploads: dict[str, str] = field(default_factory=dict)  # path and id of a resumable upload -> bucket

    def __call__(self, request: Request) -> Answer:
        if request.path.startswith("/google.storage."):
            return self._grpc(request)
        wanted = object_calls.read(request, self._uploads)
        if wanted is None:
            return self.buckets(request)
        try:
            for needed in wanted:
                self._require(request, needed)
        except errors.ApiError as error:
            return object_calls.refusal(request, error)
        for needed in wanted:
            self._have_bucket(needed.bucket)
        move = object_calls.move(request)
        answer = self._move(request, *move) if move else self._forward(request)
        if location := answer.headers.get("Location", ""):
            self._uploads[object_calls.upload_of(location)] = wanted[0].bucket
        return answer

    def fault(self, status: int) -> Answer:
        return self.buckets.fault(status)

    def _require(self, request: Request, needed: Needed) -> None:
        """Refuse whoever may not do it: first for the token, then the bucket, then the right."""
        with self.cloud.world.lock:
            known = self.cloud.identities.of(request)
            identity, scopes = known or (None, _READERS)
            if needed.bucket not in self.cloud.buckets:
                raise errors.no_bucket()
            reads = needed.permission.rpartition(".")[2] in ("get", "list")
            if not scopes & (_READERS if reads else _WRITERS):
                raise errors.scope_too_small(HOST, needed.permission)
            if not self.cloud.may(identity, needed.permission, f"buckets/{needed.bucket}"):
                raise errors.denied_by_storage(identity.email if identity else "", needed.permission)

    def _have_bucket(self, name: str) -> None:
        with self._making:
            if name not in self._made:
                gcs.make_bucket(self.where, Bucket(name))
                self._made.add(name)

    def _forward(self, request: Request) -> Answer:
        """Ask the object server, by the name that it knows itself by, and answer in Google's."""
        name = own.host_of(self.where.port)
        kept = {key: value for key, value in request.headers.items() if key.lower() not in (*_DROPPED, "authorization")}
        headers = {**kept, "Host": name, "Content-Length": str(len(request.body))}
        connection = http.client.HTTPConnection(self.where.address, self.where.port, timeout=_SECONDS)
        try:
            connection.request(request.method, request.target, request.body, headers)
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        ours, theirs = f"https://{HOST}", f"http://{name}"
        shown = {
            key: value.replace(theirs, ours) for key, value in answer.headers.items() if key.lower() not in _DROPPED
        }
        if "json" in shown.get("Content-Type", "") and not object_calls.is_content(request):
            body = body.replace(theirs.encode(), ours.encode())
        return Answer(answer.status, body, shown)

    def _move(self, request: Request, source: str, copy: str) -> Answer:
        """Rename an object, which the object server cannot: by a copy, after which the source goes."""
        query = request.target.partition("?")[2]
        copied = self._forward(replace(request, target=f"{copy}?{query}"))
        if copied.status != HTTPStatus.OK:
            return copied
        self._forward(replace(request, method="DELETE", target=source, body=b""))
        return Answer.of(json.loads(copied.body)["resource"])

    def _grpc(self, request: Request) -> Answer:
        """Answer the one gRPC call that a mount by JSON makes: what kind of bucket is it?"""
        kind = {"content-type": "application/grpc"}
        if not request.path.endswith("StorageControl/GetStorageLayout"):
            return Answer(HTTPStatus.OK, b"", {**kind, "grpc-status": "12", "grpc-message": "not emulated"})
        # The request has one field, the name: projects/_/buckets/BUCKET/storageLayout.
        found = re.search(rb"projects/_/buckets/([^/]+)/storageLayout", request.body)
        bucket = found[1].decode() if found else ""
        try:
            self._require(request, object_calls.Needed("storage.objects.list", bucket))
        except errors.ApiError as error:
            refused = {"grpc-status": str(_GRPC_CODES[error.status]), "grpc-message": error.message.replace("%", "%25")}
            return Answer(HTTPStatus.OK, b"", {**kind, **refused})
        shown = self.cloud.buckets[bucket].shown()
        texts = (f"projects/_/buckets/{bucket}/storageLayout", shown["location"], shown["locationType"])
        message = b"".join(
            bytes([number << 3 | 2, len(text.encode())]) + text.encode() for number, text in enumerate(texts, 1)
        )
        return Answer(HTTPStatus.OK, b"\0" + len(message).to_bytes(4, "big") + message, {**kind, "grpc-status": "0"})


@dataclass
class OldName:
    """www.googleapis.com, where the older clients of Cloud Storage go: its objects here, all else as before."""

    objects: Objects
    others: Host

    def __call__(self, request: Request) -> Answer:
        first = unquote(urlsplit(request.target).path).split("/")[1]
        return (self.objects if first in ("storage", "upload", "download") else self.others)(request)

    def fault(self, status: int) -> Answer:
        return self.others.fault(status)
