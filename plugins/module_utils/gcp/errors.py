"""What Google answers when it refuses, as one sentence and what helps."""

from __future__ import annotations

import re
import typing as t


class GcpError(Exception):
    """Something is not as needed; `hint` says what to do, `log` has the lines to look at."""

    def __init__(self, message: str, hint: str | None = None, log: t.Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = list(log)

    def result(self) -> dict[str, t.Any]:
        """Return the keyword arguments of `fail_json`."""
        return {"msg": self.message, "hint": self.hint, "log": self.log}


class ApiError(GcpError):
    """An answer that refuses; `status` is that of HTTP, `reason` Google's word for it."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message, hint_of(message, reason))
        self.status = status
        self.reason = reason


def read(status: int, body: t.Any) -> ApiError:
    """Return the error of an answer's JSON, or of the text where it is none."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        text = error if isinstance(error, str) else str(body or "").strip()
        return ApiError(status, text.splitlines()[0][:300] if text else f"HTTP {status}")
    return ApiError(status, str(error.get("message") or f"HTTP {status}"), _reason(error))


def _reason(error: t.Mapping[str, t.Any]) -> str:
    """Return the word for an error: in `errors`, or else in `details`."""
    for one in error.get("errors") or []:
        if one.get("reason"):
            return str(one["reason"])
    for one in error.get("details") or []:
        if one.get("reason"):
            return str(one["reason"])
    return str(error.get("status") or "")


_GRANT = "ask somebody who may to grant it: docs/google-cloud.md has the role that px-ansible needs, to copy"
_LOGIN = "gcloud auth application-default login; or export GOOGLE_APPLICATION_CREDENTIALS=KEY.json"
_QUOTAS = "ask for more at console.cloud.google.com/iam-admin/quotas ({metric}), or for fewer nodes"
# What Google says, and what helps. The first that fits.
_HINTS = (
    (
        r"has not been used in project|[a-z]+\.googleapis\.com\b.*is disabled|accessNotConfigured|SERVICE_DISABLED",
        "_enable",
    ),
    (r"Quota '(?P<metric>[A-Z0-9_]+)' exceeded", _QUOTAS),
    (
        "ZONE_RESOURCE_POOL_EXHAUSTED|does not have enough resources",
        "try again later, another region, or another machine_type",
    ),
    ("actAs|SERVICE_ACCOUNT_ACCESS_DENIED", "grant roles/iam.serviceAccountUser on that service account"),
    (r"Required '(?P<permission>[\w.]+)' permission|Permission '(?P<named>[\w.]+)' denied", "_permission"),
    (r"does not have (?P<permission>storage\.[\w.]+) access", "_permission"),
    ("invalid_grant|Invalid Credentials|invalid authentication credentials|Token has been", _LOGIN),
    ("The caller does not have permission", _GRANT),
    (
        "Failed to find project|The resource 'projects/[^/']+' was not found",
        "gcloud projects list (the id, not the name); then 'gcp: {{project: ...}}' below 'cluster' in px.yaml",
    ),
    (
        r"is already being used by 'projects/[^/']+/\w+/(?P<zone>[^/']+)/instances/(?P<name>[^/']+)'",
        "the instance {name} in {zone} is not the cluster's: see to it, then px-ansible destroy",
    ),
)


def hint_of(message: str, reason: str = "") -> str | None:
    """Return what helps against an error, None where its words say all."""
    for pattern, hint in _HINTS:
        found = re.search(pattern, f"{message} {reason}", re.DOTALL)
        if not found:
            continue
        if hint == "_enable":
            api = re.search(r"([a-z]+\.googleapis\.com)", message)
            project = re.search(r"project[= ]([\w-]+)", message)
            of = f" --project {project[1]}" if project else ""
            return f"gcloud services enable {api[1] if api else 'compute.googleapis.com'}{of}"
        if hint == "_permission":
            permission = next(one for one in found.groups() if one)
            return f"{permission} is missing; {_GRANT}"
        return hint.format(**found.groupdict())
    return None
