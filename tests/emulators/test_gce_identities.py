"""Who calls, with what token, and what they may do."""

from __future__ import annotations

import datetime as dt
import time

import google.auth
import google.auth.transport.requests
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.exceptions import RefreshError
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account

from emulators.conftest import COMPUTE, ZONE, instance

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
EMPTY = {"name": "n", "autoCreateSubnetworks": False}
INSTANCES = f"zones/{ZONE}/instances"
ADDRESS = "https://{}.googleapis.com/v1/projects/px-test"


@pytest.fixture
def transport(client):
    """How google-auth asks for tokens: through the gate, with no identity of its own."""
    client.session.headers.pop("Authorization")
    return google.auth.transport.requests.Request(client.session)


def refused(credentials, transport):
    with pytest.raises(RefreshError) as caught:
        credentials.refresh(transport)
    return caught.value.args[1]


def of_key(cloud):
    return service_account.Credentials.from_service_account_file(cloud.key, scopes=[SCOPE])


def test_a_key_gets_a_token_that_ends(cloud, client, transport):
    credentials = of_key(cloud)
    credentials.refresh(transport)
    left = credentials.expiry - dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert 3500 < left.total_seconds() < 3600
    bearer = {"Authorization": f"Bearer {credentials.token}"}
    assert client("GET", "zones", headers=bearer)[0] == 200
    cloud.identities.expire()
    answer = client.session.get(f"{COMPUTE}/zones", headers=bearer)
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    cloud.identities.seconds = 1
    credentials.refresh(transport)
    bearer = {"Authorization": f"Bearer {credentials.token}"}
    time.sleep(1.1)
    assert client("GET", "zones", headers=bearer)[0] == 401


def test_another_key_is_refused(cloud, transport):
    credentials = of_key(cloud)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    info = {"client_email": cloud.controller.email, "private_key": pem, "token_uri": credentials._token_uri}
    stranger = service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
    wanted = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    assert refused(stranger, transport) == wanted


def test_a_key_of_nobody_is_refused(cloud, transport):
    nobody = of_key(cloud)
    nobody._service_account_email = "nobody@px-test.iam.gserviceaccount.com"
    assert refused(nobody, transport)["error_description"] == "Invalid grant: account not found"
    # One that is there, and of whom no key was ever made.
    nobody._service_account_email = cloud.project.compute_account
    assert refused(nobody, transport)["error_description"] == "Invalid grant: account not found"


def test_a_token_wants_a_scope(cloud, transport):
    assert refused(of_key(cloud).with_scopes(["everything"]), transport)["error"] == "invalid_scope"


def test_without_a_token(client):
    client.session.headers.pop("Authorization")
    assert client.refusal("GET", "zones") == (401, "required", "Login Required.")
    client.session.headers["Authorization"] = "Bearer ya29.invented"
    status, reason, message = client.refusal("GET", "zones")
    assert (status, reason) == (401, "authError")
    assert message.startswith("Request had invalid authentication credentials.")


