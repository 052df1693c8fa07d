"""The front of the object server: whose token, which right on which bucket, and how Google says no."""

from __future__ import annotations

from email.message import Message
from types import SimpleNamespace

import pytest

from emulators.exchange import Answer, Request
from emulators.gce import objects
from emulators.gce.identities import CLOUD_PLATFORM
from emulators.gce.object_calls import read

HOST = objects.HOST
B = "/storage/v1/b/px-gcs-bucket"
UP = f"/upload{B}/o"
EMAIL = "px-demo@px-test.iam.gserviceaccount.com"
LAYOUT = "/google.storage.control.v2.StorageControl/GetStorageLayout"


@pytest.fixture
def front(cloud):
    cloud.accounts.add("px-test", EMAIL)
    return objects.Objects(cloud, cloud.hosts[HOST], SimpleNamespace(address="127.0.0.1", port=1))


@pytest.fixture
def ask(front, cloud):
    """Ask as the service account; what comes through is answered 299."""
    front._have_bucket = lambda name: None
    front._forward = lambda request: Answer(299)

    def call(method, target, *scopes, body=b"", token=None):
        headers = Message()
        token = cloud.identities.issue(EMAIL, set(scopes or [CLOUD_PLATFORM])) if token is None else token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return front(Request(method, HOST, target, headers, body))

    return call


@pytest.mark.parametrize(
    ("method", "target", "rights"),
    [
        ("GET", f"{B}/o?prefix=a", ["list"]),
        ("GET", f"{B}/o/a%2Fb?alt=media", ["get"]),
        ("GET", f"/download{B}/o/a?alt=media", ["get"]),
        ("GET", "/px-gcs-bucket/a/b", ["get"]),
        ("HEAD", "/px-gcs-bucket/a", ["get"]),
        ("PUT", "/px-gcs-bucket/a", ["create"]),
        ("POST", f"{UP}?uploadType=multipart", ["create"]),
        ("PATCH", f"{B}/o/a", ["update"]),
        ("DELETE", f"{B}/o/a", ["delete"]),
        ("POST", f"{B}/o/a/rewriteTo/b/px-gcs-bucket/o/c", ["get", "create"]),
        ("POST", f"{B}/o/a/compose", ["get", "create"]),
        ("POST", f"{B}/o/a/moveTo/o/c", ["get", "create", "delete"]),
        ("GET", B, None),
        ("GET", f"{B}/iam", None),
        ("GET", f"{B}/iam/testPermissions", None),
    ],
)
def test_which_right_a_call_needs(method, target, rights):
    needed = read(Request(method, HOST, target, Message(), b""), {})
    assert (needed and [one.permission.removeprefix("storage.objects.") for one in needed]) == rights
    assert not needed or {one.bucket for one in needed} == {"px-gcs-bucket"}


def test_a_right_that_lacks_is_named(ask, cloud):
    refused = ask("GET", f"{B}/o")
    assert refused.status == 403
    text = (
        f"{EMAIL} does not have storage.objects.list access to the Google Cloud Storage bucket. Permission "
        "'storage.objects.list' denied on resource (or it may not exist)."
    )
    assert text in refused.body.decode()
    cloud.identities[EMAIL].granted.add("storage.objects.list")
    assert ask("GET", f"{B}/o").status == 299
    assert ask("GET", f"{B}/o/a").status == 403
    refused = ask("GET", "/px-gcs-bucket/a")
    assert refused.headers["Content-Type"].startswith("application/xml")
    assert f"<Code>AccessDenied</Code><Message>AccessDenied</Message><Details>{EMAIL}" in refused.body.decode()


def test_tokens_that_are_none_and_scopes_that_are_too_small(ask, cloud):
    cloud.identities[EMAIL].owner = True
    assert ask("GET", f"{B}/o", token="").status == 401
    assert ask("GET", f"{B}/o", token="ended").status == 401  # noqa: S106 - no secret
    read_only = "https://www.googleapis.com/auth/devstorage.read_only"
    assert ask("GET", f"{B}/o", read_only).status == 299
    assert ask("POST", UP, read_only).status == 403
    assert ask("GET", f"{B}/o", "https://www.googleapis.com/auth/compute").status == 403


def test_a_bucket_that_is_not_there(ask):
    refused = ask("GET", "/storage/v1/b/lost/o")
    assert refused.status == 404
    assert b"The specified bucket does not exist." in refused.body


def test_the_layout_of_a_bucket_by_grpc(ask, cloud):
    body = b"\0\0\0\0\x2a\x0a\x28projects/_/buckets/px-gcs-bucket/storageLayout"
    refused = ask("POST", LAYOUT, body=body)
    assert refused.headers["grpc-status"] == "7"
    assert "storage.objects.list" in refused.headers["grpc-message"]
    cloud.identities[EMAIL].granted.add("storage.objects.list")
    answer = ask("POST", LAYOUT, body=body)
    assert answer.headers["grpc-status"] == "0"
    assert answer.body[:5] == bytes([0, 0, 0, 0, len(answer.body) - 5])
    assert b"\x12\x02US\x1a\x0cmulti-region" in answer.body
    assert ask("POST", "/google.storage.v2.Storage/ReadObject", body=body).headers["grpc-status"] == "12"
    assert ask("POST", LAYOUT, body=body, token="").headers["grpc-status"] == "16"


def test_an_upload_that_goes_on_needs_the_right_that_it_began_with(ask, front, cloud):
    cloud.identities[EMAIL].granted.add("storage.objects.create")
    place = f"https://{HOST}{UP}?uploadType=resumable&upload_id=u1"
    front._forward = lambda request: Answer(299, b"", {"Location": place} if request.method == "POST" else {})
    assert ask("POST", f"{UP}?uploadType=resumable").headers["Location"] == place
    assert ask("PUT", place.removeprefix(f"https://{HOST}")).status == 299
    cloud.identities[EMAIL].granted.clear()
    assert ask("PUT", place.removeprefix(f"https://{HOST}")).status == 403
