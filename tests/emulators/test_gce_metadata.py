"""The metadata server of an instance, asked by google-auth's own client and by hand."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

from emulators.conftest import ZONE, instance
from emulators.gce.metadata import Metadata
from emulators.plain import PlainServer

EMAIL = "px-demo@px-test.iam.gserviceaccount.com"
READ = "https://www.googleapis.com/auth/devstorage.read_only"
ALL = "https://www.googleapis.com/auth/cloud-platform"
BUCKET = "https://storage.googleapis.com/storage/v1/b/px-gcs-bucket"
GOOGLE = {"Metadata-Flavor": "Google"}
# In a process of its own: google-auth reads the server's address when it is imported.
ASK = """
import json, google.auth, google.auth.transport.requests
credentials, project = google.auth.default()
request = google.auth.transport.requests.Request()
credentials.refresh(request)
kind = type(credentials).__module__
print(json.dumps([kind, project, credentials.service_account_email, credentials.token, credentials.universe_domain]))
"""


@pytest.fixture
def made(client, cloud):
    cloud.accounts.add("px-test", EMAIL)
    items = [{"key": "ssh-keys", "value": "px:key"}, {"key": "px-Cluster", "value": "a b"}]
    accounts = [{"email": EMAIL, "scopes": [ALL]}]
    client.made(f"zones/{ZONE}/instances", instance(metadata={"items": items}, serviceAccounts=accounts))


@pytest.fixture
def server(cloud, made):
    with socket.create_server(("127.0.0.1", 0)) as listening, PlainServer(Metadata(cloud, "a-1"), listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def ask(server):
    def get(path, code=200, headers=GOOGLE, **params):
        url = f"{server}/computeMetadata/v1/{path}"
        answer = requests.get(url, headers=headers, params=params, timeout=10, allow_redirects=False)
        assert answer.status_code == code, answer.text
        assert answer.headers["Metadata-Flavor"] == "Google"
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text

    return get


def test_google_auth_finds_it_and_gets_a_token(server, gate, client, cloud):
    host = server.removeprefix("http://")
    environment = gate.process_environment(GCE_METADATA_HOST=host, GCE_METADATA_IP=host, HOME="/nonexistent")
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kind, project, email, token, universe = json.loads(done.stdout)
    assert kind == "google.auth.compute_engine.credentials"
    assert (project, email, universe) == ("px-test", EMAIL, "googleapis.com")
    # The token is the service account's: good for what its bindings give, and for nothing else.
    mine = {"Authorization": f"Bearer {token}"}
    url = f"{BUCKET}/iam/testPermissions?permissions=storage.objects.list"
    assert "permissions" not in client("GET", url, headers=mine)[1]
    binding = {"role": "roles/storage.objectViewer", "members": [f"serviceAccount:{EMAIL}"]}
    policy = client.get(f"{BUCKET}/iam")
    client("PUT", f"{BUCKET}/iam", {**policy, "bindings": [*policy["bindings"], binding]})
    assert client("GET", url, headers=mine)[1]["permissions"] == ["storage.objects.list"]


def test_what_gcsfuse_asks_for(ask, client, cloud):
    assert ask("instance/name") == "a-1"
    assert ask("instance/id") == client.get(f"zones/{ZONE}/instances/a-1")["id"]
    assert ask("instance/hostname") == f"a-1.{ZONE}.c.px-test.internal"
    assert ask("instance/zone") == f"projects/{cloud.project.number}/zones/{ZONE}"
    assert ask("instance/machine-type") == f"projects/{cloud.project.number}/machineTypes/e2-standard-4"
    assert ask("project/project-id") == "px-test"
    assert ask("instance/attributes/px-Cluster") == "a b"
    full = "https://www.googleapis.com/auth/devstorage.full_control"
    token = ask("instance/service-accounts/default/token", scopes=full)
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3599)
    assert cloud.identities._tokens[token["access_token"]].scopes == {full}


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, 403), ({"Metadata-Flavor": "google"}, 403), ({**GOOGLE, "X-Forwarded-For": "192.0.2.1"}, 403)],
)
def test_whom_it_refuses(ask, headers, code):
    ask("instance/name", code, headers)


def test_folders_and_trees(ask, server):
    assert ask("instance/attributes/") == "ssh-keys\npx-Cluster\n"
    ask("instance/attributes", 301)
    assert "service-accounts/\n" in ask("instance/")
    tree = ask("instance/", recursive="true")
    assert tree["attributes"] == {"ssh-keys": "px:key", "px-Cluster": "a b"}
    assert tree["serviceAccounts"]["default"] == {"aliases": ["default"], "email": EMAIL, "scopes": [ALL]}
    assert tree["networkInterfaces"]["0"]["accessConfigs"]["0"]["externalIp"] == "203.0.113.1"
    ask("instance/attributes/lost", 404)
    assert requests.get(server, timeout=10).headers["Metadata-Flavor"] == "Google"


def test_scopes_are_those_of_the_instance(ask, cloud):
    cloud.instance("a-1").data["serviceAccounts"][0]["scopes"] = [READ]
    token = ask("instance/service-accounts/default/token", scopes=f"{ALL},{READ}")["access_token"]
    assert cloud.identities._tokens[token].scopes == {READ}


def test_without_a_service_account_there_is_no_token(ask, cloud):
    cloud.accounts.remove(cloud.accounts.find(EMAIL))
    ask("instance/service-accounts/default/token", 404)
    assert ask("instance/service-accounts/") == ""
    del cloud.instance("a-1").data["serviceAccounts"]
    ask("instance/service-accounts/default/email", 404)


def test_whoever_waits_for_a_change_gets_it(ask, client):
    began, got = time.monotonic(), []
    waiting = threading.Thread(
        target=lambda: got.append(
            ask("instance/attributes/", recursive="true", wait_for_change="true", timeout_sec="9")
        )
    )
    waiting.start()
    time.sleep(0.2)
    seen = client.get(f"zones/{ZONE}/instances/a-1")["metadata"]["fingerprint"]
    body = {"items": [{"key": "new", "value": "1"}], "fingerprint": seen}
    client.done("POST", f"zones/{ZONE}/instances/a-1/setMetadata", body)
    waiting.join()
    assert got == [{"new": "1"}]
    assert time.monotonic() - began < 5
