"""serviceusage.googleapis.com: which APIs are switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import errors
from emulators.gce.call import Call, handles
from emulators.gce.projects import APIS

if TYPE_CHECKING:
    from emulators.gce.projects import Project


def _project(call: Call, name: str) -> Project:
    return call.cloud.projects.get(name.split("/")[1])


def _service(project: Project, name: str) -> dict[str, Any]:
    if name not in APIS:
        raise errors.ApiError(403, f"Not found or permission denied for service(s): {name}.")
    parent = f"projects/{project.number}"
    state = "ENABLED" if name in project.services else "DISABLED"
    return {"name": f"{parent}/services/{name}", "parent": parent, "state": state, "config": {"name": name}}


@handles("serviceusage.services.get", "serviceusage.services.get")
def get(call: Call) -> dict[str, Any]:
    return _service(_project(call, call.params["name"]), call.params["name"].rpartition("/")[2])


@handles("serviceusage.services.batchGet", "serviceusage.services.get")
def batch_get(call: Call) -> dict[str, Any]:
    project = _project(call, call.params["parent"])
    names = [one.rpartition("/")[2] for one in call.query.get("names", [])]
    return {"services": [_service(project, name) for name in names]} if names else {}


@handles("serviceusage.services.list", "serviceusage.services.list")
def list_(call: Call) -> dict[str, Any]:
    project = _project(call, call.params["parent"])
    wanted = call.query.get("filter", "")
    if wanted not in ("", "state:ENABLED", "state:DISABLED"):
        raise errors.ApiError(400, f"Invalid filter: {wanted}")
    found = [_service(project, name) for name in sorted(APIS)]
    chosen = [one for one in found if wanted in ("", f"state:{one['state']}")]
    return {"services": chosen} if chosen else {}


@handles("serviceusage.services.enable", "serviceusage.services.enable")
def enable(call: Call) -> dict[str, Any]:
    project = _project(call, call.params["name"])
    name = call.params["name"].rpartition("/")[2]
    _service(project, name)
    project.services.add(name)
    kind = "type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse"
    done = {"@type": kind, "service": _service(project, name)}
    return {"name": "operations/noop.DONE_OPERATION", "done": True, "response": done}
