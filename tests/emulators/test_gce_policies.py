"""Service accounts, and the policies of buckets: read, modify, write."""

from __future__ import annotations

import pytest

from emulators.conftest import instance

IAM = "https://iam.googleapis.com/v1/projects/px-test/serviceAccounts"
BUCKET = "https://storage.googleapis.com/storage/v1/b/px-gcs-bucket"
EMAIL = "px-demo@px-test.iam.gserviceaccount.com"
ROLE = "roles/storage.objectUser"


@pytest.fixture
def account(client):
    status, made = client("POST", IAM, {"accountId": "px-demo", "serviceAccount": {"displayName": "Demo"}})
    assert status == 200, made
    return made


def with_binding(policy, member=f"serviceAccount:{EMAIL}", role=ROLE, **more):
    return {**policy, "bindings": [*policy["bindings"], {"role": role, "members": [member], **more}]}


def test_a_service_account(client, account, cloud):
    assert account["name"] == f"projects/px-test/serviceAccounts/{EMAIL}"
    assert (account["email"], account["displayName"], account["projectId"]) == (EMAIL, "Demo", "px-test")
    for name in (EMAIL, account["uniqueId"]):
        assert client.get(f"{IAM}/{name}") == account
        assert client.get(f"https://iam.googleapis.com/v1/projects/-/serviceAccounts/{name}") == account
    assert account in client.get(IAM)["accounts"]
    assert client.get(IAM, pageSize=1)["nextPageToken"] == "1"
    assert client("DELETE", f"{IAM}/{EMAIL}") == (200, {})
    assert client.refusal("GET", f"{IAM}/{EMAIL}") == (404, "NOT_FOUND", f"Unknown service account: {EMAIL}")
    assert cloud.left() == []


@pytest.mark.parametrize("name", ["short", "x" * 31, "1-digit", "Px-Demo", "px_demo_1", "px-demo-"])
def test_a_name_that_is_none(client, name):
    status, reason, message = client.refusal("POST", IAM, {"accountId": name})
    assert (status, reason) == (400, "INVALID_ARGUMENT")
    assert "from 6 to 30 characters" in message


def test_an_account_is_made_once(client, account):
    status, data = client("POST", IAM, {"accountId": "px-demo"})
    message = "Service account px-demo already exists within project projects/px-test."
    assert (status, data["error"]["message"], data["error"]["status"]) == (409, message, "ALREADY_EXISTS")
    assert data["error"]["details"][0]["resourceName"] == account["name"]


def test_a_permission_of_iam(client, cloud):
    cloud.controller.denied.add("iam.serviceAccounts.create")
    status, data = client("POST", IAM, {"accountId": "px-demo"})
    message = "Permission 'iam.serviceAccounts.create' denied on resource (or it may not exist)."
    assert (status, data["error"]["message"]) == (403, message)
    details = data["error"]["details"][0]
    assert (details["reason"], details["metadata"]["permission"]) == (
        "IAM_PERMISSION_DENIED",
        "iam.serviceAccounts.create",
    )


def test_unknown_fields_of_iam(client):
    status, reason, message = client.refusal("POST", IAM, {"accountId": "px-demo", "name": "x"})
    assert (status, reason) == (400, "INVALID_ARGUMENT")
    assert message == 'Invalid JSON payload received. Unknown name "name": Cannot find field.'


def test_another_account_of_the_same_name(client, account):
    """The name comes back, the identity does not."""
    client("DELETE", f"{IAM}/{EMAIL}")
    assert client("POST", IAM, {"accountId": "px-demo"})[1]["uniqueId"] != account["uniqueId"]


def test_a_policy_is_read_changed_and_written(client, account, cloud):
    policy = client.get(f"{BUCKET}/iam")
    assert (policy["kind"], policy["resourceId"]) == ("storage#policy", "projects/_/buckets/px-gcs-bucket")
    assert (policy["version"], policy["etag"]) == (1, "CAE=")
    status, written = client("PUT", f"{BUCKET}/iam", with_binding(policy))
    assert (status, written["etag"]) == (200, "CAI=")
    assert {"role": ROLE, "members": [f"serviceAccount:{EMAIL}"]} in written["bindings"]
    assert client.get(f"{BUCKET}/iam") == written
    assert f"buckets/px-gcs-bucket: {ROLE} serviceAccount:{EMAIL}" in cloud.left()


def test_a_policy_that_somebody_else_has_changed(client, account):
    policy = client.get(f"{BUCKET}/iam")
    assert client("PUT", f"{BUCKET}/iam", with_binding(policy))[0] == 200
    again = client.refusal("PUT", f"{BUCKET}/iam", with_binding(policy, "user:b@example.com"))
    assert again == (412, "conditionNotMet", "Precondition Failed")
    policy.pop("etag")  # without it, the last one wins: so it is at Google
    assert client("PUT", f"{BUCKET}/iam", with_binding(policy))[0] == 200


