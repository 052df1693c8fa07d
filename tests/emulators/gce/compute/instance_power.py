"""Instances start and stop: by calls, and by Google that takes a spot instance back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce.call import Call, handles
from emulators.gce.compute import common
from emulators.gce.operations import Plan
from emulators.gce.world import now

if TYPE_CHECKING:
    from emulators.gce import machines
    from emulators.gce.cloud import GoogleCloud
    from emulators.gce.world import Resource

_STOPPED = ("TERMINATED", "STOPPING")


class Boot:
    """A machine of an instance on its way up or down, within an operation."""

    def __init__(self, cloud: GoogleCloud, instance: Resource, what: str) -> None:
        self.cloud = cloud
        self.instance = instance
        self.what = what
        self.errand: machines.Errand | None = None

    def call(self) -> None:
        self.errand = self.cloud.machines.call(self.what, self.cloud.order(self.instance))

    def start(self) -> None:
        self.cloud.require_capacity(self.instance)
        self.instance.data["status"] = "STAGING"
        self.call()

    def ready(self) -> bool:
        return self.errand is None or self.errand.done

    def finish(self) -> None:
        """The machine runs: it has its addresses now, those of the hook or invented ones."""
        assert self.errand
        running = self.cloud.machines.result(self.errand)
        data = self.instance.data
        self.instance.hidden["serial"] = running.serial
        first = data["networkInterfaces"][0]
        if running.internal:
            first["networkIP"] = running.internal
        for one in data["networkInterfaces"]:
            for access in one.get("accessConfigs", []):
                access.setdefault(
                    "natIP", (running.external if one is first else "") or self.cloud.addresses.external()
                )
        for path in self.instance.uses:
            if (used := self.cloud.world.find(path)) and used.collection == "addresses":
                used.data.update(status="IN_USE", users=[self.instance.link])
        data.update(status="RUNNING", lastStartTimestamp=now())


def went_down(cloud: GoogleCloud, instance: Resource) -> None:
    """An instance that stops gives its external address back, but for a reserved one."""
    instance.data.update(status="TERMINATED", lastStopTimestamp=now())
    reserved = {
        one.data["address"]
        for path in instance.uses
        if (one := cloud.world.find(path)) and one.collection == "addresses"
    }
    for one in instance.data["networkInterfaces"]:
        for access in one.get("accessConfigs", []):
            if access.get("natIP") not in reserved:
                access.pop("natIP", None)


@handles("compute.instances.stop", "compute.instances.stop")
def stop(call: Call) -> dict[str, Any]:
    instance = call.cloud.world.get(common.path_of(call, "instances"))
    if instance.data["status"] in _STOPPED:
        return common.change(call, "stop", instance, lambda: None)
    return begin_stop(call, instance, "stop")


def begin_stop(call: Call, instance: Resource, kind: str) -> dict[str, Any]:
    boot = Boot(call.cloud, instance, "on_stop")

    def start() -> None:
        instance.data["status"] = "STOPPING"
        boot.call()

    plan = Plan(start=start, ready=boot.ready, finish=lambda: went_down(call.cloud, instance))
    return common.begin(call, kind, instance, plan)


@handles("compute.instances.start", "compute.instances.start")
def start(call: Call) -> dict[str, Any]:
    instance = call.cloud.world.get(common.path_of(call, "instances"))
    if instance.data["status"] not in _STOPPED:
        return common.change(call, "start", instance, lambda: None)
    boot = Boot(call.cloud, instance, "on_start")
    refused = call.cloud.quotas.promise(instance.path, instance.hidden["usage"])

    def begin() -> None:
        if refused:
            raise refused
        boot.start()

    def finish() -> None:
        boot.finish()
        call.cloud.quotas.release(instance.path)

    def undo() -> None:
        call.cloud.quotas.release(instance.path)
        instance.data["status"] = "TERMINATED"

    return common.begin(call, "start", instance, Plan(start=begin, ready=boot.ready, finish=finish, undo=undo))


def preempt(cloud: GoogleCloud, instance: Resource) -> dict[str, Any]:
    """Take a spot instance back: it is stopped, or deleted where it says so."""
    assert instance.data["scheduling"]["preemptible"], f"{instance.name} is no spot instance"
    assert instance.data["status"] == "RUNNING", f"{instance.name} does not run"
    boot = Boot(cloud, instance, "on_stop")

    def start() -> None:
        instance.data["status"] = "STOPPING"
        boot.call()

    plan = Plan(start=start, ready=boot.ready, finish=lambda: went_down(cloud, instance))
    kind = "compute.instances.preempted"
    return cloud.operations.begin(kind, instance.path, instance.data["id"], "system", plan)
