"""What google.cloud's modules and Google's APIs say when something fails, as a sentence and what helps."""
# ruff: noqa: E501 - tables, and what Google says

from __future__ import annotations

import pytest
from ansible_collections.px.storage.plugins.module_utils.gcp import errors, failures
from ansible_collections.px.storage.plugins.test.gcp_settled import gcp_no_room as no_room
from ansible_collections.px.storage.plugins.test.gcp_settled import gcp_settled as settled
from hypothesis import given
from hypothesis import strategies as st

# gcp_utils.py, GcpModule.raise_for_status: the JSON of the answer as Python shows it.
REFUSED = (
    "GCP returned error: {'error': {'code': 403, 'message': \"Required 'compute.networks.create' permission for "
    "'projects/px-test/global/networks/px-demo'\", 'errors': [{'message': \"Required 'compute.networks.create' permission\", "
    "'domain': 'global', 'reason': 'forbidden'}]}}"
)
BUSY = (
    "GCP returned error: {'error': {'code': 503, 'message': 'The service is currently unavailable.', 'errors': "
    "[{'message': 'The service is currently unavailable.', 'domain': 'global', 'reason': 'backendError'}], 'status': 'UNAVAILABLE'}}"
)
TOO_MANY = "GCP returned error: {'error': {'code': 429, 'message': 'Quota exceeded for quota metric', 'status': 'RESOURCE_EXHAUSTED'}}"
RATE = (
    "GCP returned error: {'error': {'code': 403, 'message': 'Rate Limit Exceeded', 'errors': [{'domain': 'usageLimits', "
    "'reason': 'rateLimitExceeded', 'message': 'Rate Limit Exceeded'}]}}"
)
# gcp_compute_instance.py, raise_if_errors: the errors of an operation.
EXHAUSTED = [
    {
        "code": "ZONE_RESOURCE_POOL_EXHAUSTED",
        "message": "The zone 'projects/p/zones/us-central1-a' does not have enough resources available to fulfill the request.",
        "errorDetails": [{"help": {"links": []}}],
    }
]
QUOTA = [{"code": "QUOTA_EXCEEDED", "message": "Quota 'CPUS' exceeded.  Limit: 6.0 in region us-central1."}]
IN_USE = [
    {
        "code": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE",
        "message": "The network resource 'projects/p/global/networks/n' is already being used by 'projects/p/zones/z/instances/i'",
    }
]
ACT_AS = [
    {
        "code": "SERVICE_ACCOUNT_ACCESS_DENIED",
        "message": "The user does not have access to service account 'a@p.iam.gserviceaccount.com'.  User: 'u'.  Ask a project owner",
    }
]
FRESH = [
    {
        "code": "RESOURCE_NOT_FOUND",
        "message": "The resource 'a@p.iam.gserviceaccount.com' of type 'serviceAccount' was not found.",
    }
]
# gcp_utils.py, GcpSession.full_get, where the connection breaks: `self.module.fail_json(msg=inst.message)`.
BROKEN = "Task failed: Module failed: 'ConnectionError' object has no attribute 'message'"
CUT = "Module failed: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))"
REVOKED = (
    "google.auth.exceptions.RefreshError: ('invalid_grant: Token has been expired or revoked.', "
    "{'error': 'invalid_grant', 'error_description': 'Token has been expired or revoked.'})"
)
HTML = "Invalid JSON response with error: <!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>\n"
NOT_READY = (
    "GCP returned error: {'error': {'code': 400, 'message': \"The resource 'projects/p/zones/z/instances/i' is not ready\", "
    "'errors': [{'reason': 'resourceNotReady'}]}}"
)


def failed(message):
    return {"failed": True, "msg": message}


@pytest.mark.parametrize(
    "message",
    [BUSY, TOO_MANY, RATE, BROKEN, CUT, HTML, NOT_READY, FRESH, str(FRESH), "", None],
    ids=lambda text: str(text)[:40],
)
def test_what_passes_is_tried_again(message):
    assert not settled(failed(message))


@pytest.mark.parametrize(
    "message",
    [REFUSED, EXHAUSTED, QUOTA, IN_USE, ACT_AS, REVOKED, "no such option: zoen"],
    ids=lambda text: str(text)[:40],
)
def test_what_stays_is_not(message):
    assert settled(failed(message))
    assert settled({"changed": True})


def test_a_quota_is_no_lack_of_room():
    assert no_room(failed(EXHAUSTED))
    assert no_room(failed(str(EXHAUSTED)))
    assert not any(no_room(failed(one)) for one in (QUOTA, REFUSED, None))
    assert not no_room({"changed": True})


