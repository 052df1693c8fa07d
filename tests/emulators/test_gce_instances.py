"""Instances: what becomes of them, what can be changed, and the machine that a test hooks in."""

from __future__ import annotations

import threading
import time

import pytest

from emulators.conftest import ZONE, instance
from emulators.gce import PROJECT, MachineError, Running

INSTANCES = f"zones/{ZONE}/instances"
ONE = f"{INSTANCES}/a-1"
SPOT = {"provisioningModel": "SPOT"}


def status(client, path=ONE):
    return client.get(path)["status"]


def nat(client, path=ONE):
    return client.get(path)["networkInterfaces"][0]["accessConfigs"][0].get("natIP")


def test_what_an_instance_says_of_itself(client, cloud):
    """All that a role reads, complete; the schema of the answer is checked with every answer."""
    account = cloud.controller.email
    scope = "https://www.googleapis.com/auth/devstorage.read_write"
    body = instance(
        labels={"px-cluster": "a"},
        tags={"items": ["a"]},
        metadata={"items": [{"key": "ssh-keys", "value": "px:key"}]},
        serviceAccounts=[{"email": account, "scopes": [scope]}],
    )
    client.made(INSTANCES, body)
    made = client.get(ONE)
    link = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}"
    assert made["selfLink"] == f"{link}/{ONE}"
    assert made["machineType"] == f"{link}/zones/{ZONE}/machineTypes/e2-standard-4"
    assert made["labels"] == {"px-cluster": "a"}
    assert made["serviceAccounts"] == [{"email": account, "scopes": [scope]}]
    assert made["metadata"]["items"] == [{"key": "ssh-keys", "value": "px:key"}]
    assert made["shieldedInstanceConfig"]["enableSecureBoot"] is False
    assert made["disks"][0]["source"] == f"{link}/zones/{ZONE}/disks/a-1"
    assert made["networkInterfaces"][0]["subnetwork"] == f"{link}/regions/us-central1/subnetworks/default"
    disk = client.get(f"zones/{ZONE}/disks/a-1")
    assert disk["users"] == [made["selfLink"]]
    assert disk["sourceImage"].endswith("/debian-cloud/global/images/debian-12-bookworm-v20261014")


def test_states_on_the_way(client, cloud):
    cloud.operations.pace.seconds = 2
    assert client("POST", INSTANCES, instance())[0] == 200
    seen = []
    while not seen or seen[-1] != "RUNNING":
        seen += [now] if (now := status(client)) not in seen else []
    assert seen == ["PROVISIONING", "STAGING", "RUNNING"]


def test_stop_start_and_the_address_that_goes(client, cloud):
    client.made(INSTANCES, instance())
    client.made(INSTANCES, instance("a-2"))
    assert nat(client) != nat(client, f"{INSTANCES}/a-2")
    assert "error" not in client.done("POST", f"{ONE}/stop")
    assert (status(client), nat(client)) == ("TERMINATED", None)
    assert "error" not in client.done("POST", f"{ONE}/stop")
    assert "error" not in client.done("POST", f"{ONE}/start")
    assert (status(client), bool(nat(client))) == ("RUNNING", True)
    assert "error" not in client.done("POST", f"{ONE}/start")


def test_labels_want_their_fingerprint(client):
    client.made(INSTANCES, instance(labels={"px-cluster": "a"}))
    seen = client.get(ONE)["labelFingerprint"]
    message = "Labels fingerprint either invalid or resource labels have changed"
    for body in ({"labels": {"x": "y"}}, {"labels": {"x": "y"}, "labelFingerprint": "AAAAAAAAAAA="}):
        assert client.refusal("POST", f"{ONE}/setLabels", body) == (412, "conditionNotMet", message)
    client.done("POST", f"{ONE}/setLabels", {"labels": {"x": "y"}, "labelFingerprint": seen})
    assert client.get(ONE)["labels"] == {"x": "y"}
    stale = {"labels": {}, "labelFingerprint": seen}
    assert client.refusal("POST", f"{ONE}/setLabels", stale) == (412, "conditionNotMet", message)


@pytest.mark.parametrize(
    ("what", "field", "items"),
    [("setMetadata", "metadata", [{"key": "a", "value": "b"}]), ("setTags", "tags", ["a"])],
)
def test_metadata_and_tags_want_theirs(client, what, field, items):
    client.made(INSTANCES, instance())
    refusal = client.refusal("POST", f"{ONE}/{what}", {"items": items})
    message = f"Supplied fingerprint does not match current {field} fingerprint."
    assert refusal == (412, "conditionNotMet", message)
    client.done("POST", f"{ONE}/{what}", {"items": items, "fingerprint": client.get(ONE)[field]["fingerprint"]})
    assert client.get(ONE)[field]["items"] == items


def test_a_machine_type_changes_while_it_is_stopped(client):
    client.made(INSTANCES, instance())
    body = {"machineType": f"zones/{ZONE}/machineTypes/e2-standard-8"}
    message = "The instance must be stopped before the machine type can be changed."
    assert client.refusal("POST", f"{ONE}/setMachineType", body) == (400, "badRequest", message)
    client.done("POST", f"{ONE}/stop")
    client.done("POST", f"{ONE}/setMachineType", body)
    assert client.get(ONE)["machineType"].endswith("/e2-standard-8")


