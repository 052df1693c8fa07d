"""Lists: of one scope and of all, filtered, in order, page by page."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from emulators.gce import errors
from emulators.gce.catalog import REGIONS, ZONES
from emulators.gce.filters import compile_filter
from emulators.gce.links import link

if TYPE_CHECKING:
    from emulators.gce.call import Call

MOST = 500


def one_scope(call: Call, kind: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a page of what is in one scope; `kind` is what an item is: `instance`, `network`."""
    page, token = _page(call, _fitting(call, items))
    path = call.request.path.split("/v1/", 1)[1]
    answer = {"kind": f"compute#{kind}List", "id": path, "selfLink": link(path)}
    return answer | ({"items": page} if page else {}) | ({"nextPageToken": token} if token else {})


def all_scopes(call: Call, kind: str, collection: str, items: list[dict[str, Any]], places: str) -> dict[str, Any]:
    """Return a page of what is anywhere, by scope; a scope with nothing says so, as it does at Google.

    `places` is `zones` or `regions`, for what lives there.
    """
    page, token = _page(call, _fitting(call, items))
    path = call.request.path.split("/v1/", 1)[1]
    scopes = [f"zones/{one}" for one in ZONES] if places == "zones" else [f"regions/{one}" for one in REGIONS]
    found: dict[str, Any] = {}
    for item in page:
        scope = "/".join(item["selfLink"].split("/projects/")[1].split("/")[1:3])
        found.setdefault(scope, {collection: []})[collection].append(item)
    if not call.query.get("pageToken"):
        found = {scope: found.get(scope) or _nothing(scope) for scope in scopes}
    answer = {"kind": f"compute#{kind}AggregatedList", "id": path, "selfLink": link(path), "items": found}
    return answer | ({"nextPageToken": token} if token else {})


def _nothing(scope: str) -> dict[str, Any]:
    message = f"There are no results for scope '{scope}' on this page."
    return {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": message, "data": [{"key": "scope", "value": scope}]}}


def _fitting(call: Call, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    fits = compile_filter(call.query.get("filter", ""), _fields(call))
    order = call.query.get("orderBy", "name")
    if order not in ("name", "creationTimestamp desc"):
        raise errors.invalid("orderBy", order, "Only 'name' and 'creationTimestamp desc' are supported.")
    chosen = [one for one in items if fits(one)]
    if order != "name":
        chosen.sort(key=lambda one: one["creationTimestamp"], reverse=True)
    return chosen


def _fields(call: Call) -> dict[str, Any]:
    """Return the fields that an item of this list can have: those of the schema of the answer's items."""
    schemas = call.cloud.compute.schemas
    items = schemas.properties[call.method.response]["items"]
    if "items" in items:
        return schemas.properties[items["items"]["$ref"]]
    inner = schemas.properties[items["additionalProperties"]["$ref"]]
    entry = next(one for name, one in inner.items() if name != "warning")
    return schemas.properties[entry["items"]["$ref"]]


def _page(call: Call, items: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Return a page and the token of the next; a token is good for the very same list only."""
    size = call.query.get("maxResults", MOST) or MOST
    if size > MOST:
        raise errors.invalid("maxResults", size, f"Values must be within the range: [0, {MOST}]")
    asked = [call.request.path, call.query.get("filter", ""), call.query.get("orderBy", "")]
    begin = 0
    if token := call.query.get("pageToken"):
        try:
            *of, begin = json.loads(base64.urlsafe_b64decode(token))
            assert of == asked
        except (ValueError, AssertionError):
            raise errors.invalid("pageToken", token) from None
    end = begin + size
    following = base64.urlsafe_b64encode(json.dumps([*asked, end]).encode()).decode() if end < len(items) else ""
    return items[begin:end], following
