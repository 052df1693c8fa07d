"""Service accounts of the projects."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.gce import errors
from emulators.gce.policies import Policy

if TYPE_CHECKING:
    from emulators.gce.identities import Identities

ID = re.compile(r"[a-z](?:[-a-z0-9]{4,28}[a-z0-9])")


@dataclass
class Account:
    """One service account."""

    project: str
    email: str
    unique_id: str
    display_name: str = ""
    description: str = ""
    policy: Policy = field(default_factory=Policy)
    made: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        return f"projects/{self.project}/serviceAccounts/{self.email}"

    def shown(self) -> dict[str, Any]:
        data = {
            "name": self.name,
            "projectId": self.project,
            "uniqueId": self.unique_id,
            "email": self.email,
            "etag": "MDEwMjE5MjA=",
            "oauth2ClientId": self.unique_id,
        }
        data |= {"displayName": self.display_name} if self.display_name else {}
        return data | ({"description": self.description} if self.description else {})


class Accounts:
    """All service accounts. `lag`: seconds before other services than IAM know a new one, as it happens at Google."""

    def __init__(self, identities: Identities) -> None:
        self.lag = 0.0
        self._identities = identities
        self._accounts: dict[str, Account] = {}

    def add(self, project: str, email: str, display_name: str = "", description: str = "") -> Account:
        number = "1" + "".join(secrets.choice("0123456789") for _ in range(20))
        account = Account(project, email, number, display_name, description)
        self._accounts[email] = account
        self._identities.add(email)
        return account

    def create(self, project: str, name: str, display_name: str, description: str) -> Account:
        """Make a service account; the rules of names, and 409 where there is one."""
        if not ID.fullmatch(name):
            message = "The account ID can only contain lowercase letters, digits and dashes, from 6 to 30 characters."
            details = [
                {
                    "@type": errors.TYPE + "BadRequest",
                    "fieldViolations": [{"field": "account_id", "description": message}],
                }
            ]
            raise errors.ApiError(400, message, details=details)
        email = f"{name}@{project}.iam.gserviceaccount.com"
        if email in self._accounts:
            resource = f"projects/{project}/serviceAccounts/{email}"
            details = [{"@type": errors.TYPE + "ResourceInfo", "resourceName": resource}]
            message = f"Service account {name} already exists within project projects/{project}."
            raise errors.ApiError(409, message, details=details)
        return self.add(project, email, display_name, description)

    def find(self, name: str) -> Account | None:
        """Return an account by its email address or its unique id."""
        return next((one for one in self._accounts.values() if name in (one.email, one.unique_id)), None)

    def get(self, resource: str) -> Account:
        """Return the account of a resource name, `projects/P/serviceAccounts/EMAIL`."""
        _, project, _, name = resource.split("/")
        account = self.find(name)
        if account is None or project not in ("-", account.project):
            raise errors.ApiError(404, f"Unknown service account: {name}")
        return account

    def visible(self, email: str) -> bool:
        """Tell whether services beside IAM know an account by now."""
        account = self._accounts.get(email)
        return account is not None and time.monotonic() - account.made >= self.lag

    def of(self, project: str) -> list[Account]:
        return [one for _, one in sorted(self._accounts.items()) if one.project == project]

    def remove(self, account: Account) -> None:
        del self._accounts[account.email]
        self._identities.remove(account.email)