WRONG = {
    "no such role": ({"role": "roles/storage.none"}, "Role roles/storage.none is not supported for this resource."),
    "no such account": (
        {"member": "serviceAccount:lost@px-test.iam.gserviceaccount.com"},
        "Service account lost@px-test.iam.gserviceaccount.com does not exist.",
    ),
    "no kind of member": (
        {"member": EMAIL},
        f"The member {EMAIL} is of an unknown type. Please set a valid type prefix for the member.",
    ),
    "a condition in version 1": (
        {"condition": {"title": "x", "expression": "true"}},
        "Policies with conditions must have version 3.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_binding_that_cannot_be(client, account, case):
    change, message = WRONG[case]
    policy = client.get(f"{BUCKET}/iam")
    assert client.refusal("PUT", f"{BUCKET}/iam", with_binding(policy, **change)) == (400, "invalid", message)
    assert client.get(f"{BUCKET}/iam") == policy


def test_conditions_show_in_version_3_only(client, account):
    condition = {"title": "prefix", "expression": "resource.name.startsWith('x')"}
    policy = {**with_binding(client.get(f"{BUCKET}/iam"), condition=condition), "version": 3}
    assert client("PUT", f"{BUCKET}/iam", policy)[0] == 200
    assert "condition" not in str(client.get(f"{BUCKET}/iam")["bindings"])
    shown = client.get(f"{BUCKET}/iam", optionsRequestedPolicyVersion=3)
    assert (shown["version"], shown["bindings"][-1]["condition"]) == (3, condition)


def test_a_policy_wants_its_bindings(client):
    refusal = client.refusal("PUT", f"{BUCKET}/iam", {"version": 1})
    assert refusal == (400, "required", "Required field 'resource.bindings' not specified")


def test_what_a_binding_gives(client, account, cloud):
    asked = {"permissions": ["storage.objects.list", "storage.objects.create", "storage.buckets.get"]}
    client.use(EMAIL)
    assert "permissions" not in client.get(f"{BUCKET}/iam/testPermissions", **asked)
    refusal = client.refusal("GET", BUCKET)
    text = f"{EMAIL} does not have storage.buckets.get access to the Google Cloud Storage bucket. "
    text += "Permission 'storage.buckets.get' denied on resource (or it may not exist)."
    assert refusal == (403, "forbidden", text)
    client.use(cloud.controller.email)
    client("PUT", f"{BUCKET}/iam", with_binding(client.get(f"{BUCKET}/iam")))
    client.use(EMAIL)
    held = client.get(f"{BUCKET}/iam/testPermissions", **asked)["permissions"]
    assert held == ["storage.objects.list", "storage.objects.create"]
    identity = cloud.identities[EMAIL]
    assert cloud.may(identity, "storage.objects.get", "buckets/px-gcs-bucket")
    assert not cloud.may(identity, "storage.objects.get", "buckets/another")


def test_who_may_not_change_a_policy(client, cloud):
    cloud.controller.denied.add("storage.buckets.setIamPolicy")
    policy = client.get(f"{BUCKET}/iam")
    status, reason, message = client.refusal("PUT", f"{BUCKET}/iam", policy)
    assert (status, reason) == (403, "forbidden")
    assert f"{cloud.controller.email} does not have storage.buckets.setIamPolicy access" in message


def test_a_bucket_that_is_not_there(client):
    missing = (404, "notFound", "The specified bucket does not exist.")
    url = BUCKET.replace("px-gcs-bucket", "lost")
    assert client.refusal("GET", url) == missing
    assert client.refusal("GET", f"{url}/iam") == missing
    client.session.headers.pop("Authorization")
    status, reason, message = client.refusal("GET", BUCKET)
    assert (status, reason) == (401, "required")
    assert message.startswith("Anonymous caller does not have storage.buckets.get access")


def test_the_binding_of_an_account_that_was_deleted_stays(client, account):
    """And is no longer that of an account that takes its name: whoever destroys must unbind first."""
    client("PUT", f"{BUCKET}/iam", with_binding(client.get(f"{BUCKET}/iam")))
    client("DELETE", f"{IAM}/{EMAIL}")
    client("POST", IAM, {"accountId": "px-demo"})
    policy = client.get(f"{BUCKET}/iam")
    assert policy["bindings"][-1]["members"] == [f"deleted:serviceAccount:{EMAIL}?uid={account['uniqueId']}"]
    assert client("PUT", f"{BUCKET}/iam", policy)[0] == 200
    client.use(EMAIL)
    assert "permissions" not in client.get(f"{BUCKET}/iam/testPermissions", permissions="storage.objects.list")


def test_a_new_account_is_not_known_everywhere_at_once(client, account, cloud):
    cloud.accounts.lag = 60
    message = f"Service account {EMAIL} does not exist."
    policy = with_binding(client.get(f"{BUCKET}/iam"))
    assert client.refusal("PUT", f"{BUCKET}/iam", policy) == (400, "invalid", message)
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    body = instance(serviceAccounts=[{"email": EMAIL, "scopes": scopes}])
    assert client.failure("POST", "zones/us-central1-a/instances", body)[0] == "RESOURCE_NOT_FOUND"
    cloud.accounts.lag = 0
    assert client("PUT", f"{BUCKET}/iam", policy)[0] == 200


def test_the_policy_of_a_service_account(client, account, cloud):
    assert client("POST", f"{IAM}/{EMAIL}:getIamPolicy", {})[1] == {"version": 1, "etag": "CAE="}
    binding = {
        "role": "roles/iam.serviceAccountTokenCreator",
        "members": [f"serviceAccount:{cloud.project.compute_account}"],
    }
    client("POST", f"{IAM}/{EMAIL}:setIamPolicy", {"policy": {"bindings": [binding], "etag": "CAE="}})
    stale = client.refusal("POST", f"{IAM}/{EMAIL}:setIamPolicy", {"policy": {"bindings": [], "etag": "CAE="}})
    assert stale[:2] == (409, "ABORTED")
    client.use(cloud.project.compute_account)
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"
    status, data = client("POST", url, {"scope": ["https://www.googleapis.com/auth/devstorage.read_only"]})
    assert (status, data["expireTime"][-1]) == (200, "Z")
    assert client.refusal("POST", url, {"scope": ["x"], "lifetime": "7200s"})[0] == 400
