"""Lists: filters by the grammar of Google's description, pages, scopes."""

from __future__ import annotations

import pytest

from emulators.conftest import ZONE, instance

INSTANCES = f"zones/{ZONE}/instances"


@pytest.fixture
def three(client):
    client.made(INSTANCES, instance("a-1", labels={"px-cluster": "a", "px-host": "a-1"}))
    client.made(
        INSTANCES, instance("a-2", labels={"px-cluster": "a", "px-host": "a-2"}, scheduling={"preemptible": True})
    )
    client.made("zones/us-east1-b/instances", instance("b-1", zone="us-east1-b", labels={"px-cluster": "b"}))
    return client


FILTERS = {
    "labels.px-cluster = a": ["a-1", "a-2"],
    "labels.px-cluster=a": ["a-1", "a-2"],
    'labels.px-cluster="a"': ["a-1", "a-2"],
    "labels.px-cluster != a": ["b-1"],
    "labels.px-cluster:*": ["a-1", "a-2", "b-1"],
    "labels.px-host:*": ["a-1", "a-2"],
    "NOT labels.px-host:*": ["b-1"],
    "labels.px-cluster=a AND name=a-2": ["a-2"],
    "labels.px-cluster=a name=a-2": ["a-2"],
    "(labels.px-cluster=a) (name=a-2)": ["a-2"],
    "(labels.px-cluster = a) AND (labels.px-host = a-1)": ["a-1"],
    "name=a-1 OR name=b-1": ["a-1", "b-1"],
    "labels.px-cluster=a AND name=a-1 OR name=b-1": ["a-1"],
    "name:a-*": ["a-1", "a-2"],
    "status = RUNNING": ["a-1", "a-2", "b-1"],
    "status = TERMINATED": [],
    "scheduling.preemptible = true": ["a-2"],
    "networkInterfaces.networkIP:10.*": ["a-1", "a-2", "b-1"],
    "name eq a-.*": ["a-1", "a-2"],
    "name ne 'a-.*'": ["b-1"],
    "(name eq a-.*) (name ne a-1)": ["a-2"],
    f'zone eq ".*/{ZONE}"': ["a-1", "a-2"],
    "zone:us-east1-b": ["b-1"],
    "id > 1": ["a-1", "a-2", "b-1"],
    "": ["a-1", "a-2", "b-1"],
}


def test_filters(three):
    """In one test: three instances are enough for all of them."""
    wrong = {}
    for text, wanted in FILTERS.items():
        items = three.get("aggregated/instances", filter=text)["items"]
        found = sorted(one["name"] for each in items.values() for one in each.get("instances", []))
        if found != wanted:
            wrong[text] = found
    assert wrong == {}


@pytest.mark.parametrize(
    "text",
    [
        "labels.x",
        "colour = red",
        "name = ",
        "(name = a",
        "name = a)",
        "name eq a AND status = RUNNING",
        "= a",
        "name eq [",
    ],
)
def test_what_is_no_filter(client, text):
    message = f"Invalid value for field 'filter': '{text}'. Invalid list filter expression."
    assert client.refusal("GET", "aggregated/instances", params={"filter": text}) == (400, "invalid", message)


def test_page_by_page(three):
    seen, token, pages = [], "", 0
    while token is not None:
        page = three.get("aggregated/instances", maxResults=1, **({"pageToken": token} if token else {}))
        seen += [one["name"] for each in page["items"].values() for one in each.get("instances", [])]
        token, pages = page.get("nextPageToken"), pages + 1
    assert (seen, pages) == (["a-1", "a-2", "b-1"], 3)
    first = three.get(INSTANCES, maxResults=1)
    second = three.get(INSTANCES, maxResults=1, pageToken=first["nextPageToken"])
    assert [one["name"] for one in first["items"] + second["items"]] == ["a-1", "a-2"]
    other = {"maxResults": 1, "filter": "name=a-1", "pageToken": first["nextPageToken"]}
    assert three.refusal("GET", INSTANCES, params=other)[:2] == (400, "invalid")


def test_a_scope_with_nothing_says_so(three):
    items = three.get("aggregated/instances")["items"]
    assert [one["name"] for one in items["zones/us-east1-b"]["instances"]] == ["b-1"]
    assert items["zones/us-west1-a"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"
    assert len(items) == len(three.get("zones")["items"])


def test_an_empty_list_has_no_items(client):
    assert client.get(INSTANCES) == {
        "kind": "compute#instanceList",
        "id": f"projects/px-test/{INSTANCES}",
        "selfLink": f"https://www.googleapis.com/compute/v1/projects/px-test/{INSTANCES}",
    }


def test_the_latest_first(three):
    listed = three.get(INSTANCES, orderBy="creationTimestamp desc")["items"]
    assert [one["name"] for one in listed] == ["a-2", "a-1"]


@pytest.mark.parametrize(
    ("path", "filter_", "count"),
    [
        ("zones", "region eq .*/us-central1", 4),
        ("regions", "name = us-central1", 1),
        (f"zones/{ZONE}/machineTypes", "guestCpus = 4 AND architecture = ARM64", 2),
        (f"zones/{ZONE}/acceleratorTypes", "name = nvidia-l4", 1),
        ("global/firewalls", "network eq .*/default", 3),
        ("global/networks", "autoCreateSubnetworks = true", 1),
    ],
)
def test_lists_of_other_things(client, path, filter_, count):
    assert len(client.get(path, filter=filter_)["items"]) == count
