"""What can be changed of an instance; some of it only while it is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import catalog, errors, quotas
from emulators.gce.call import Call, handles
from emulators.gce.compute import common, instance_fields
from emulators.gce.compute.instances import require_account
from emulators.gce.links import link, region_of
from emulators.gce.operations import Plan

if TYPE_CHECKING:
    from emulators.gce.world import Resource


def _instance(call: Call) -> Resource:
    name = call.params.get("instance") or call.params["resource"]
    return call.cloud.world.get(common.path_of(call, "instances", name))


def _require_stopped(instance: Resource, what: str) -> None:
    if instance.data["status"] != "TERMINATED":
        message = f"The instance must be stopped before the {what} can be changed."
        raise errors.ApiError(400, message, "badRequest")


@handles("compute.instances.setLabels", "compute.instances.setLabels")
def set_labels(call: Call) -> dict[str, Any]:
    return common.set_labels(call, _instance(call))


@handles("compute.instances.setMetadata", "compute.instances.setMetadata")
def set_metadata(call: Call) -> dict[str, Any]:
    instance = _instance(call)
    common.require_fingerprint(call.body.get("fingerprint"), instance.data["metadata"]["fingerprint"], "metadata")
    new = instance_fields.metadata(call.body, "resource")
    return common.change(call, "setMetadata", instance, lambda: instance.data.update(metadata=new))


@handles("compute.instances.setTags", "compute.instances.setTags")
def set_tags(call: Call) -> dict[str, Any]:
    instance = _instance(call)
    common.require_fingerprint(call.body.get("fingerprint"), instance.data["tags"]["fingerprint"], "tags")
    new = instance_fields.tags(call.body, "resource")
    return common.change(call, "setTags", instance, lambda: instance.data.update(tags=new))


@handles("compute.instances.setMachineType", "compute.instances.setMachineType")
def set_machine_type(call: Call) -> dict[str, Any]:
    instance = _instance(call)
    name = instance_fields.machine_type(call)
    _require_stopped(instance, "machine type")
    region, spot = region_of(call.params["zone"]), instance.data["scheduling"]["preemptible"]
    shape = catalog.shapes()[name]
    gpus = [(shape["gpu"], shape["gpus"])] if shape["gpu"] else []

    def apply() -> None:
        kept = {key: value for key, value in instance.hidden["usage"].items() if key[0] == "IN_USE_ADDRESSES"}
        instance.hidden["usage"] = quotas.of_machine(name, gpus, region, spot=spot) | kept
        instance.data["machineType"] = link(
            f"projects/{call.project.id}/zones/{call.params['zone']}/machineTypes/{name}"
        )

    return common.change(call, "setMachineType", instance, apply)


@handles("compute.instances.setServiceAccount", "compute.instances.setServiceAccount")
def set_service_account(call: Call) -> dict[str, Any]:
    instance = _instance(call)
    _require_stopped(instance, "service account")
    wanted = [call.body] if call.body.get("email") else []
    accounts = instance_fields.service_accounts(wanted, call.project.compute_account)

    def apply() -> None:
        instance.data.pop("serviceAccounts", None)
        instance.data.update({"serviceAccounts": accounts} if accounts else {})

    plan = Plan(start=lambda: require_account(call, accounts), finish=apply)
    return common.begin(call, "setServiceAccount", instance, plan)


@handles("compute.instances.setDeletionProtection", "compute.instances.setDeletionProtection")
def set_protection(call: Call) -> dict[str, Any]:
    instance = _instance(call)
    wanted = call.query.get("deletionProtection", True)
    apply = {"deletionProtection": wanted}
    return common.change(call, "setDeletionProtection", instance, lambda: instance.data.update(apply))


@handles("compute.instances.updateShieldedInstanceConfig", "compute.instances.updateShieldedInstanceConfig")
def update_shielded(call: Call) -> dict[str, Any]:
    instance = _instance(call)
    new = instance.data["shieldedInstanceConfig"] | call.body
    if new != instance.data["shieldedInstanceConfig"]:
        _require_stopped(instance, "shielded VM configuration")
    apply = {"shieldedInstanceConfig": new}
    return common.change(call, "updateShieldedInstanceConfig", instance, lambda: instance.data.update(apply))
