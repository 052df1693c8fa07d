"""cloudresourcemanager.googleapis.com: the project, and what the caller may do in it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from emulators.gce import errors
from emulators.gce.call import Call, handles

if TYPE_CHECKING:
    from emulators.gce.projects import Project


def _project(call: Call, name: str) -> Project:
    found = call.cloud.projects.find(name.removeprefix("projects/"))
    if found is None or not call.cloud.may(call.identity, "resourcemanager.projects.get", f"projects/{found.id}"):
        # Whether it is not there or only hidden, Google does not say.
        raise errors.ApiError(403, "The caller does not have permission")
    return found


def _made(project: Project) -> str:
    return dt.datetime.fromisoformat(project.made).astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


@handles("cloudresourcemanager.projects.get")
def get(call: Call) -> dict[str, Any]:
    project = _project(call, call.params["projectId"])
    return {
        "projectNumber": project.number,
        "projectId": project.id,
        "name": project.id,
        "lifecycleState": "ACTIVE",
        "createTime": _made(project),
    }


@handles("cloudresourcemanager.projects.get@v3")
def get_v3(call: Call) -> dict[str, Any]:
    project = _project(call, call.params["name"])
    names = {"name": f"projects/{project.number}", "projectId": project.id, "displayName": project.id}
    return {**names, "state": "ACTIVE", "createTime": _made(project), "etag": "W/emulated"}


def _held(call: Call) -> dict[str, Any]:
    project = _project(call, call.params["resource"])
    wanted = call.body.get("permissions", [])
    held = [one for one in wanted if call.cloud.may(call.identity, one, f"projects/{project.id}")]
    return {"permissions": held} if held else {}


handles("cloudresourcemanager.projects.testIamPermissions")(_held)
handles("cloudresourcemanager.projects.testIamPermissions@v3")(_held)
