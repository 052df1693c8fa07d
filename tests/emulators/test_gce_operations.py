"""Operations: their way, how they fail, requests that come twice; quotas and zones that are full."""

from __future__ import annotations

import time
import uuid

import pytest

from emulators.conftest import ZONE, instance

NETWORK = {"name": "n", "autoCreateSubnetworks": False}
INSTANCES = f"zones/{ZONE}/instances"
P = "projects/px-test"


def test_pending_running_done(client, cloud):
    cloud.operations.pace.seconds = 0.8
    began = time.monotonic()
    _, operation = client("POST", "global/networks", NETWORK)
    assert (operation["status"], operation["operationType"], operation["progress"]) == ("PENDING", "insert", 0)
    assert operation["targetLink"] == f"https://www.googleapis.com/compute/v1/{P}/global/networks/n"
    seen = [operation["status"]]
    while seen[-1] != "DONE":
        now = client("GET", operation["selfLink"])[1]
        seen += [now["status"]] if now["status"] not in seen else []
    assert seen == ["PENDING", "RUNNING", "DONE"]
    assert time.monotonic() - began >= 0.8
    assert now["targetId"] == client.get("global/networks/n")["id"]
    assert (now["progress"], now["user"]) == (100, cloud.controller.email)


@pytest.mark.parametrize(
    ("path", "body", "scope"),
    [
        ("global/networks", NETWORK, "global"),
        ("regions/us-central1/addresses", {"name": "ip"}, "regions/us-central1"),
        (f"zones/{ZONE}/disks", {"name": "d", "sizeGb": 10}, f"zones/{ZONE}"),
    ],
)
def test_an_operation_lives_where_its_resource_does(client, path, body, scope):
    operation = client.done("POST", path, body)
    link = f"https://www.googleapis.com/compute/v1/{P}/{scope}"
    assert operation["selfLink"] == f"{link}/operations/{operation['name']}"
    places = {key: operation[key] for key in ("zone", "region") if key in operation}
    assert places == ({} if scope == "global" else {scope.split("s/")[0]: link})
    assert [one["name"] for one in client.get(f"{scope}/operations")["items"]] == [operation["name"]]
    other = "zones/us-east1-b" if scope == "global" else "global"
    message = f"The resource '{P}/{other}/operations/{operation['name']}' was not found"
    assert client.refusal("GET", f"{other}/operations/{operation['name']}") == (404, "notFound", message)


def test_wait_answers_when_it_is_done(client, cloud):
    cloud.operations.pace.rules.append(("insert", "/networks/n", 0.5))
    _, operation = client("POST", "global/networks", NETWORK)
    began = time.monotonic()
    assert client("POST", operation["selfLink"] + "/wait")[1]["status"] == "DONE"
    assert 0.2 < time.monotonic() - began < 2


def test_a_failure_after_it_is_done(client, cloud):
    cloud.fail("insert", "/networks/", code="INTERNAL_ERROR", message="Internal error. Please try again.")
    operation = client.done("POST", "global/networks", NETWORK)
    assert operation["error"]["errors"] == [{"code": "INTERNAL_ERROR", "message": "Internal error. Please try again."}]
    assert (operation["httpErrorStatusCode"], operation["httpErrorMessage"]) == (500, "INTERNAL SERVER ERROR")
    assert cloud.left() == []
    client.made("global/networks", NETWORK)  # only once


def test_a_delete_that_fails_leaves_what_was_there(client, cloud):
    client.made("global/networks", NETWORK)
    cloud.fail("delete", code="INTERNAL_ERROR", message="x")
    assert client.failure("DELETE", "global/networks/n")[0] == "INTERNAL_ERROR"
    assert "error" not in client.done("DELETE", "global/networks/n")


def test_a_request_that_comes_twice(client):
    number = str(uuid.uuid4())
    _, first = client("POST", f"global/networks?requestId={number}", NETWORK)
    status, second = client("POST", f"global/networks?requestId={number}", NETWORK)
    assert (status, second["name"], second["clientOperationId"]) == (200, first["name"], number)
    assert client.refusal("POST", "global/networks?requestId=1", NETWORK)[:2] == (400, "invalid")


def exhausted(zone, machine):
    message = f"The zone '{P}/zones/{zone}' does not have enough resources available to fulfill the request.  "
    return "ZONE_RESOURCE_POOL_EXHAUSTED", 503, message + "Try a different zone, or try again later."


