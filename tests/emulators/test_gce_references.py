"""What a request names must be there, ready, and in the right place; what is in use stays."""

from __future__ import annotations

import pytest

from emulators.conftest import COMPUTE, ZONE, instance

INSTANCES = f"zones/{ZONE}/instances"
P = "projects/px-test"


def boots(image, **more):
    return [{"boot": True, "initializeParams": {"sourceImage": image, **more}}]


def interface(**more):
    return [more]


LOST = {
    "machine type": (
        instance(machineType=f"zones/{ZONE}/machineTypes/e2-huge"),
        (
            f"Invalid value for field 'resource.machineType': 'zones/{ZONE}/machineTypes/e2-huge'. "
            f"Machine type with name 'e2-huge' does not exist in zone '{ZONE}'."
        ),
    ),
    "machine type that the zone lacks": (
        instance(machineType=f"zones/{ZONE}/machineTypes/g4-standard-48"),
        (
            f"Invalid value for field 'resource.machineType': 'zones/{ZONE}/machineTypes/g4-standard-48'. "
            f"Machine type with name 'g4-standard-48' does not exist in zone '{ZONE}'."
        ),
    ),
    "machine type of another zone": (
        instance(machineType="zones/us-east1-b/machineTypes/e2-medium"),
        (
            "Invalid value for field 'resource.machineType': 'zones/us-east1-b/machineTypes/e2-medium'. "
            f"The machine type must be in the zone of the instance, '{ZONE}'."
        ),
    ),
    "machine type by its bare name": (
        instance(machineType="e2-medium"),
        "Invalid value for field 'resource.machineType': 'e2-medium'. The URL is malformed.",
    ),
    "image family": (
        instance(disks=boots("projects/debian-cloud/global/images/family/debian-9")),
        (
            "Invalid value for field 'resource.disks[0].initializeParams.sourceImage': "
            "'projects/debian-cloud/global/images/family/debian-9'. The referenced image resource cannot be found."
        ),
    ),
    "image by its bare name": (
        instance(disks=boots("debian-12")),
        "Invalid value for field 'resource.disks[0].initializeParams.sourceImage': 'debian-12'. The URL is malformed.",
    ),
    "disk type": (
        instance(
            disks=boots(
                "projects/debian-cloud/global/images/family/debian-12", diskType=f"zones/{ZONE}/diskTypes/pd-gold"
            )
        ),
        (
            f"Invalid value for field 'resource.disks[0].initializeParams.diskType': 'zones/{ZONE}/diskTypes/pd-gold'. "
            "The referenced diskType resource cannot be found."
        ),
    ),
    "network": (
        instance(networkInterfaces=interface(network="global/networks/lost")),
        (
            "Invalid value for field 'resource.networkInterfaces[0].network': 'global/networks/lost'. "
            "The referenced network resource cannot be found."
        ),
    ),
    "something else": (
        instance(networkInterfaces=interface(network="global/firewalls/default-allow-ssh")),
        (
            "Invalid value for field 'resource.networkInterfaces[0].network': 'global/firewalls/default-allow-ssh'. "
            "Unexpected resource collection 'firewalls'."
        ),
    ),
    "address": (
        instance(networkInterfaces=interface(accessConfigs=[{"natIP": "192.0.2.1"}])),
        (
            "Invalid value for field 'resource.networkInterfaces[0].accessConfigs[0].natIP': '192.0.2.1'. "
            "The specified external IP address '192.0.2.1' was not found in region 'us-central1'."
        ),
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_an_instance_names_what_is_not_there(client, cloud, case):
    body, message = LOST[case]
    assert client.refusal("POST", INSTANCES, body) == (400, "invalid", message)
    assert cloud.left() == []


def test_a_subnetwork_that_is_not_there(client):
    path = "regions/us-central1/subnetworks/lost"
    refusal = client.refusal("POST", INSTANCES, instance(networkInterfaces=interface(subnetwork=path)))
    assert refusal == (404, "notFound", f"The resource '{P}/{path}' was not found")


def test_a_subnetwork_of_another_region(client):
    body = instance(networkInterfaces=interface(subnetwork="regions/us-east1/subnetworks/default"))
    assert client.refusal("POST", INSTANCES, body)[2].endswith("must be in the region of the instance, 'us-central1'.")


def test_a_network_of_custom_mode_wants_a_subnetwork(client):
    client.made("global/networks", {"name": "n", "autoCreateSubnetworks": False})
    body = instance(networkInterfaces=interface(network="global/networks/n"))
    status, reason, message = client.refusal("POST", INSTANCES, body)
    assert (status, reason) == (400, "invalid")
    assert message.endswith("Subnetwork should be specified for custom subnetmode network")


@pytest.mark.parametrize("kind", ["Networks", "Firewalls", "Subnetworks", "Instances", "Disks", "Addresses"])
def test_what_is_not_there_cannot_be_read_or_deleted(client, kind):
    scope = {"Subnetworks": "regions/us-central1", "Addresses": "regions/us-central1"}
    scope |= {"Instances": f"zones/{ZONE}", "Disks": f"zones/{ZONE}"}
    path = f"{scope.get(kind, 'global')}/{kind.lower()}/lost"
    wanted = (404, "notFound", f"The resource '{P}/{path}' was not found")
    assert client.refusal("GET", path) == wanted
    assert client.refusal("DELETE", path) == wanted


@pytest.mark.parametrize("path", ["zones/us-central1-x", "regions/mars-1", f"zones/{ZONE}/machineTypes/e2-huge"])
def test_what_google_does_not_have(client, path):
    assert client.refusal("GET", path) == (404, "notFound", f"The resource '{P}/{path}' was not found")


def test_an_image_family_that_is_not_there(client):
    url = COMPUTE.replace("px-test", "debian-cloud") + "/global/images/family/debian-9"
    message = "The resource 'projects/debian-cloud/global/images/family/debian-9' was not found"
    assert client.refusal("GET", url) == (404, "notFound", message)
    assert client.get(url.replace("debian-9", "debian-12"))["architecture"] == "X86_64"


def test_a_name_is_taken_once(client):
    body = {"name": "n", "autoCreateSubnetworks": False}
    client.made("global/networks", body)
    message = f"The resource '{P}/global/networks/n' already exists"
    assert client.refusal("POST", "global/networks", body) == (409, "alreadyExists", message)
    client.made(INSTANCES, instance())
    message = f"The resource '{P}/{INSTANCES}/a-1' already exists"
    assert client.refusal("POST", INSTANCES, instance()) == (409, "alreadyExists", message)


def test_what_is_being_made_is_not_ready(cloud, client):
    cloud.operations.pace.rules.append(("insert", "/networks/", 30))
    client("POST", "global/networks", {"name": "n", "autoCreateSubnetworks": False})
    body = {"name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/24"}
    refusal = client.refusal("POST", "regions/us-central1/subnetworks", body)
    assert refusal == (400, "resourceNotReady", f"The resource '{P}/global/networks/n' is not ready")


def test_what_is_being_deleted_is_not_ready(cloud, client):
    client.made(INSTANCES, instance())
    cloud.operations.pace.rules.append(("delete", "", 30))
    assert client("DELETE", f"{INSTANCES}/a-1")[0] == 200
    refusal = client.refusal("DELETE", f"{INSTANCES}/a-1")
    assert refusal == (400, "resourceNotReady", f"The resource '{P}/{INSTANCES}/a-1' is not ready")


@pytest.fixture
def network(client):
    client.made("global/networks", {"name": "n", "autoCreateSubnetworks": False})
    body = {"name": "s", "network": "global/networks/n", "ipCidrRange": "10.0.0.0/24"}
    client.made("regions/us-central1/subnetworks", body)


def test_what_is_in_use_stays(client, network, cloud):
    client.made(INSTANCES, instance(networkInterfaces=interface(subnetwork="regions/us-central1/subnetworks/s")))
    subnetwork, it = f"{P}/regions/us-central1/subnetworks/s", f"{P}/{INSTANCES}/a-1"
    message = f"The subnetwork resource '{subnetwork}' is already being used by '{it}'"
    reason = "resourceInUseByAnotherResource"
    assert client.refusal("DELETE", "regions/us-central1/subnetworks/s") == (400, reason, message)
    message = f"The disk resource '{P}/zones/{ZONE}/disks/a-1' is already being used by '{it}'"
    assert client.refusal("DELETE", f"zones/{ZONE}/disks/a-1") == (400, reason, message)
    # Of a network it is the operation that finds out.
    code, status, message = client.failure("DELETE", "global/networks/n")
    assert (code, status) == ("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE", 400)
    assert message == f"The network resource '{P}/global/networks/n' is already being used by '{subnetwork}'"
    for path in (f"{INSTANCES}/a-1", "regions/us-central1/subnetworks/s", "global/networks/n"):
        assert "error" not in client.done("DELETE", path)
    assert cloud.left() == []


def test_ranges_of_a_network_do_not_overlap(client, network):
    body = {"name": "t", "network": "global/networks/n", "ipCidrRange": "10.0.0.128/25"}
    message = "Invalid IPCidrRange: 10.0.0.128/25 conflicts with existing subnetwork 's' in region 'us-central1'."
    assert client.refusal("POST", "regions/us-east1/subnetworks", body) == (400, "badRequest", message)


def test_a_disk_that_is_kept_is_there_afterwards(client, cloud):
    client.made(INSTANCES, instance(disks=boots("projects/debian-cloud/global/images/family/debian-12")))
    client.done("DELETE", f"{INSTANCES}/a-1")
    assert cloud.left() == [f"{P}/zones/{ZONE}/disks/a-1"]
    refusal = client.refusal("POST", INSTANCES, instance())
    assert refusal == (409, "alreadyExists", f"The resource '{P}/zones/{ZONE}/disks/a-1' already exists")


def test_a_network_of_auto_mode_brings_and_takes_its_subnetworks(client, cloud):
    client.made("global/networks", {"name": "auto", "autoCreateSubnetworks": True})
    assert client.get("regions/us-west1/subnetworks/auto")["network"].endswith("/global/networks/auto")
    assert client.refusal("DELETE", "regions/us-west1/subnetworks/auto")[0] == 400
    client.done("DELETE", "global/networks/auto")
    assert cloud.left() == []


def test_an_address_is_reserved_used_and_given_back(client, cloud):
    client.made("regions/us-central1/addresses", {"name": "ip"})
    address = client.get("regions/us-central1/addresses/ip")["address"]
    body = instance(networkInterfaces=interface(accessConfigs=[{"natIP": address}]))
    client.made(INSTANCES, body)
    used = client.get("regions/us-central1/addresses/ip")
    assert (used["status"], used["users"][0].rpartition("/")[2]) == ("IN_USE", "a-1")
    body = {**body, "name": "a-2"}
    assert client.refusal("POST", INSTANCES, body)[2] == f"External IP address: {address} is already in-use."
    assert client.refusal("DELETE", "regions/us-central1/addresses/ip")[1] == "resourceInUseByAnotherResource"
    client.done("DELETE", f"{INSTANCES}/a-1")
    client.done("DELETE", "regions/us-central1/addresses/ip")
    assert cloud.left() == []
