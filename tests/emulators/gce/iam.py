"""iam.googleapis.com: service accounts, and who may use them."""

from __future__ import annotations

from typing import Any

from emulators.exchange import Answer
from emulators.gce import errors, roles
from emulators.gce.call import Call, handles

_ACCOUNTS = "iam.projects.serviceAccounts"
MOST_IN_A_PAGE = 100


@handles(f"{_ACCOUNTS}.get", "iam.serviceAccounts.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.accounts.get(call.params["name"]).shown()


@handles(f"{_ACCOUNTS}.list", "iam.serviceAccounts.list")
def list_(call: Call) -> dict[str, Any]:
    project = call.cloud.projects.get(call.params["name"].removeprefix("projects/"))
    size = min(call.query.get("pageSize", 20) or 20, MOST_IN_A_PAGE)
    begin = int(call.query.get("pageToken") or 0)
    every = [one.shown() for one in call.cloud.accounts.of(project.id)]
    page = every[begin : begin + size]
    more = {"nextPageToken": str(begin + size)} if begin + size < len(every) else {}
    return ({"accounts": page} if page else {}) | more


@handles(f"{_ACCOUNTS}.create", "iam.serviceAccounts.create")
def create(call: Call) -> dict[str, Any]:
    project = call.cloud.projects.get(call.params["name"].removeprefix("projects/"))
    said = call.body.get("serviceAccount", {})
    words = said.get("displayName", ""), said.get("description", "")
    return call.cloud.accounts.create(project.id, call.body.get("accountId", ""), *words).shown()


@handles(f"{_ACCOUNTS}.update", "iam.serviceAccounts.update")
def update(call: Call) -> dict[str, Any]:
    account = call.cloud.accounts.get(call.params["name"])
    account.display_name = call.body.get("displayName", "")
    return account.shown()


@handles(f"{_ACCOUNTS}.patch", "iam.serviceAccounts.update")
def patch(call: Call) -> dict[str, Any]:
    account = call.cloud.accounts.get(call.params["name"])
    wanted = call.body.get("serviceAccount", {})
    for field in call.body.get("updateMask", "").replace("display_name", "displayName").split(","):
        if field not in ("displayName", "description"):
            raise errors.ApiError(400, f"Invalid update mask: {field}")
        setattr(account, "display_name" if field == "displayName" else field, wanted.get(field, ""))
    return account.shown()


@handles(f"{_ACCOUNTS}.delete", "iam.serviceAccounts.delete")
def delete(call: Call) -> Answer:
    account = call.cloud.accounts.get(call.params["name"])
    call.cloud.accounts.remove(account)
    call.cloud.account_is_gone(account)
    return Answer.of({})


@handles(f"{_ACCOUNTS}.getIamPolicy", "iam.serviceAccounts.getIamPolicy")
def get_policy(call: Call) -> dict[str, Any]:
    account = call.cloud.accounts.get(call.params["resource"])
    return account.policy.shown(call.query.get("options.requestedPolicyVersion", 1))


@handles(f"{_ACCOUNTS}.setIamPolicy", "iam.serviceAccounts.setIamPolicy")
def set_policy(call: Call) -> dict[str, Any]:
    account = call.cloud.accounts.get(call.params["resource"])
    account.policy.replace(call.body.get("policy", {}), roles.ACCOUNT, call.cloud.accounts.visible, concurrent)
    return account.policy.shown(3)


@handles(f"{_ACCOUNTS}.testIamPermissions")
def test_permissions(call: Call) -> dict[str, Any]:
    account = call.cloud.accounts.get(call.params["resource"])
    wanted = call.body.get("permissions", [])
    held = [one for one in wanted if call.cloud.may(call.identity, one, f"serviceAccounts/{account.email}")]
    return {"permissions": held} if held else {}


def concurrent() -> errors.ApiError:
    message = "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff."
    return errors.ApiError(409, message, name="ABORTED")