def test_a_token_of_a_scope_that_is_too_small(cloud, client):
    client.use(cloud.controller.email, "https://www.googleapis.com/auth/compute.readonly")
    assert client("GET", "zones")[0] == 200
    status, data = client("POST", "global/networks", EMPTY)
    assert (status, data["error"]["message"]) == (403, "Request had insufficient authentication scopes.")
    assert data["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"


MISSING = {
    "compute.networks.create": ("POST", "global/networks", EMPTY, "global/networks/n"),
    "compute.instances.list": ("GET", "aggregated/instances", None, "aggregated/instances"),
    "compute.instances.create": ("POST", INSTANCES, instance(), f"{INSTANCES}/a-1"),
    "compute.disks.create": ("POST", INSTANCES, instance(), f"{INSTANCES}/a-1"),
    "compute.instances.setLabels": ("POST", INSTANCES, instance(labels={"a": "b"}), f"{INSTANCES}/a-1"),
    "compute.subnetworks.useExternalIp": ("POST", INSTANCES, instance(), "regions/us-central1/subnetworks/default"),
    "compute.projects.get": ("GET", "", None, ""),
}


@pytest.mark.parametrize("permission", MISSING)
def test_a_permission_that_is_taken_away(cloud, client, permission):
    method, path, body, resource = MISSING[permission]
    cloud.controller.denied.add(permission)
    where = f"projects/px-test/{resource}".rstrip("/")
    wanted = (403, "forbidden", f"Required '{permission}' permission for '{where}'")
    assert client.refusal(method, path, body) == wanted
    cloud.controller.denied.clear()
    assert client(method, path, body)[0] == 200


def test_a_service_account_may_nothing_by_itself(cloud, client):
    client.use(cloud.project.compute_account)
    assert client.refusal("GET", "zones")[:2] == (403, "forbidden")
    cloud.identities[cloud.project.compute_account].granted.add("compute.zones.list")
    assert client("GET", "zones")[0] == 200


def test_an_instance_acts_as_an_account_that_its_maker_may_use(cloud, client):
    body = instance(serviceAccounts=[{"email": "default", "scopes": [SCOPE]}])
    cloud.controller.denied.add("iam.serviceAccounts.actAs")
    code, status, message = client.failure("POST", INSTANCES, body)
    assert (code, status) == ("SERVICE_ACCOUNT_ACCESS_DENIED", 400)
    assert message == (
        f"The user does not have access to service account '{cloud.project.compute_account}'.  "
        f"User: '{cloud.controller.email}'.  Ask a project owner to grant you the iam.serviceAccountUser role on the "
        "service account"
    )
    assert cloud.left() == []
    lost = "lost@px-test.iam.gserviceaccount.com"
    body["serviceAccounts"][0]["email"] = lost
    message = f"The resource '{lost}' of type 'serviceAccount' was not found."
    assert client.failure("POST", INSTANCES, body) == ("RESOURCE_NOT_FOUND", 404, message)


@pytest.mark.parametrize(
    ("service", "title", "path"),
    [
        ("compute", "Compute Engine API", "/zones"),
        ("iam", "Identity and Access Management (IAM) API", "/serviceAccounts"),
    ],
)
def test_an_api_that_is_switched_off(cloud, client, service, title, path):
    cloud.project.services.discard(f"{service}.googleapis.com")
    url = (COMPUTE if service == "compute" else ADDRESS.format(service)) + path
    status, data = client("GET", url)
    error = data["error"]
    number = cloud.project.number
    assert (status, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"].startswith(f"{title} has not been used in project {number} before or it is disabled.")
    assert error["details"][1]["metadata"] == {"service": f"{service}.googleapis.com", "consumer": f"projects/{number}"}
    if service == "compute":
        assert (error["errors"][0]["reason"], error["errors"][0]["domain"]) == ("accessNotConfigured", "usageLimits")
    switch = f"{ADDRESS.format('serviceusage')}/services/{service}.googleapis.com"
    assert client.get(switch)["state"] == "DISABLED"
    assert client("POST", f"{switch}:enable", {})[1]["done"] is True
    assert client.get(switch)["state"] == "ENABLED"
    assert client("GET", url)[0] == 200


def test_a_project_that_is_not_there(client):
    url = COMPUTE.replace("px-test", "px-other")
    assert client.refusal("GET", f"{url}/zones") == (404, "notFound", "Failed to find project px-other")
    manager = "https://cloudresourcemanager.googleapis.com/v1/projects"
    assert client.refusal("GET", f"{manager}/px-other") == (
        403,
        "PERMISSION_DENIED",
        "The caller does not have permission",
    )


@pytest.mark.parametrize("version", ["v1", "v3"])
def test_what_the_caller_may_do_in_the_project(cloud, client, version):
    url = f"https://cloudresourcemanager.googleapis.com/{version}/projects/px-test"
    project = client.get(url)
    assert project["projectId"] == "px-test"
    assert cloud.project.number in (project.get("projectNumber"), project["name"].rpartition("/")[2])
    cloud.controller.denied.add("compute.instances.delete")
    wanted = ["compute.instances.create", "compute.instances.delete"]
    held = client("POST", f"{url}:testIamPermissions", {"permissions": wanted})
    assert held == (200, {"permissions": ["compute.instances.create"]})


@pytest.mark.parametrize("kind", ["user", "impersonation"])
def test_a_users_credentials(cloud, client, transport, kind, tmp_path, monkeypatch):
    """What gcloud leaves: a user's own, and one that acts as a service account."""
    user, robot = cloud.user.email, cloud.controller.email
    if kind == "user":
        path = cloud.identities.user_file(user, "px-test", tmp_path / "user.json")
    else:
        path = cloud.identities.impersonation_file(user, robot, tmp_path / "user.json")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    credentials, _ = google.auth.default(scopes=[SCOPE])
    if kind == "impersonation":
        cloud.user.denied.add("iam.serviceAccounts.getAccessToken")
        with pytest.raises(RefreshError, match=r"iam\.serviceAccounts\.getAccessToken"):
            credentials.refresh(transport)
        cloud.user.denied.clear()
    credentials.refresh(transport)
    client.session.headers["Authorization"] = f"Bearer {credentials.token}"
    assert client("POST", "global/networks", EMPTY)[1]["user"] == (user if kind == "user" else robot)


def test_a_refresh_token_that_was_revoked(cloud, transport, tmp_path):
    path = cloud.identities.user_file(cloud.user.email, "px-test", tmp_path / "user.json")
    credentials = user_credentials.Credentials.from_authorized_user_file(path)
    cloud.user.refresh_token = ""
    assert refused(credentials, transport)["error_description"] == "Token has been expired or revoked."
