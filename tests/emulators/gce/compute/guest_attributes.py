"""Guest attributes as the API shows them: all, those of a namespace, or one."""

from __future__ import annotations

from typing import Any

from emulators.gce import errors, guest_attributes
from emulators.gce.call import Call, handles
from emulators.gce.compute import common


@handles("compute.instances.getGuestAttributes", "compute.instances.getGuestAttributes")
def get(call: Call) -> dict[str, Any]:
    instance = call.cloud.world.get(common.path_of(call, "instances"))
    path, key = call.query.get("queryPath", ""), call.query.get("variableKey", "")
    if path and key:
        raise errors.invalid("queryPath", path, "At most one of 'queryPath' and 'variableKey' may be given.")
    wanted, _, name = (key or path).partition("/")
    items = [
        {"namespace": namespace, "key": one, "value": value}
        for namespace, pairs in sorted(guest_attributes.of(instance).items())
        for one, value in sorted(pairs.items())
        if wanted in ("", namespace) and name in ("", one)
    ]
    if not items:
        raise errors.ApiError(404, f"The resource '{key or path}' of type 'Guest Attribute' was not found.", "notFound")
    answer = {"kind": "compute#guestAttributes", "selfLink": f"{instance.link}/guestAttributes/{key or path}"}
    if key:
        return {**answer, "variableKey": key, "variableValue": items[0]["value"]}
    return {**answer, "queryPath": path, "queryValue": {"items": items}}
