"""Projects: number, APIs that are switched on, common metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulators.gce import errors
from emulators.gce.policies import Policy
from emulators.gce.world import now

if TYPE_CHECKING:
    from emulators.gce.call import Call

APIS = {
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
}
# The projects of public images: anybody may read them.
PUBLIC = ("debian-cloud", "ubuntu-os-cloud")


@dataclass
class Project:
    """One project."""

    id: str
    number: str
    services: set[str] = field(default_factory=lambda: set(APIS))
    metadata: dict[str, str] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    made: str = field(default_factory=now)

    @property
    def compute_account(self) -> str:
        """The service account that instances get where nobody says which."""
        return f"{self.number}-compute@developer.gserviceaccount.com"


class Projects:
    """The projects of a cloud."""

    def __init__(self) -> None:
        self._projects: dict[str, Project] = {}

    def add(self, project: str, number: str) -> Project:
        self._projects[project] = Project(project, number)
        return self._projects[project]

    def find(self, name: str) -> Project | None:
        """Return a project by its id or its number."""
        return next((one for one in self._projects.values() if name in (one.id, one.number)), None)

    def get(self, name: str) -> Project:
        project = self.find(name)
        if project is None:
            raise errors.ApiError(404, f"Failed to find project {name}", "notFound")
        return project

    def of_call(self, call: Call) -> Project | None:
        """Return the project that a call names, if it names one that is not public."""
        name = call.params.get("project") or call.params.get("projectId") or ""
        for value in call.params.values():
            if match := re.match(r"projects/([^/]+)", value):
                name = name or match[1]
        if name in ("", "-", "_", *PUBLIC):
            return None
        project = self.find(name)
        if project is None and "compute" in call.method.id:
            raise errors.ApiError(404, f"Failed to find project {name}", "notFound")
        return project
