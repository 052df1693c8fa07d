"""What the resources of Compute Engine have in common: insert, delete, references, labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulators.gce import errors, links
from emulators.gce.operations import OperationError, Plan
from emulators.gce.world import fingerprint

if TYPE_CHECKING:
    from emulators.gce.call import Call
    from emulators.gce.world import Resource

NAME = "(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)"
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_VALUE = re.compile(r"[a-z0-9_-]{0,63}")
MOST_LABELS = 64


def path_of(call: Call, collection: str, name: str = "") -> str:
    """Return the path of the resource that a call names, or of one of that name beside it."""
    params = call.params
    scope = next((f"{one}s/{params[one]}" for one in ("zone", "region") if one in params), "global")
    call.cloud.require_place(scope)
    name = name or params[collection.removesuffix("es") if collection == "addresses" else collection[:-1]]
    return f"projects/{call.project.id}/{scope}/{collection}/{name}"


def new_path(call: Call, collection: str) -> str:
    """Return the path of what a call is to make, its name checked."""
    name = call.body.get("name", "")
    if not name:
        raise errors.required("resource.name")
    if not re.fullmatch(NAME, name):
        raise errors.not_matching("resource.name", name, NAME)
    return path_of(call, collection, name)


def begin(call: Call, kind: str, resource: Resource, plan: Plan) -> dict[str, Any]:
    """Begin an operation on a resource."""
    request = (call.query.get("requestId", ""), call.method.id)
    return call.cloud.operations.begin(kind, resource.path, resource.data["id"], call.who, plan, request)


def insert(call: Call, path: str, data: dict[str, Any], uses: set[str]) -> dict[str, Any]:
    """Make a resource; it may be used once the operation has ended."""
    resource = call.cloud.world.add(path, data, uses)

    def finish() -> None:
        resource.ready = True

    return begin(call, "insert", resource, Plan(finish=finish, undo=lambda: call.cloud.world.remove(path)))


def delete(call: Call, path: str, *, late: bool = False, before: Any = None) -> dict[str, Any]:
    """Delete a resource that nothing uses; `late`: it is the operation that finds out that something does."""
    world = call.cloud.world
    resource = world.get(path)
    if resource.deleting:
        raise errors.not_ready(path)
    kind = resource.collection.removesuffix("es") if resource.collection == "addresses" else resource.collection[:-1]
    if not late and (users := world.users(path)):
        raise errors.ApiError(400, errors.in_use(kind, path, users[0].path), "resourceInUseByAnotherResource")
    resource.deleting = True

    def finish() -> None:
        if users := world.users(path):
            message = errors.in_use(kind, path, users[0].path)
            raise OperationError("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", message, 400)
        if before:
            before(resource)
        world.remove(path)

    def undo() -> None:
        resource.deleting = False

    return begin(call, "delete", resource, Plan(finish=finish, undo=undo))


def change(call: Call, kind: str, resource: Resource, apply: Any) -> dict[str, Any]:
    """Change a resource; the change shows when the operation ends."""
    if not resource.ready or resource.deleting:
        raise errors.not_ready(resource.path)
    return begin(call, kind, resource, Plan(finish=apply))


def reference(call: Call, value: str, collection: str, field: str, *, lost: int = 400) -> Resource:
    """Return the resource that a field names; it must be there and ready."""
    path = links.parse(value, collection, call.project.id, field)
    resource = call.cloud.world.find(path)
    if resource is None:
        raise errors.not_found(path) if lost == 404 else errors.missing(field, value, collection[:-1])
    if not resource.ready or resource.deleting:
        raise errors.not_ready(path)
    return resource


def check_labels(labels: dict[str, str], field: str) -> None:
    """Refuse labels that break the rules."""
    if len(labels) > MOST_LABELS:
        raise errors.invalid(field, "", f"Label count {len(labels)} exceeds the limit of {MOST_LABELS}.")
    which = "can only contain lowercase letters, numeric characters, underscores and dashes."
    for key, value in labels.items():
        if not _KEY.fullmatch(key):
            raise errors.invalid(
                field,
                "",
                f"Label key '{key}' violates format constraints. The key must start with a lowercase character, "
                f"{which} The key can be at most 63 characters long. International characters are allowed.",
            )
        if not _VALUE.fullmatch(value):
            raise errors.invalid(
                field,
                "",
                f"Label value '{value}' violates format constraints. The value {which} "
                "The value can be at most 63 characters long. International characters are allowed.",
            )


def label_fields(labels: dict[str, str]) -> dict[str, Any]:
    """Return what a resource shows of its labels."""
    return ({"labels": labels} if labels else {}) | {"labelFingerprint": fingerprint("labels", labels)}


def set_labels(call: Call, resource: Resource) -> dict[str, Any]:
    """Replace labels, where the caller has seen those that are there."""
    labels = call.body.get("labels", {})
    check_labels(labels, "resource.labels")
    if call.body.get("labelFingerprint", "") != resource.data["labelFingerprint"]:
        message = "Labels fingerprint either invalid or resource labels have changed"
        where = {"location": "If-Match", "locationType": "header"}
        raise errors.ApiError(412, message, "conditionNotMet", **where)

    def apply() -> None:
        resource.data.pop("labels", None)
        resource.data.update(label_fields(labels))

    return change(call, "setLabels", resource, apply)


def require_fingerprint(given: str | None, current: str, what: str = "fingerprint") -> None:
    """Refuse a change by somebody who has not seen the current state."""
    if given != current:
        message = f"Supplied fingerprint does not match current {what} fingerprint."
        raise errors.ApiError(412, message, "conditionNotMet", location="If-Match", locationType="header")