def test_a_zone_without_machines_of_a_type(client, cloud):
    cloud.exhaust(ZONE, "e2-standard-4")
    operation = client.done("POST", INSTANCES, instance())
    error = operation["error"]["errors"][0]
    assert (error["code"], operation["httpErrorStatusCode"], error["message"]) == exhausted(ZONE, "e2-standard-4")
    assert operation["httpErrorMessage"] == "SERVICE UNAVAILABLE"
    assert error["errorDetails"][2]["errorInfo"]["reason"] == "resource_availability"
    assert cloud.left() == []
    other = f"zones/{ZONE}/machineTypes/e2-standard-8"
    client.made(INSTANCES, instance(machineType=other))
    client.made("zones/us-central1-b/instances", instance(zone="us-central1-b"))


def test_a_zone_that_has_none_for_a_while(client, cloud):
    cloud.exhaust(ZONE, times=2)
    assert [client.done("POST", INSTANCES, instance()).get("httpErrorStatusCode") for _ in range(3)] == [503, 503, None]
    client.done("POST", f"{INSTANCES}/a-1/stop")
    cloud.exhaust(ZONE, times=1)
    assert client.failure("POST", f"{INSTANCES}/a-1/start") == exhausted(ZONE, "e2-standard-4")
    assert client.get(f"{INSTANCES}/a-1")["status"] == "TERMINATED"


def usage(client, metric, path="regions/us-central1"):
    return next(one["usage"] for one in client.get(path)["quotas"] if one["metric"] == metric)


def test_cpus_are_counted_and_end(client, cloud):
    cloud.quotas.limit("CPUS", 8, "us-central1")
    client.made(INSTANCES, instance("a-1"))
    client.made(INSTANCES, instance("a-2"))
    assert (usage(client, "CPUS"), usage(client, "CPUS_ALL_REGIONS", "")) == (8, 8)
    assert usage(client, "IN_USE_ADDRESSES") == 2
    operation = client.done("POST", INSTANCES, instance("a-3"))
    error = operation["error"]["errors"][0]
    assert (error["code"], operation["httpErrorStatusCode"]) == ("QUOTA_EXCEEDED", 403)
    assert error["message"] == "Quota 'CPUS' exceeded.  Limit: 8.0 in region us-central1."
    info = error["errorDetails"][0]["quotaInfo"]
    assert (info["metricName"], info["limit"]) == ("compute.googleapis.com/cpus", 8)
    assert not any(one.endswith("a-3") for one in cloud.left())
    client.made("zones/us-east1-b/instances", instance(zone="us-east1-b"))
    client.done("POST", f"{INSTANCES}/a-1/stop")
    assert usage(client, "CPUS") == 4
    client.made(INSTANCES, instance("a-3"))
    assert client.failure("POST", f"{INSTANCES}/a-1/start")[0] == "QUOTA_EXCEEDED"


def test_instances_on_their_way_count(client, cloud):
    cloud.quotas.limit("CPUS_ALL_REGIONS", 4)
    cloud.operations.pace.seconds = 0.3
    begun = [client("POST", INSTANCES, instance(f"a-{number}"))[1] for number in (1, 2)]
    ended = [client("POST", one["selfLink"] + "/wait")[1] for one in begun]
    errors = [one.get("error", {"errors": [{"message": ""}]})["errors"][0]["message"] for one in ended]
    assert errors == ["", "Quota 'CPUS_ALL_REGIONS' exceeded.  Limit: 4.0 globally."]


def test_a_new_account_has_no_gpus(client, cloud):
    gpu = instance(
        machineType=f"zones/{ZONE}/machineTypes/g2-standard-4", scheduling={"onHostMaintenance": "TERMINATE"}
    )
    assert client.failure("POST", INSTANCES, gpu)[0] == "QUOTA_EXCEEDED"
    cloud.quotas.limit("NVIDIA_L4_GPUS", 1, "us-central1")
    cloud.quotas.limit("GPUS_ALL_REGIONS", 1)
    client.made(INSTANCES, gpu)
    assert usage(client, "NVIDIA_L4_GPUS") == 1


def test_networks_are_refused_at_once(client, cloud):
    cloud.quotas.limit("NETWORKS", 1)
    message = "Quota 'NETWORKS' exceeded.  Limit: 1.0 globally."
    assert client.refusal("POST", "global/networks", NETWORK) == (403, "quotaExceeded", message)
