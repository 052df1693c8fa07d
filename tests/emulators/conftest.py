"""An emulated Google Cloud behind a gate, and clients that go through it."""

from __future__ import annotations

import pytest
import requests

from emulators import gcp_role
from emulators.exchange import Answer
from emulators.gate import Gate
from emulators.gce import PROJECT, GoogleCloud
from emulators.gce.identities import CLOUD_PLATFORM

COMPUTE = f"https://compute.googleapis.com/compute/v1/projects/{PROJECT}"
ZONE = "us-central1-a"
SECONDS = 0.02
HOST = "cloud.example.com"


class Echo:
    """A host that says what it was asked."""

    def __call__(self, request):
        if request.path == "/nothing":
            return Answer(204)
        if request.path == "/mistake":
            raise RuntimeError("the emulator's own mistake")
        return Answer.of({"method": request.method, "path": request.path, "body": request.body.decode()})

    def fault(self, status):
        return Answer.of({"refused": status}, status)


@pytest.fixture
def echo(tmp_path):
    with Gate({HOST: Echo()}, folder=tmp_path) as gate:
        yield gate


@pytest.fixture
def session(echo):
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": echo.url, "http": echo.url}
        session.verify = str(echo.authority.file)
        yield session


@pytest.fixture
def cloud(tmp_path):
    with GoogleCloud(tmp_path, seconds=SECONDS) as cloud:
        yield cloud
    assert cloud.broken == []


@pytest.fixture
def gate(cloud, tmp_path):
    with Gate(cloud.hosts, folder=tmp_path) as gate:
        yield gate
    assert gate.broken == []


class Client:
    """A plain client of Google's APIs: what it sends is what a test writes."""

    def __init__(self, cloud, gate):
        self.cloud = cloud
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.proxies = {"https": gate.url}
        self.session.verify = str(gate.authority.file)
        self.use(cloud.controller.email)

    def use(self, email, *scopes):
        """Be somebody else from now on."""
        token = self.cloud.identities.issue(email, set(scopes or [CLOUD_PLATFORM]))
        self.session.headers["Authorization"] = f"Bearer {token}"

    def __call__(self, method, path, json=None, **more):
        """Call by a path below the project, or a URL; return (status, JSON)."""
        url = path if path.startswith("https://") else f"{COMPUTE}/{path}".rstrip("/")
        answer = self.session.request(method, url, json=json, timeout=30, **more)
        return answer.status_code, answer.json() if answer.content else {}

    def get(self, path, **params):
        status, data = self("GET", path, params=params)
        assert status == 200, data
        return data

    def refusal(self, method, path, json=None, **more):
        """Return (status, reason, message) of a call that is refused."""
        status, data = self(method, path, json, **more)
        assert status >= 400, data
        error = data["error"]
        reason = error["errors"][0]["reason"] if "errors" in error else error["status"]
        return status, reason, error["message"]

    def done(self, method, path, json=None, **more):
        """Call, wait for the operation, and return it."""
        status, operation = self(method, path, json, **more)
        assert status == 200, operation
        assert operation["kind"] == "compute#operation"
        status, operation = self("POST", operation["selfLink"] + "/wait")
        assert (status, operation["status"]) == (200, "DONE")
        return operation

    def made(self, path, json):
        """Make something; the operation must succeed."""
        operation = self.done("POST", path, json)
        assert "error" not in operation, operation

    def failure(self, method, path, json=None):
        """Return (code, HTTP status, message) of an operation that fails."""
        operation = self.done(method, path, json)
        error = operation["error"]["errors"][0]
        return error["code"], operation["httpErrorStatusCode"], error["message"]


@pytest.fixture
def client(cloud, gate):
    return Client(cloud, gate)


def instance(name="a-1", zone=ZONE, **more):
    """Return a body that Compute Engine takes."""
    boot = {"sourceImage": "projects/debian-cloud/global/images/family/debian-12"}
    body = {
        "name": name,
        "machineType": f"zones/{zone}/machineTypes/e2-standard-4",
        "disks": [{"boot": True, "autoDelete": True, "initializeParams": boot}],
        "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [{"type": "ONE_TO_ONE_NAT"}]}],
    }
    return {**body, **more}


@pytest.fixture(scope="session")
def banner():
    """Where something says SSH-; a test that needs it cannot run where port 22 of loopback is not ours to take."""
    try:
        banner = gcp_role.Banner()
    except PermissionError as error:
        pytest.skip(f"port 22 on loopback: {error}")
    with banner:
        yield banner


@pytest.fixture
def role(cloud, gate, banner, tmp_path):
    """What runs the role provider_gcp on this cloud, whose machines are an address and a console."""
    gate.hosts[gcp_role.ADDRESS_HOST] = gcp_role.AddressHost()
    cloud.machines.hook = gcp_role.Hook(cloud, banner.address)
    yield gcp_role.Role(cloud, gate, tmp_path)
    assert gate.refused == []