def test_a_service_account_changes_while_it_is_stopped(client, cloud):
    client.made(INSTANCES, instance())
    body = {"email": cloud.controller.email, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}
    assert client.refusal("POST", f"{ONE}/setServiceAccount", body)[0] == 400
    client.done("POST", f"{ONE}/stop")
    client.done("POST", f"{ONE}/setServiceAccount", body)
    assert client.get(ONE)["serviceAccounts"][0]["email"] == cloud.controller.email


def test_protection_against_deletion(client):
    client.made(INSTANCES, instance(deletionProtection=True))
    assert client.refusal("DELETE", ONE)[:2] == (400, "invalidResourceUsage")
    client.done("POST", f"{ONE}/setDeletionProtection?deletionProtection=false")
    assert "error" not in client.done("DELETE", ONE)


def test_google_takes_a_spot_instance_back(client, cloud):
    client.made(INSTANCES, instance(scheduling=SPOT))
    made = client.get(ONE)["scheduling"]
    wanted = {"preemptible": True, "automaticRestart": False, "onHostMaintenance": "TERMINATE"}
    assert made == {**wanted, "provisioningModel": "SPOT", "instanceTerminationAction": "STOP"}
    cloud.preempt("a-1")
    cloud.operations.settle()
    assert (status(client), nat(client)) == ("TERMINATED", None)
    kinds = [one["operationType"] for one in client.get(f"zones/{ZONE}/operations", filter="user=system")["items"]]
    assert kinds == ["compute.instances.preempted"]
    client.done("POST", f"{ONE}/start")
    assert status(client) == "RUNNING"


class Hooked:
    """Machines that are made of nothing but notes."""

    def __init__(self):
        self.calls = []
        self.go = threading.Event()
        self.go.set()

    def on_create(self, order):
        self.go.wait(10)
        self.calls.append(("create", order))
        if order.name == "broken":
            raise MachineError("no host took it")
        return Running("10.128.0.77", "198.18.5.2", lambda: f"{order.name} login:\n")

    def on_start(self, order):
        self.calls.append(("start", order))
        return Running("10.128.0.77", "198.18.5.3")

    def on_stop(self, order):
        self.calls.append(("stop", order))

    def on_delete(self, order):
        self.calls.append(("delete", order))


@pytest.fixture
def hooked(cloud):
    cloud.machines.hook = Hooked()
    return cloud.machines.hook


def test_a_machine_is_told_what_the_call_carried_and_nothing_else(client, cloud, hooked):
    email, scope = cloud.controller.email, "https://www.googleapis.com/auth/cloud-platform"
    body = instance(
        metadata={"items": [{"key": "startup-script", "value": "#!/bin/sh"}]},
        labels={"px-host": "a-1"},
        tags={"items": ["px"]},
        serviceAccounts=[{"email": email, "scopes": [scope]}],
        scheduling=SPOT,
    )
    client.made(INSTANCES, body)
    [(what, order)] = hooked.calls
    assert what == "create"
    disks = order.disks
    assert [(one["sizeGb"], one["sourceImage"].rpartition("/")[2]) for one in disks] == [
        ("10", "debian-12-bookworm-v20261014")
    ]
    given = vars(order) | {"disks": ()}
    assert given == {
        "project": PROJECT,
        "number": cloud.project.number,
        "zone": ZONE,
        "name": "a-1",
        "id": client.get(ONE)["id"],
        "machine_type": "e2-standard-4",
        "hostname": f"a-1.{ZONE}.c.{PROJECT}.internal",
        "metadata": {"startup-script": "#!/bin/sh"},
        "labels": {"px-host": "a-1"},
        "tags": ("px",),
        "service_account": email,
        "scopes": (scope,),
        "disks": (),
        "spot": True,
    }


def test_its_addresses_and_its_console_are_the_machines(client, hooked):
    client.made(INSTANCES, instance())
    first = client.get(ONE)["networkInterfaces"][0]
    assert (first["networkIP"], first["accessConfigs"][0]["natIP"]) == ("10.128.0.77", "198.18.5.2")
    console = client.get(f"{ONE}/serialPort", start=4)
    assert (console["contents"], console["next"]) == ("login:\n", "11")
    assert client.get(f"{ONE}/serialPort", port=2)["contents"] == ""
    client.done("POST", f"{ONE}/stop")
    client.done("POST", f"{ONE}/start")
    assert nat(client) == "198.18.5.3"
    client.done("DELETE", ONE)
    assert [what for what, _ in hooked.calls] == ["create", "stop", "start", "delete"]


def test_the_operation_lasts_until_the_machine_is_made(client, hooked):
    hooked.go.clear()
    _, operation = client("POST", INSTANCES, instance())
    time.sleep(0.2)
    assert client("GET", operation["selfLink"])[1]["status"] == "RUNNING"
    assert status(client) == "STAGING"
    hooked.go.set()
    assert client("POST", operation["selfLink"] + "/wait")[1]["status"] == "DONE"


def test_no_machine_came_of_it(client, cloud, hooked):
    failure = client.failure("POST", INSTANCES, instance("broken"))
    assert failure == ("INTERNAL_ERROR", 500, "no host took it")
    assert cloud.left() == []


def test_machines_end_with_the_cloud(cloud, client, hooked):
    client.made(INSTANCES, instance())
    cloud.close()
    assert [what for what, _ in hooked.calls] == ["create", "delete"]
    cloud.close()  # once is enough
    assert len(hooked.calls) == 2
