"""What a module of google.cloud failed with: in words, and whether another try may help."""

from __future__ import annotations

import ast
import re
import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import errors

Result = t.Mapping[str, t.Any]

NO_ROOM = "ZONE_RESOURCE_POOL_EXHAUSTED"
# What passes by itself. google.cloud's modules do not try again, and break over an error of the connection: their
# session asks it for a `message` that it does not have (gcp_utils.py).
_PASSING = re.compile(
    r"'code': (429|500|502|503|504)\b|rateLimitExceeded|RATE_EXCEEDED|has no attribute 'message'"
    r"|ConnectionError|ConnectionReset|RemoteDisconnected|TransportError|is not ready|resourceNotReady"
    r"|INTERNAL_ERROR|Internal error"
    r"|SERVICE_ACCOUNT_NOT_FOUND|[Ss]ervice account .* (does not exist|not found)"
    r"|of type 'serviceAccount' was not found"
    # A front of Google's answers with a page.
    r"|Invalid JSON response"
)
_BROKEN = re.compile(r"'\w+' object has no attribute 'message'|ConnectionReset|RemoteDisconnected")


def has_no_room(result: Result) -> bool:
    """Tell whether a zone had no machine left."""
    return NO_ROOM in str(result.get("msg") or "")


def may_pass(result: Result) -> bool:
    """Tell whether a failure may be gone with another try.

    One without words is a crash: of the connection, as a rule.
    """
    return not result.get("msg") or bool(_PASSING.search(str(result["msg"])))


def failure(result: Result, doing: str = "") -> dict[str, t.Any]:
    """Return a failed result with the words of another one that are of use."""
    # Of a loop, the round that it ended with.
    last = (result.get("results") or [result])[-1]
    message, hint = explain(last)
    text = f"{doing}: {message}" if doing else message
    return {"failed": True, "msg": text, "hint": hint, "log": list(last.get("log") or [])}


def explain(result: Result) -> tuple[str, str | None]:
    """Return what failed and what helps."""
    message = result.get("msg") or ""
    if "hint" in result:  # a module of ours has said it all
        return str(message), result["hint"]
    text = str(message)
    if text.startswith("[") and isinstance(parsed := _literal(text), list):
        return _of_operation(parsed)
    if found := re.search(r"GCP returned error: (\{.*)", text, re.DOTALL):
        error = errors.read(0, _literal(found[1]))
        return error.message, error.hint
    if found := re.search(r"Invalid JSON response with error: (.*)", text, re.DOTALL):
        page = re.search(r"<title>(.*?)</title>", found[1], re.DOTALL | re.IGNORECASE)
        return f"Google answered with what is no JSON: {' '.join((page or found)[1].split())[:300]}", None
    if found := re.search(r"RefreshError: (.*)|(invalid_grant.*)", text):
        text = f"Google's credentials are refused: {found[1] or found[2]}"
    elif _BROKEN.search(text):
        return "the connection to Google broke off, again and again", "curl -sS https://compute.googleapis.com"
    return text, errors.hint_of(text)


def _of_operation(found: t.Sequence[t.Any]) -> tuple[str, str | None]:
    """Read the errors of an operation of Compute Engine."""
    first = found[0] if found and isinstance(found[0], dict) else {"message": str(found)}
    message = str(first.get("message") or first.get("code") or found)
    return message, errors.hint_of(message, str(first.get("code") or ""))


def _literal(text: str) -> t.Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):  # all that literal_eval may raise
        return text