@pytest.mark.parametrize(
    ("message", "begins", "helps"),
    [
        (REFUSED, "Required 'compute.networks.create' permission for", "compute.networks.create is missing; "),
        (BUSY, "The service is currently unavailable.", None),
        (EXHAUSTED, "The zone 'projects/p/zones/us-central1-a' does not", "try again later"),
        (str(EXHAUSTED), "The zone 'projects/p/zones/us-central1-a' does not", "try again later"),
        (QUOTA, "Quota 'CPUS' exceeded.", "ask for more at console.cloud.google.com/iam-admin/quotas (CPUS)"),
        (str(QUOTA), "Quota 'CPUS' exceeded.", "ask for more at console.cloud.google.com/iam-admin/quotas (CPUS)"),
        (ACT_AS, "The user does not have access", "grant roles/iam.serviceAccountUser"),
        (IN_USE, "The network resource", "the instance i in z is not the cluster's"),
        (BROKEN, "the connection to Google broke off", "curl -sS https://compute.googleapis.com"),
        (REVOKED, "Google's credentials are refused: ", "gcloud auth application-default login"),
        ("GCP returned error: {'error': not python", "{'error': not python", None),
        ([], "", None),
        ("", "", None),
        (None, "", None),
    ],
    ids=lambda text: str(text)[:30],
)
def test_what_a_module_failed_with_in_words(message, begins, helps):
    data = failures.failure(failed(message))
    assert data["failed"]
    assert data["msg"].startswith(begins)
    assert "GCP returned error" not in data["msg"]
    if helps:
        assert data["hint"].startswith(helps)
    else:
        assert data["hint"] is None


def test_a_module_of_ours_has_said_it_all():
    result = {"failed": True, "msg": "gone", "hint": "px-ansible provision", "log": ["line"]}
    assert failures.failure(result, "doing") == {**result, "msg": "doing: gone"}
    assert failures.failure({**result, "hint": None})["hint"] is None


def test_of_a_loop_it_is_the_round_that_it_ended_with():
    rounds = [failed(EXHAUSTED), failed(QUOTA)]
    assert failures.failure({"results": rounds, "msg": "One or more items failed"})["msg"].startswith("Quota 'CPUS'")


@given(
    st.one_of(
        st.text(),
        st.lists(st.one_of(st.text(), st.none(), st.dictionaries(st.sampled_from(["code", "message"]), st.text()))),
    )
)
def test_no_words_break_it(message):
    for one in (message, f"GCP returned error: {message}", f"GCP returned error: {{{message}}}"):
        data = failures.failure(failed(one))
        assert isinstance(data["msg"], str)
        settled(failed(one))


API = (
    "{title} has not been used in project 764086051850 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/{api}/overview?project=764086051850 then retry. If you enabled this API "
    "recently, wait a few minutes for the action to propagate to our systems and retry."
)


@pytest.mark.parametrize(
    ("message", "reason", "helps"),
    [
        (API.format(title="Compute Engine API", api="compute.googleapis.com"), "accessNotConfigured", "gcloud services enable compute.googleapis.com --project 764086051850"),
        (API.format(title="Identity and Access Management (IAM) API", api="iam.googleapis.com"), "SERVICE_DISABLED", "gcloud services enable iam.googleapis.com --project 764086051850"),
        (API.format(title="Cloud Resource Manager API", api="cloudresourcemanager.googleapis.com"), "", "gcloud services enable cloudresourcemanager.googleapis.com --project 764086051850"),
        ("Required 'compute.instances.create' permission for 'x'", "forbidden", "compute.instances.create is missing; "),
        ("Permission 'iam.serviceAccounts.create' denied on resource (or it may not exist).", "", "iam.serviceAccounts.create is missing; "),
        ("Permission 'iam.serviceAccounts.actAs' denied on service account a (or it may not exist).", "", "grant roles/iam.serviceAccountUser"),
        ("a@b does not have storage.buckets.setIamPolicy access to the Google Cloud Storage bucket. Permission 'storage.buckets.setIamPolicy' denied", "forbidden", "storage.buckets.setIamPolicy is missing; "),
        ("Request had invalid authentication credentials. Expected OAuth 2 access token", "authError", "gcloud auth application-default login"),
        ("Failed to find project px-tset", "notFound", "gcloud projects list (the id, not the name); then 'gcp: {project: ...}'"),
        ("The caller does not have permission", "PERMISSION_DENIED", "ask somebody who may to grant it"),
        ("Quota 'IN_USE_ADDRESSES' exceeded.  Limit: 4.0 in region r.", "quotaExceeded", "ask for more at console.cloud.google.com/iam-admin/quotas (IN_USE_ADDRESSES)"),
        ("Something else", "invalid", None),
    ],
)  # fmt: skip
def test_hints(message, reason, helps):
    hint = errors.hint_of(message, reason)
    assert hint == helps if helps is None else hint.startswith(helps)


@pytest.mark.parametrize(
    ("body", "message", "reason"),
    [
        ({"error": {"message": "no", "errors": [{"reason": "notFound"}], "status": "NOT_FOUND"}}, "no", "notFound"),
        (
            {"error": {"message": "no", "details": [{"@type": "Help"}, {"reason": "SERVICE_DISABLED"}]}},
            "no",
            "SERVICE_DISABLED",
        ),
        ({"error": {"message": "no", "status": "PERMISSION_DENIED"}}, "no", "PERMISSION_DENIED"),
        ({"error": "invalid_grant", "error_description": "x"}, "invalid_grant", ""),
        ({"error": {}}, "HTTP 500", ""),
        ({}, "HTTP 500", ""),
        ("", "HTTP 500", ""),
        (None, "HTTP 500", ""),
        (["x"], "['x']", ""),
        ("<html>\n<body>", "<html>", ""),
        ("x" * 5000, "x" * 300, ""),
    ],
)
def test_an_answer_that_refuses(body, message, reason):
    error = errors.read(500, body)
    assert (error.status, error.message, error.reason) == (500, message, reason)


def test_an_error_is_what_fail_json_takes():
    error = errors.GcpError("gone", "come back", ("a", "b"))
    assert error.result() == {"msg": "gone", "hint": "come back", "log": ["a", "b"]}
