"""Google's description of Compute Engine, held to: each test sends one wrong request, and knows the exact refusal."""

from __future__ import annotations

import pytest

from emulators.conftest import COMPUTE, ZONE, instance

NAME = "(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)"
NETWORK = {"name": "n", "autoCreateSubnetworks": False}
FIREWALL = {"name": "f", "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}], "sourceRanges": ["198.51.100.0/24"]}
INSERT = f"zones/{ZONE}/instances"


def unknown(name, at):
    return f"Invalid JSON payload received. Unknown name \"{name}\" at '{at}': Cannot find field."


def disk(**more):
    image = {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}
    return [{"boot": True, "initializeParams": {**image, **more}}]


BODIES = {
    "unknown field": (INSERT, instance(bogus=1), 400, "badRequest", unknown("bogus", "resource")),
    "unknown field within": (
        INSERT,
        instance(disks=disk(size=10)),
        400,
        "badRequest",
        unknown("size", "resource.disks[0].initializeParams"),
    ),
    "two unknown fields": (
        "global/networks",
        {**NETWORK, "one": 1, "two": 2},
        400,
        "badRequest",
        unknown("one", "resource") + "\n" + unknown("two", "resource"),
    ),
    "not an enum's value": (
        "global/firewalls",
        {**FIREWALL, "direction": "IN"},
        400,
        "badRequest",
        "Invalid value at 'resource.direction' (an enum), \"IN\"",
    ),
    "text for a number": (
        "global/firewalls",
        {**FIREWALL, "priority": "high"},
        400,
        "badRequest",
        "Invalid value at 'resource.priority' (TYPE_INT32), \"high\"",
    ),
    "text for yes or no": (
        "global/networks",
        {**NETWORK, "autoCreateSubnetworks": "maybe"},
        400,
        "badRequest",
        "Invalid value at 'resource.autoCreateSubnetworks' (TYPE_BOOL), \"maybe\"",
    ),
    "number for text": (
        "global/networks",
        {**NETWORK, "description": 5},
        400,
        "badRequest",
        "Invalid value at 'resource.description' (TYPE_STRING), 5",
    ),
    "text for a list": (
        "global/firewalls",
        {**FIREWALL, "sourceRanges": "198.51.100.0/24"},
        400,
        "badRequest",
        "Invalid JSON payload received. 'resource.sourceRanges' must be an array",
    ),
    "no body": ("global/networks", None, 400, "required", "Required field 'resource' not specified"),
    "empty body": ("global/networks", {}, 400, "required", "Required field 'resource' not specified"),
    "no name": (
        "global/firewalls",
        {"description": "x"},
        400,
        "required",
        "Required field 'resource.name' not specified",
    ),
    "a name with an underscore": (
        "global/networks",
        {**NETWORK, "name": "my_net"},
        400,
        "invalid",
        (
            "Invalid value for field 'resource.name': 'my_net'. Must be a match of regex "
            "'[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?'"
        ),
    ),
    "a name that is too long": (
        "global/firewalls",
        {**FIREWALL, "name": "f" * 64},
        400,
        "invalid",
        (
            f"Invalid value for field 'resource.name': '{'f' * 64}'. Must be a match of regex "
            "'[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?'"
        ),
    ),
    "a label's key": (
        INSERT,
        instance(labels={"Px": "a"}),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.labels': ''. Label key 'Px' violates format constraints. The key "
            "must start with a lowercase character, can only contain lowercase letters, numeric characters, "
            "underscores and dashes. The key can be at most 63 characters long. International characters are allowed."
        ),
    ),
    "a label's value": (
        INSERT,
        instance(labels={"px": "My.Cluster"}),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.labels': ''. Label value 'My.Cluster' violates format constraints. "
            "The value can only contain lowercase letters, numeric characters, underscores and dashes. The value can "
            "be at most 63 characters long. International characters are allowed."
        ),
    ),
    "a key of metadata": (
        INSERT,
        instance(metadata={"items": [{"key": "my key", "value": "x"}]}),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.metadata.items[0].key': 'my key'. Must be a match of regex "
            "'[a-zA-Z0-9-_]{1,128}'"
        ),
    ),
    "metadata twice": (
        INSERT,
        instance(metadata={"items": [{"key": "a", "value": "x"}, {"key": "a", "value": "y"}]}),
        400,
        "invalid",
        "Invalid value for field 'resource.metadata.items[0].key': 'a'. Duplicate key.",
    ),
    "a tag": (
        INSERT,
        instance(tags={"items": ["Px_Demo"]}),
        400,
        "invalid",
        f"Invalid value for field 'resource.tags.items[0]': 'Px_Demo'. Must be a match of regex '{NAME}'",
    ),
    "a network without mode": (
        "global/networks",
        {"name": "n"},
        400,
        "invalid",
        "Invalid value for field 'resource.autoCreateSubnetworks': ''. Legacy networks can no longer be created.",
    ),
    "a rule that neither allows nor denies": (
        "global/firewalls",
        {"name": "f"},
        400,
        "invalid",
        "Invalid value for field 'resource': ''. Exactly one of 'allowed' and 'denied' must be specified.",
    ),
    "a source that is no range": (
        "global/firewalls",
        {**FIREWALL, "sourceRanges": ["198.51.100.7/24"]},
        400,
        "invalid",
        "Invalid value for field 'resource.sourceRanges[0]': '198.51.100.7/24'. Must be a valid CIDR address range.",
    ),
    "ports of a protocol without": (
        "global/firewalls",
        {**FIREWALL, "allowed": [{"IPProtocol": "icmp", "ports": ["22"]}]},
        400,
        "invalid",
        "Invalid value for field 'resource.allowed[0].ports[0]': '22'. Ports cannot be specified for 'icmp'.",
    ),
    "ports in the wrong order": (
        "global/firewalls",
        {**FIREWALL, "allowed": [{"IPProtocol": "tcp", "ports": ["80-22"]}]},
        400,
        "invalid",
        "Invalid value for field 'resource.allowed[0].ports[0]': '80-22'. Ports may be an integer or a range.",
    ),
    "no boot disk": (
        INSERT,
        instance(disks=[{"initializeParams": disk()[0]["initializeParams"]}]),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.disks[0].boot': ''. Boot disk must be the first disk attached to the "
            "instance."
        ),
    ),
    "a disk smaller than its image": (
        INSERT,
        instance(disks=disk(diskSizeGb=5)),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.disks[0].initializeParams.diskSizeGb': '5'. Requested disk size cannot "
            "be smaller than the image size (10 GB)"
        ),
    ),
    "a disk that does not fit the machine": (
        INSERT,
        instance(
            machineType=f"zones/{ZONE}/machineTypes/n4-standard-2",
            disks=disk(diskType=f"zones/{ZONE}/diskTypes/pd-ssd"),
        ),
        400,
        "badRequest",
        "[n4-standard-2, pd-ssd] features are not compatible for creating instance.",
    ),
    "an image of another architecture": (
        INSERT,
        instance(machineType=f"zones/{ZONE}/machineTypes/t2a-standard-2"),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.disks[0]': ''. The requested machine type's architecture (ARM64) is not "
            "compatible with the architecture (X86_64) of the boot disk."
        ),
    ),
    "no interface": (
        INSERT,
        instance(networkInterfaces=[]),
        400,
        "invalid",
        "Invalid value for field 'resource.networkInterfaces': ''. At least one network interface is required.",
    ),
    "spot that restarts by itself": (
        INSERT,
        instance(scheduling={"provisioningModel": "SPOT", "automaticRestart": True}),
        400,
        "invalid",
        "Scheduling must have preemptible be false when AutomaticRestart is true.",
    ),
    "a GPU that is to be moved": (
        INSERT,
        instance(machineType=f"zones/{ZONE}/machineTypes/g2-standard-4"),
        400,
        "badRequest",
        "Instances with guest accelerators do not support live migration.",
    ),
    "three GPUs": (
        INSERT,
        instance(
            machineType=f"zones/{ZONE}/machineTypes/n1-standard-4",
            guestAccelerators=[
                {"acceleratorType": f"zones/{ZONE}/acceleratorTypes/nvidia-tesla-t4", "acceleratorCount": 3}
            ],
            scheduling={"onHostMaintenance": "TERMINATE"},
        ),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.guestAccelerators[0].acceleratorCount': '3'. Number of accelerator "
            "cards must be one of [1, 2, 4]."
        ),
    ),
    "a service account without scope": (
        INSERT,
        instance(serviceAccounts=[{"email": "default"}]),
        400,
        "invalid",
        (
            "Invalid value for field 'resource.serviceAccounts[0].scopes': ''. Service accounts must have at least one "
            "scope."
        ),
    ),
    "a host name without domain": (
        INSERT,
        instance(hostname="one"),
        400,
        "invalid",
        "Invalid value for field 'resource.hostname': 'one'. Must be a fully qualified domain name (RFC 1035).",
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_does_not_fit(client, cloud, case):
    path, body, *refusal = BODIES[case]
    assert client.refusal("POST", path, body) == tuple(refusal)
    assert cloud.left() == []


QUERIES = {
    "unknown": (
        "zones?zone=x",
        "badRequest",
        (
            'Invalid JSON payload received. Unknown name "zone": Cannot bind query parameter. '
            "Field 'zone' could not be found in request message."
        ),
    ),
    "not a number": ("zones?maxResults=all", "badRequest", "Invalid value at 'maxResults' (TYPE_UINT32), \"all\""),
    "too large": (
        "zones?maxResults=501",
        "invalid",
        "Invalid value for field 'maxResults': '501'. Values must be within the range: [0, 500]",
    ),
    "an order that is none": (
        "zones?orderBy=size",
        "invalid",
        "Invalid value for field 'orderBy': 'size'. Only 'name' and 'creationTimestamp desc' are supported.",
    ),
    "a page token of another list": ("zones?pageToken=abc", "invalid", "Invalid value for field 'pageToken': 'abc'."),
    "a zone that is none": (
        "zones/us-east1/instances",
        "invalid",
        "Invalid value for field 'zone': 'us-east1'. Unknown zone.",
    ),
    "a region that is none": (
        "regions/us-central9/subnetworks",
        "invalid",
        "Invalid value for field 'region': 'us-central9'. Unknown region.",
    ),
    "a name that cannot be": (
        f"zones/{ZONE}/instances/instance-",
        "invalid",
        (
            "Invalid value for field 'instance': 'instance-'. Must be a match of regex "
            "'[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19}'"
        ),
    ),
}


@pytest.mark.parametrize("case", QUERIES)
def test_a_path_or_query_that_does_not_fit(client, case):
    path, reason, message = QUERIES[case]
    assert client.refusal("GET", path) == (400, reason, message)


@pytest.mark.parametrize("path", ["/compute/v2/projects/px-test", "/compute/v1/projects/px-test/nothing", "/"])
def test_a_path_that_is_in_no_description(client, path):
    answer = client.session.get(f"https://compute.googleapis.com{path}")
    assert (answer.status_code, "Error 404" in answer.text) == (404, True)


def test_a_method_that_the_emulator_lacks_says_so(client):
    status, reason, message = client.refusal("GET", "global/routes")
    assert (status, reason, message) == (501, "notImplemented", "emulator: compute.routes.list is not emulated")


def test_a_form_is_taken_for_query_parameters(client):
    """What curl sends with -d and no Content-Type."""
    answer = client.session.post(f"{COMPUTE}/global/networks", data={"name": "n"})
    assert answer.status_code == 400
    assert 'Unknown name "name": Cannot bind query parameter.' in answer.json()["error"]["message"]


def test_a_body_that_is_no_json(client):
    answer = client.session.post(f"{COMPUTE}/global/networks", data="{", headers={"Content-Type": "application/json"})
    assert answer.json()["error"]["message"] == "Invalid JSON payload received. Unexpected token."


def test_what_only_answers_have_is_dropped_without_a_word(client):
    client.made(
        "global/networks", {**NETWORK, "id": "1", "selfLink": "x", "kind": "compute#network", "description": None}
    )
    made = client.get("global/networks/n")
    assert made["id"] != "1"
    assert made["selfLink"] == "https://www.googleapis.com/compute/v1/projects/px-test/global/networks/n"


def test_both_hosts_answer_alike(client):
    of_one = client.get(f"{COMPUTE}/zones/{ZONE}")
    assert client.get(f"https://www.googleapis.com/compute/v1/projects/px-test/zones/{ZONE}") == of_one
    assert of_one["selfLink"] == f"https://www.googleapis.com/compute/v1/projects/px-test/zones/{ZONE}"


def test_a_part_of_an_answer(client):
    assert client.get(f"zones/{ZONE}", fields="name,status") == {"name": ZONE, "status": "UP"}
    listed = client.get("zones", fields="items(name),nextPageToken", maxResults=1)
    assert listed["items"] == [{"name": "africa-south1-a"}]


def test_a_rule_without_source_is_open_to_the_internet(client):
    """As it is at Google: whoever forgets the source must see it here."""
    client.made("global/firewalls", {"name": "f", "allowed": [{"IPProtocol": "tcp", "ports": ["22"]}]})
    assert client.get("global/firewalls/f")["sourceRanges"] == ["0.0.0.0/0"]
