"""One API behind its host: route, identity, API enabled, scopes, parameters, body, permissions; then the handler."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from emulators.exchange import Answer
from emulators.gce import discovery, errors, fields
from emulators.gce.call import HANDLERS, Call

if TYPE_CHECKING:
    from emulators.exchange import Request
    from emulators.gce.cloud import GoogleCloud
    from emulators.gce.discovery import Method
    from emulators.gce.identities import Identity

LOST = b"<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n"
RESOURCE = "resource"  # what Compute Engine calls a body in its errors


@dataclass
class Service:
    """An API. `style` is the form of its errors; `more_scopes` are taken although the description names them not."""

    cloud: GoogleCloud
    api: discovery.Api
    name: str  # compute.googleapis.com
    style: str
    more_scopes: set[str] = field(default_factory=set)
    anonymous: bool = False  # a call without token comes through, and is refused by permission

    def __call__(self, request: Request) -> Answer:
        try:
            return self._answer(request)
        except errors.ApiError as error:
            return error.answer(self.style)

    def fault(self, status: int) -> Answer:
        messages = {
            429: "Rate Limit Exceeded",
            500: "Internal error. Please try again or contact Google Support.",
            503: "The service is currently unavailable.",
        }
        return errors.ApiError(status, messages.get(status, f"injected {status}")).answer(self.style)

    def _answer(self, request: Request) -> Answer:
        found = self.api.find(request.method, request.path)
        if found is None:
            return Answer(404, LOST, {"Content-Type": "text/html; charset=UTF-8"})
        method, params = found
        # Two versions of an API have the same ids.
        handled = HANDLERS.get(method.id if self.api.version == "v1" else f"{method.id}@{self.api.version}")
        if handled is None:
            raise errors.not_emulated(method.id)
        with self.cloud.world.lock:
            call = Call(self.cloud, method, request, self._identity(request, method), params)
            self._enabled(call)
            self.api.check_path(method, params)
            call.query = self.api.check_query(method, request.query)
            call.body = self._body(request, method)
            if known := self.cloud.operations.known(call.query.get("requestId", ""), method.id):
                return Answer.of(known)
            for permission in handled.permissions:
                self.require(call, permission)
            result = handled.handler(call)
            if isinstance(result, Answer):
                return result
            self._hold_to_the_schema(method, result)
            if "fields" in call.query:
                result = fields.pick(result, call.query["fields"])
            return Answer.of(result) if result or method.response else Answer(204)

    def _identity(self, request: Request, method: Method) -> Identity | None:
        known = self.cloud.identities.of(request)
        if known is None:
            if self.anonymous:
                return None
            raise errors.unauthenticated(sent=False)
        identity, scopes = known
        if method.scopes and not scopes & (method.scopes | self.more_scopes):
            raise errors.scope_too_small(self.name, method.id)
        return identity

    def _enabled(self, call: Call) -> None:
        project = self.cloud.projects.of_call(call)
        if project and self.name not in project.services:
            raise errors.service_disabled(self.api.document["title"], self.name, project.number)

    def _body(self, request: Request, method: Method) -> dict[str, Any]:
        at = RESOURCE if self.style == "errors" else ""
        if not request.body and method.request and at:
            raise errors.required(at)
        data = _parsed(request)
        if not method.request:
            unknown = [f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.' for name in data]
            if unknown:
                raise errors.bad_request([("", text) for text in unknown])
            return {}
        read = self.api.schemas.read(data, method.request, at, method.id)
        if read.wrong:
            raise errors.bad_request(read.wrong)
        if not data and at:
            raise errors.required(at)
        if read.missing:
            raise errors.required(read.missing[0])
        if read.patterns:
            raise errors.not_matching(*read.patterns[0])
        return read.body

    def require(self, call: Call, permission: str, resource: str = "") -> None:
        """Refuse a call whose sender lacks a permission on a resource: on what the call names."""
        resource = resource or self._named(call)
        if self.cloud.may(call.identity, permission, resource):
            return
        if self.name == "storage.googleapis.com":
            raise errors.denied_by_storage(call.who, permission)
        if self.style == "errors":
            raise errors.denied(permission, resource)
        raise errors.denied_by_iam(self.name, permission, resource)

    def _named(self, call: Call) -> str:
        """Return the path of what a call is about; of what is to be made where it makes something."""
        if self.name == "storage.googleapis.com":
            return f"buckets/{call.params.get('bucket', '')}"
        path = call.request.path.removeprefix(self.api.prefix).removeprefix(f"{self.api.version}/")
        path = re.sub(r":\w+$", "", path)
        if call.method.id.endswith(".insert"):
            return f"{path}/{call.body.get('name', '')}"
        verb = re.search(r"/(set|start$|stop$|update|serialPort|getGuestAttributes)", path)
        return path.rpartition("/")[0] if verb else path

    def _hold_to_the_schema(self, method: Method, result: dict[str, Any]) -> None:
        if method.response:
            lies = self.api.schemas.lies(result, method.response)
            assert not lies, f"the emulator's answer to {method.id} is none of Google's: {lies}"


def _parsed(request: Request) -> Any:
    """Return the JSON of a body; a form, as curl sends one unasked, is taken for query parameters."""
    if not request.body:
        return {}
    if request.headers.get_content_type() == "application/x-www-form-urlencoded":
        names = [name for name, _ in parse_qsl(request.body.decode(), keep_blank_values=True)]
        raise errors.bad_request([("", discovery.unknown_parameter(name)) for name in names or ["body"]])
    try:
        return json.loads(request.body)
    except ValueError:
        raise errors.bad_request([("", "Invalid JSON payload received. Unexpected token.")]) from None
