"""How Google's APIs say no: the JSON of an error, in the form of each API."""

from __future__ import annotations

from typing import Any

from emulators.exchange import Answer

TYPE = "type.googleapis.com/google.rpc."
# The canonical name of a status, which the younger APIs give besides the number.
NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}
# The `reason` that the older APIs give, where a call does not say it.
REASONS = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "alreadyExists",
    412: "conditionNotMet",
    429: "rateLimitExceeded",
    500: "backendError",
    501: "notImplemented",
    503: "backendError",
}
LOGIN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class ApiError(Exception):
    """A refusal; `more` goes into the entry of `errors` (location, domain), `details` into `details`."""

    def __init__(
        self,
        status: int,
        message: str,
        reason: str = "",
        *,
        name: str = "",
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        **more: str,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason or REASONS[status]
        self.name = name
        self.details = details or []
        self.headers = headers or {}
        self.more = more

    def answer(self, style: str) -> Answer:
        """Answer in a style: `errors` (Compute Engine, Cloud Storage) or `status` (the others)."""
        error: dict[str, Any] = {"code": self.status, "message": self.message}
        if style == "errors":
            entry = {"message": self.message, "domain": "global", "reason": self.reason}
            error["errors"] = [entry | self.more]
        if style == "status" or self.name or self.details:
            error["status"] = self.name or NAMES[self.status]
        if self.details:
            error["details"] = self.details
        return Answer.of({"error": error}, self.status, **self.headers)


def invalid(field: str, value: object, why: str = "") -> ApiError:
    """Refuse a field's value in Compute Engine's words."""
    return ApiError(400, f"Invalid value for field '{field}': '{value}'. {why}".rstrip(), "invalid")


def not_matching(field: str, value: object, pattern: str) -> ApiError:
    return invalid(field, value, f"Must be a match of regex '{pattern}'")


def required(field: str) -> ApiError:
    return ApiError(400, f"Required field '{field}' not specified", "required")


def missing(field: str, value: object, kind: str) -> ApiError:
    """Refuse a reference to something that is not there."""
    return invalid(field, value, f"The referenced {kind} resource cannot be found.")


def not_found(path: str) -> ApiError:
    return ApiError(404, f"The resource '{path}' was not found", "notFound")


def exists(path: str) -> ApiError:
    return ApiError(409, f"The resource '{path}' already exists", "alreadyExists")


def not_ready(path: str) -> ApiError:
    return ApiError(400, f"The resource '{path}' is not ready", "resourceNotReady")


def in_use(kind: str, path: str, user: str) -> str:
    return f"The {kind} resource '{path}' is already being used by '{user}'"


def bad_request(violations: list[tuple[str, str]]) -> ApiError:
    """Refuse a body or query that does not fit the API's description, all of it at once."""
    entries = [{"field": field, "description": text} if field else {"description": text} for field, text in violations]
    details = [{"@type": TYPE + "BadRequest", "fieldViolations": entries}]
    return ApiError(400, "\n".join(text for _, text in violations), "badRequest", name=NAMES[400], details=details)


def unauthenticated(*, sent: bool) -> ApiError:
    """Refuse a token that is none, or the lack of one."""
    where = {"location": "Authorization", "locationType": "header"}
    realm = 'Bearer realm="https://accounts.google.com/"'
    if sent:
        headers = {"WWW-Authenticate": f'{realm}, error="invalid_token"'}
        return ApiError(401, LOGIN, "authError", name=NAMES[401], headers=headers, **where)
    return ApiError(401, "Login Required.", "required", name=NAMES[401], headers={"WWW-Authenticate": realm}, **where)


def denied(permission: str, path: str) -> ApiError:
    """Refuse for want of a permission, as Compute Engine does."""
    return ApiError(403, f"Required '{permission}' permission for '{path}'", "forbidden")


def denied_by_iam(service: str, permission: str, resource: str) -> ApiError:
    """Refuse for want of a permission, as IAM and its sisters do."""
    info = {"permission": permission, "resource": resource}
    details = [{"@type": TYPE + "ErrorInfo", "reason": "IAM_PERMISSION_DENIED", "domain": service, "metadata": info}]
    message = f"Permission '{permission}' denied on resource (or it may not exist)."
    return ApiError(403, message, "forbidden", name=NAMES[403], details=details)


def no_bucket() -> ApiError:
    return ApiError(404, "The specified bucket does not exist.", "notFound")


def denied_by_storage(who: str, permission: str) -> ApiError:
    """Refuse for want of a permission, as Cloud Storage does; `who` is empty for somebody without a token."""
    kind = "object" if permission.startswith("storage.objects.") and not permission.endswith(".list") else "bucket"
    text = f"does not have {permission} access to the Google Cloud Storage {kind}."
    more = f"Permission '{permission}' denied on resource (or it may not exist)."
    if not who:
        where = {"location": "Authorization", "locationType": "header"}
        return ApiError(401, f"Anonymous caller {text} {more}", "required", **where)
    return ApiError(403, f"{who} {text} {more}", "forbidden")


def scope_too_small(service: str, method: str) -> ApiError:
    info = {"service": service, "method": method}
    details = [
        {
            "@type": TYPE + "ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
            "metadata": info,
        }
    ]
    message = "Request had insufficient authentication scopes."
    return ApiError(403, message, "insufficientPermissions", name=NAMES[403], details=details)


def service_disabled(title: str, service: str, number: str) -> ApiError:
    """Refuse because the API is not switched on in the project."""
    url = f"https://console.developers.google.com/apis/api/{service}/overview?project={number}"
    message = (
        f"{title} has not been used in project {number} before or it is disabled. Enable it by visiting {url} then "
        "retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry."
    )
    details = [
        {"@type": TYPE + "Help", "links": [{"description": "Google developers console API activation", "url": url}]},
        {
            "@type": TYPE + "ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {"service": service, "consumer": f"projects/{number}"},
        },
    ]
    more = {"domain": "usageLimits", "extendedHelp": "https://console.developers.google.com"}
    return ApiError(403, message, "accessNotConfigured", name=NAMES[403], details=details, **more)


def not_emulated(what: str) -> ApiError:
    """Say that the emulator, not Google, cannot do it: a test that meets this has found the emulator's end."""
    return ApiError(501, f"emulator: {what} is not emulated")
