"""Guest attributes: written by the machine, if its metadata lets it, and read by the API."""

from __future__ import annotations

import socket

import pytest
import requests

from emulators.conftest import ZONE, instance
from emulators.gce.metadata import GUEST_ATTRIBUTES, Metadata
from emulators.plain import PlainServer

GOOGLE = {"Metadata-Flavor": "Google"}
LET = {"items": [{"key": "enable-guest-attributes", "value": "TRUE"}]}


@pytest.fixture
def write(cloud):
    """Write one, or take it away, as the machine does."""
    with socket.create_server(("127.0.0.1", 0)) as listening, PlainServer(Metadata(cloud, "a-1"), listening):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}{GUEST_ATTRIBUTES}"

        def ask(path, value="", method="PUT", headers=GOOGLE):
            answer = requests.request(method, url + path, data=value, headers=headers, timeout=10)
            return answer.status_code, answer.text

        yield ask


@pytest.fixture
def shown(client):
    def ask(**query):
        path = f"zones/{ZONE}/instances/a-1/getGuestAttributes"
        status, data = client("GET", path, params=query)
        return data["error"]["message"] if status == 404 else data

    return ask


def test_what_is_written_is_shown(client, write, shown):
    client.made(f"zones/{ZONE}/instances", instance(metadata=LET))
    assert shown(queryPath="hostkeys/") == "The resource 'hostkeys/' of type 'Guest Attribute' was not found."
    assert [write(path, path)[0] for path in ("hostkeys/ssh-ed25519", "hostkeys/ssh-rsa", "other/one")] == [200] * 3
    keys = [{"namespace": "hostkeys", "key": key, "value": f"hostkeys/{key}"} for key in ("ssh-ed25519", "ssh-rsa")]
    assert shown(queryPath="hostkeys/")["queryValue"]["items"] == keys
    assert len(shown()["queryValue"]["items"]) == 3
    assert shown(variableKey="other/one")["variableValue"] == "other/one"
    assert write("other/one", method="GET") == (200, "other/one")
    assert write("", method="GET") == (200, "hostkeys/\nother/\n")
    assert write("other/one", method="DELETE")[0] == 200
    assert write("other/one", method="DELETE")[0] == 404
    assert "not found" in shown(variableKey="other/one")


def test_the_metadata_must_let_it(client, cloud, write, shown):
    client.made(f"zones/{ZONE}/instances", instance())
    assert write("hostkeys/ssh-rsa", "key")[0] == 403
    cloud.project.metadata["enable-guest-attributes"] = "TRUE"
    assert write("hostkeys/ssh-rsa", "key")[0] == 200
    assert shown(variableKey="hostkeys/ssh-rsa")["variableValue"] == "key"


@pytest.mark.parametrize(
    ("path", "value", "headers", "status"),
    [
        ("alone", "", GOOGLE, 400),
        ("a/b/c", "", GOOGLE, 400),
        ("a/b", "x" * 262145, GOOGLE, 413),
        ("a/b", "", {}, 403),
    ],
)
def test_what_is_not_taken(client, write, path, value, headers, status):
    client.made(f"zones/{ZONE}/instances", instance(metadata=LET))
    assert write(path, value, headers=headers)[0] == status


def test_whoever_asks_must_be_allowed_to(client, cloud):
    client.made(f"zones/{ZONE}/instances", instance(metadata=LET))
    cloud.controller.denied.add("compute.instances.getGuestAttributes")
    refused = client.refusal("GET", f"zones/{ZONE}/instances/a-1/getGuestAttributes")
    where = f"projects/px-test/zones/{ZONE}/instances/a-1"
    assert refused == (403, "forbidden", f"Required 'compute.instances.getGuestAttributes' permission for '{where}'")


def test_a_machine_whose_instance_is_gone_finds_nothing(write):
    assert write("hostkeys/ssh-rsa", "key")[0] == 404
    assert write("", method="GET")[0] == 404
