"""iamcredentials.googleapis.com: tokens of another identity, and where it may be used."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

from emulators.gce import errors
from emulators.gce.call import Call, handles

LONGEST = 3600


@handles("iamcredentials.projects.serviceAccounts.generateAccessToken")
def generate(call: Call) -> dict[str, Any]:
    email = call.params["name"].rpartition("/")[2]
    account = call.cloud.accounts.find(email)
    resource = f"serviceAccounts/{account.email if account else email}"
    if account is None or not call.cloud.may(call.identity, "iam.serviceAccounts.getAccessToken", resource):
        raise errors.denied_by_iam("iam.googleapis.com", "iam.serviceAccounts.getAccessToken", resource)
    if not call.body.get("scope"):
        raise errors.ApiError(400, "Scope is required.")
    lifetime = call.body.get("lifetime", f"{LONGEST}s")
    if not re.fullmatch(r"\d+(\.\d+)?s", lifetime) or not 0 < float(lifetime[:-1]) <= LONGEST:
        raise errors.ApiError(400, "The lifetime of the token must be between 1 and 3600 seconds.")
    seconds = min(float(lifetime[:-1]), call.cloud.identities.seconds)
    token = call.cloud.identities.issue(account.email, set(call.body["scope"]), seconds)
    until = dt.datetime.fromtimestamp(time.time() + seconds, dt.UTC).isoformat(timespec="seconds")
    return {"accessToken": token, "expireTime": until.replace("+00:00", "Z")}


@handles("iamcredentials.projects.serviceAccounts.getAllowedLocations")
def locations(call: Call) -> dict[str, Any]:
    email = call.params["name"].rpartition("/")[2]
    if call.cloud.accounts.find(email) is None:
        raise errors.ApiError(404, f"Account not found for email: {email}")
    return {"locations": [], "encodedLocations": "0x0"}
