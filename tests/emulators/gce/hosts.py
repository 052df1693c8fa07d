"""The hosts of a cloud, and which API answers at which path of each."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from emulators.exchange import Answer
from emulators.gce import compute, discovery, iam, iamcredentials, resourcemanager, serviceusage, storage
from emulators.gce.oauth2 import TokenService
from emulators.gce.service import LOST, Service

if TYPE_CHECKING:
    from emulators.exchange import Host, Request
    from emulators.gce.cloud import GoogleCloud

# Imported so that they register what they answer.
ROOMS = (compute, iam, iamcredentials, resourcemanager, serviceusage, storage)
# In no API description, and taken by the API all the same: it is what google.cloud's module asks for.
IAM_SCOPE = "https://www.googleapis.com/auth/iam"


@dataclass
class Paths:
    """A host with several APIs: the first whose paths begin so."""

    apis: tuple[tuple[str, Service], ...]

    def __call__(self, request: Request) -> Answer:
        for prefix, service in self.apis:
            if request.path.startswith(prefix):
                return service(request)
        return Answer(HTTPStatus.NOT_FOUND, LOST, {"Content-Type": "text/html; charset=UTF-8"})

    def fault(self, status: int) -> Answer:
        return self.apis[0][1].fault(status)


def of(cloud: GoogleCloud) -> tuple[dict[str, Service], dict[str, Host]]:
    """Return the services and the hosts of a cloud."""

    def service(name: str, version: str = "v1", style: str = "status", **more: object) -> Service:
        return Service(cloud, discovery.load(name, version), f"{name}.googleapis.com", style, **more)  # type: ignore[arg-type]

    machines = service("compute", style="errors")
    buckets = service("storage", style="errors", anonymous=True)
    manager = service("cloudresourcemanager")
    services = {
        one.name: one
        for one in (
            machines,
            buckets,
            manager,
            service("iam", more_scopes={IAM_SCOPE}),
            service("iamcredentials", more_scopes={IAM_SCOPE}),
            service("serviceusage"),
        )
    }
    hosts: dict[str, Host] = dict(services)
    hosts["www.googleapis.com"] = Paths((("/compute/", machines), ("/storage/", buckets)))
    hosts[manager.name] = Paths((("/v1/", manager), ("/v3/", service("cloudresourcemanager", "v3"))))
    hosts["oauth2.googleapis.com"] = TokenService(cloud)
    return services, hosts
