"""Instances: made, read, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulators.gce import errors, lists, quotas
from emulators.gce.call import Call, handles
from emulators.gce.compute import common, disks, instance_disks, instance_fields, instance_interfaces
from emulators.gce.compute.instance_power import Boot
from emulators.gce.links import link, region_of
from emulators.gce.operations import OperationError, Plan
from emulators.gce.world import fingerprint

if TYPE_CHECKING:
    from emulators.gce.world import Resource

_PORTS = range(1, 5)


@handles("compute.instances.get", "compute.instances.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.world.get(common.path_of(call, "instances")).data


@handles("compute.instances.list", "compute.instances.list")
def list_(call: Call) -> dict[str, Any]:
    scope = f"zones/{call.params['zone']}"
    call.cloud.require_place(scope)
    found = call.cloud.world.of("instances", call.project.id, scope)
    return lists.one_scope(call, "instance", [one.data for one in found])


@handles("compute.instances.aggregatedList", "compute.instances.list")
def aggregated(call: Call) -> dict[str, Any]:
    found = [one.data for one in call.cloud.world.of("instances", call.project.id)]
    return lists.all_scopes(call, "instance", "instances", found, "zones")


@handles("compute.instances.insert", "compute.instances.create")
def insert(call: Call) -> dict[str, Any]:
    cloud, body, zone = call.cloud, call.body, call.params["zone"]
    path = common.new_path(call, "instances")
    if cloud.world.find(path):
        raise errors.exists(path)
    if "sourceInstanceTemplate" in call.query or "sourceMachineImage" in call.query:
        raise errors.not_emulated("an instance from a template")
    labels = body.get("labels", {})
    common.check_labels(labels, "resource.labels")
    machine = instance_fields.machine_type(call)
    shown, gpus = instance_fields.accelerators(call, machine)
    schedule = instance_fields.scheduling(call, has_gpu=bool(gpus))
    its_disks = instance_disks.read(call, machine)
    interfaces, uses = instance_interfaces.read(call)
    data = {
        "zone": link(f"projects/{call.project.id}/zones/{zone}"),
        "machineType": link(f"projects/{call.project.id}/zones/{zone}/machineTypes/{machine}"),
        "status": "PROVISIONING",
        "scheduling": schedule,
        "networkInterfaces": interfaces,
        "metadata": instance_fields.metadata(body.get("metadata", {})),
        "tags": instance_fields.tags(body.get("tags", {})),
        "disks": [dict(one) for one, _, _ in its_disks],
        **common.label_fields(labels),
        **instance_fields.small_fields(call, machine),
    }
    accounts = instance_fields.service_accounts(body.get("serviceAccounts", []), call.project.compute_account)
    data |= {"serviceAccounts": accounts} if accounts else {}
    data |= {"guestAccelerators": shown} if shown else {}
    _require_all(call, data, its_disks)
    instance = cloud.world.add(path, data, uses)
    data["fingerprint"] = fingerprint(data)
    usage = quotas.of_machine(machine, gpus, region_of(zone), spot=schedule["preemptible"])
    usage["IN_USE_ADDRESSES", region_of(zone)] = sum(len(one.get("accessConfigs", [])) for one in interfaces)
    instance.hidden["usage"] = usage
    refused = cloud.quotas.promise(path, usage)
    _make_disks(call, instance, its_disks)
    boot = Boot(cloud, instance, "on_create")

    def start() -> None:
        if refused:
            raise refused
        require_account(call, instance.data.get("serviceAccounts", []))
        boot.start()

    def finish() -> None:
        boot.finish()
        cloud.quotas.release(path)
        instance.ready = True

    def undo() -> None:
        cloud.quotas.release(path)
        remove(call, instance, everything=True)

    plan = Plan(start=start, ready=boot.ready, finish=finish, undo=undo)
    return common.begin(call, "insert", instance, plan)


def _require_all(call: Call, data: dict[str, Any], its_disks: list[Any]) -> None:
    """Refuse where the caller may not do what the instance carries with it."""
    service = call.cloud.service("compute.googleapis.com")
    for one in data["networkInterfaces"]:
        subnetwork = one["subnetwork"].partition("/v1/")[2]
        service.require(call, "compute.subnetworks.use", subnetwork)
        if "accessConfigs" in one:
            service.require(call, "compute.subnetworks.useExternalIp", subnetwork)
    more = ["compute.disks.create"] if any(made for _, _, made in its_disks) else ["compute.disks.use"]
    for field, permission in (("labels", "setLabels"), ("serviceAccounts", "setServiceAccount")):
        more += [f"compute.instances.{permission}"] if data.get(field) else []
    for field, permission in (("metadata", "setMetadata"), ("tags", "setTags")):
        more += [f"compute.instances.{permission}"] if data[field].get("items") else []
    for permission in more:
        service.require(call, permission)


def _make_disks(call: Call, instance: Resource, its_disks: list[Any]) -> None:
    for index, (_, path, made) in enumerate(its_disks):
        disk = call.cloud.world.add(path, made) if made else call.cloud.world.get(path)
        disk.ready = True
        disks.attach(disk, instance)
        instance.data["disks"][index]["source"] = disk.link


def require_account(call: Call, accounts: list[dict[str, Any]]) -> None:
    """Fail the operation where the service account is not there, or the caller may not act as it."""
    for one in accounts:
        email = one["email"]
        if not call.cloud.accounts.visible(email):
            message = f"The resource '{email}' of type 'serviceAccount' was not found."
            raise OperationError("RESOURCE_NOT_FOUND", message, 404)
        if not call.cloud.may(call.identity, "iam.serviceAccounts.actAs", f"serviceAccounts/{email}"):
            message = (
                f"The user does not have access to service account '{email}'.  User: '{call.who}'.  Ask a project "
                "owner to grant you the iam.serviceAccountUser role on the service account"
            )
            raise OperationError("SERVICE_ACCOUNT_ACCESS_DENIED", message, 400)


@handles("compute.instances.delete", "compute.instances.delete")
def delete(call: Call) -> dict[str, Any]:
    cloud = call.cloud
    instance = cloud.world.get(common.path_of(call, "instances"))
    if instance.deleting:
        raise errors.not_ready(instance.path)
    if instance.data["deletionProtection"]:
        message = (
            f"Invalid resource usage: 'Resource cannot be deleted if it's protected against deletion. {instance.path}'."
        )
        raise errors.ApiError(400, message, "invalidResourceUsage")
    if not instance.ready:  # Google lets the insert end first
        raise errors.not_ready(instance.path)
    instance.deleting = True
    boot = Boot(cloud, instance, "on_delete")

    def start() -> None:
        instance.data["status"] = "STOPPING"
        boot.call()

    def undo() -> None:
        instance.deleting = False

    plan = Plan(start=start, ready=boot.ready, finish=lambda: remove(call, instance), undo=undo)
    return common.begin(call, "delete", instance, plan)


def remove(call: Call, instance: Resource, *, everything: bool = False) -> None:
    """Take an instance out of the world, and the disks that go with it."""
    world = call.cloud.world
    world.remove(instance.path)
    for one in instance.data["disks"]:
        disk = world.find(one["source"].partition("/v1/")[2])
        if disk is None:
            continue
        disks.detach(disk, instance)
        if one["autoDelete"] or (everything and not one.get("kept")):
            world.remove(disk.path)
    for path in instance.uses:
        if (used := world.find(path)) and used.collection == "addresses":
            used.data.update(status="RESERVED")
            used.data.pop("users", None)


@handles("compute.instances.getSerialPortOutput", "compute.instances.getSerialPortOutput")
def serial(call: Call) -> dict[str, Any]:
    instance = call.cloud.world.get(common.path_of(call, "instances"))
    port, begin = call.query.get("port", 1), int(call.query.get("start", 0))
    if port not in _PORTS:
        raise errors.invalid("port", port, "Must be between 1 and 4.")
    source = instance.hidden.get("serial", "")
    text = "" if port > 1 else source() if callable(source) else source
    path = f"{instance.link}/serialPort"
    return {
        "kind": "compute#serialPortOutput",
        "selfLink": path,
        "contents": text[begin:],
        "start": str(min(begin, len(text))),
        "next": str(len(text)),
    }
