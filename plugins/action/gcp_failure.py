"""End with what a module of google.cloud failed with, as a sentence and what helps."""

from __future__ import annotations

import ast
import re
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.px.storage.plugins.module_utils.gcp import errors


class ActionModule(ActionBase):
    """Runs on the controller; `result` is the result of the task that failed."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset({"result", "doing"})

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Fail."""
        super().run(tmp, task_vars)
        return failure(self._task.args["result"], self._task.args.get("doing", ""))


def failure(result: t.Mapping[str, t.Any], doing: str = "") -> dict[str, t.Any]:
    """Return a failed result with the words of another one that are of use."""
    # Of a loop, the last round is the one that it ended with.
    rounds = [one for one in result.get("results") or [] if one.get("failed")]
    last = rounds[-1] if rounds else result
    message, hint = explain(last)
    text = f"{doing}: {message}" if doing else message
    return {"failed": True, "msg": text, "hint": last.get("hint") or hint, "log": list(last.get("log") or [])}


def explain(result: t.Mapping[str, t.Any]) -> tuple[str, str | None]:
    """Return what failed and what helps."""
    message = result.get("msg") or ""
    if isinstance(message, list):  # the errors of an operation
        return _of_operation(message)
    text = str(message)
    if found := re.match(r"GCP returned error: (\{.*)", text, re.DOTALL):
        error = errors.read(0, _literal(found[1]))
        return error.message, error.hint
    if text.startswith("[") and isinstance(parsed := _literal(text), list):
        return _of_operation(parsed)
    crash = f"{text} {result.get('exception', '')} {result.get('module_stderr', '')}"
    # https://github.com/ansible-collections/google.cloud: GcpSession asks the exception for a `message` that it has not.
    if re.search("has no attribute 'message'|ConnectionError|ConnectionResetError|RemoteDisconnected", crash):
        return "the connection to Google broke off, again and again", "curl -sS https://compute.googleapis.com"
    if found := re.search(r"RefreshError: (.*)", crash):
        return f"Google's credentials are refused: {found[1]}", errors.hint_of("invalid_grant")
    return text, errors.hint_of(text)


def _of_operation(found: t.Sequence[t.Any]) -> tuple[str, str | None]:
    first = found[0] if found and isinstance(found[0], dict) else {"message": str(found)}
    message = str(first.get("message") or first.get("code"))
    return message, errors.hint_of(message, str(first.get("code") or ""))


def _literal(text: str) -> t.Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
