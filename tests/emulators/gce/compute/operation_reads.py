"""Operations, read and waited for: global ones, of a region, of a zone."""

from __future__ import annotations

from typing import Any

from emulators.gce import lists
from emulators.gce.call import Call, handles


def _parent(call: Call) -> str:
    scope = next((f"{one}s/{call.params[one]}" for one in ("zone", "region") if one in call.params), "global")
    call.cloud.require_place(scope)
    return f"projects/{call.project.id}/{scope}"


def _register(where: str) -> None:
    @handles(f"compute.{where}Operations.get", f"compute.{where}Operations.get")
    def get(call: Call) -> dict[str, Any]:
        return call.cloud.operations.find(f"{_parent(call)}/operations/{call.params['operation']}")

    @handles(f"compute.{where}Operations.wait", f"compute.{where}Operations.get")
    def wait(call: Call) -> dict[str, Any]:
        return call.cloud.operations.wait(f"{_parent(call)}/operations/{call.params['operation']}")

    @handles(f"compute.{where}Operations.list", f"compute.{where}Operations.list")
    def list_(call: Call) -> dict[str, Any]:
        return lists.one_scope(call, "operation", call.cloud.operations.of(_parent(call)))


for _where in ("global", "region", "zone"):
    _register(_where)
