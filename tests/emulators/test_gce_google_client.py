"""Google's own Python client asks the emulator: what it lists, makes and deletes, and the errors that it raises."""

from __future__ import annotations

from http.client import IncompleteRead

import google_auth_httplib2
import httplib2
import pytest
from google.oauth2 import service_account
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from emulators.conftest import ZONE, instance
from emulators.gce import PROJECT

P, HERE = {"project": PROJECT}, {"project": PROJECT, "zone": ZONE}


@pytest.fixture
def google_client(cloud, gate):
    """Return what builds Google's client for an API, by the descriptions that it carries."""
    credentials = service_account.Credentials.from_service_account_file(
        cloud.key, scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    proxy = httplib2.ProxyInfo(httplib2.socks.PROXY_TYPE_HTTP, "127.0.0.1", gate.port)
    plain = httplib2.Http(proxy_info=proxy, ca_certs=str(gate.authority.file))
    http = google_auth_httplib2.AuthorizedHttp(credentials, http=plain)
    return lambda name, version="v1": discovery.build(name, version, http=http, static_discovery=True)


@pytest.fixture
def compute(google_client):
    return google_client("compute")


def finished(compute, operation):
    done = compute.zoneOperations().wait(**HERE, operation=operation["name"]).execute()
    assert done["status"] == "DONE"
    return done


def error(request):
    """Return (status, reason, details) of the typed error that a request raises."""
    with pytest.raises(HttpError) as caught:
        request.execute()
    return caught.value.status_code, caught.value.reason, caught.value.error_details


def test_it_makes_lists_and_deletes(compute, cloud):
    for name in ("a-1", "a-2"):
        body = instance(name, labels={"px-cluster": "a"})
        assert "error" not in finished(compute, compute.instances().insert(**HERE, body=body).execute())
    request = compute.instances().list(**HERE, filter="labels.px-cluster=a", maxResults=1)
    names = []
    while request is not None:
        page = request.execute()
        names += [one["name"] for one in page["items"]]
        request = compute.instances().list_next(request, page)
    assert names == ["a-1", "a-2"]
    for name in names:
        finished(compute, compute.instances().delete(**HERE, instance=name).execute())
    assert "items" not in compute.instances().list(**HERE).execute()
    assert cloud.left() == []


def test_its_errors_are_those_of_google(compute):
    status, reason, details = error(compute.instances().get(**HERE, instance="lost"))
    assert (status, reason) == (404, f"The resource 'projects/{PROJECT}/zones/{ZONE}/instances/lost' was not found")
    assert details == [{"message": reason, "domain": "global", "reason": "notFound"}]
    body = {"name": "n", "autoCreateSubnetworks": False}
    compute.networks().insert(**P, body=body).execute()
    status, reason, details = error(compute.networks().insert(**P, body=body))
    assert (status, details[0]["reason"]) == (409, "alreadyExists")
    status, reason, details = error(compute.instances().insert(**HERE, body=instance(bogus=1)))
    assert (status, details[0]["@type"]) == (400, "type.googleapis.com/google.rpc.BadRequest")
    assert 'Unknown name "bogus"' in reason


def test_a_failed_operation(compute, cloud):
    cloud.exhaust(ZONE)
    done = finished(compute, compute.instances().insert(**HERE, body=instance()).execute())
    assert done["error"]["errors"][0]["code"] == "ZONE_RESOURCE_POOL_EXHAUSTED"


def test_a_cut_answer_is_no_answer(compute, gate):
    """Google's client does not ask again after half an answer."""
    gate.faults.add(path="/zones$", cut=True)
    with pytest.raises(IncompleteRead):
        compute.zones().list(**P).execute(num_retries=2)


def test_what_google_cannot_do_now_is_asked_for_again(compute, gate):
    gate.faults.add(path="/regions$", status=503)
    gate.faults.add(path="/regions$", status=429, nth=2)
    assert compute.regions().list(**P).execute(num_retries=3)["items"]
    assert [one.status for one in gate.asked(path="/regions")] == [503, 429, 200]


def test_the_other_apis(google_client, cloud):
    accounts = google_client("iam").projects().serviceAccounts()
    made = accounts.create(name=f"projects/{PROJECT}", body={"accountId": "px-demo"}).execute()
    assert error(accounts.create(name=f"projects/{PROJECT}", body={"accountId": "px-demo"}))[0] == 409
    buckets = google_client("storage").buckets()
    policy = buckets.getIamPolicy(bucket="px-gcs-bucket").execute()
    policy["bindings"].append({"role": "roles/storage.objectUser", "members": [f"serviceAccount:{made['email']}"]})
    buckets.setIamPolicy(bucket="px-gcs-bucket", body=policy).execute()
    assert error(buckets.setIamPolicy(bucket="px-gcs-bucket", body=policy))[0] == 412
    assert buckets.testIamPermissions(bucket="px-gcs-bucket", permissions=["storage.objects.get"]).execute()[
        "permissions"
    ]
    manager = google_client("cloudresourcemanager", "v3").projects()
    assert manager.get(name=f"projects/{PROJECT}").execute()["state"] == "ACTIVE"
    services = google_client("serviceusage").services()
    listed = services.list(parent=f"projects/{PROJECT}", filter="state:ENABLED").execute()["services"]
    assert {one["config"]["name"] for one in listed} == cloud.project.services
    token = google_client("iamcredentials").projects().serviceAccounts()
    wanted = {"scope": ["https://www.googleapis.com/auth/cloud-platform"]}
    assert token.generateAccessToken(name=f"projects/-/serviceAccounts/{made['email']}", body=wanted).execute()
