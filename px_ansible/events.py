"""What happens in a run, one Event per thing: the only form in which Ansible's events leave runner.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal[
    "play",
    "task",
    "start",
    "ok",
    "changed",
    "skipped",
    "failed",
    "ignored",
    "unreachable",
    "item",
    "retry",
    "stats",
    "stopping",
]

# A host's task has ended with one of these.
FINISHED: frozenset[Kind] = frozenset({"ok", "changed", "skipped", "failed", "ignored", "unreachable"})

_KINDS: Mapping[str, Kind] = {
    "playbook_on_play_start": "play",
    "playbook_on_task_start": "task",
    "playbook_on_stats": "stats",
    "runner_on_start": "start",
    "runner_on_ok": "ok",
    "runner_on_skipped": "skipped",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_item_on_ok": "item",
    "runner_item_on_failed": "item",
    "runner_item_on_skipped": "item",
    "runner_retry": "retry",
}

# What `stats` counts: each a mapping of host to number.
COUNTERS = ("ok", "changed", "failures", "dark", "skipped", "rescued", "ignored", "processed")

# Facts carry the host's whole environment, and an invocation repeats what the task was given: neither is a
# result, and either could carry a secret into a file.
_NOT_A_RESULT = frozenset({"ansible_facts", "invocation"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `host` is empty where it is about all of them.

    `role` and `action` are full names (`px.storage.gcsfuse`, `px.storage.mounts`), `result` is what the module
    returned (for `stats`: the counters of every host, for `play` and `task`: nothing). A task that fails inside a
    block with a rescue is `failed` like any other: only the counters of `stats` know that it was rescued.
    """

    kind: Kind
    host: str = ""
    role: str = ""
    task: str = ""
    action: str = ""
    result: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    seconds: float | None = None

    def as_data(self) -> dict[str, Any]:
        """Return the event as plain data, for the journal of the run."""
        return {
            "kind": self.kind,
            "host": self.host,
            "role": self.role,
            "task": self.task,
            "action": self.action,
            "result": dict(self.result),
            "seconds": self.seconds,
        }


def from_runner(raw: Mapping[str, Any]) -> Event | None:
    """Turn an event of ansible-runner into ours; None for what nobody needs (lines of output, warnings)."""
    kind = _KINDS.get(raw.get("event", ""))
    if kind is None:
        return None
    data: Mapping[str, Any] = raw.get("event_data") or {}
    if kind in ("play", "stats"):
        result = {} if kind == "play" else {name: data.get(name) or {} for name in COUNTERS}
        return Event(kind, task=data.get("name", ""), result=result)
    found = data.get("res")
    result = found if isinstance(found, dict) else {}
    if kind == "ok" and _changed(result, raw.get("stdout", "")):
        kind = "changed"
    elif kind == "failed" and data.get("ignore_errors"):
        kind = "ignored"
    return Event(
        kind,
        host=data.get("host", ""),
        role=data.get("resolved_role") or data.get("role") or "",
        task=data.get("task", ""),
        action=data.get("resolved_action") or data.get("task_action") or "",
        result=_stripped(result),
        seconds=data.get("duration"),
    )


def _stripped(result: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in result.items() if key not in _NOT_A_RESULT and not key.startswith("_ansible_")}
    if isinstance(kept.get("results"), list):  # a loop: one result per item
        kept["results"] = [_stripped(item) if isinstance(item, dict) else item for item in kept["results"]]
    return kept


def _changed(result: Mapping[str, Any], line: str) -> bool:
    # A no_log result arrives as nothing but `censored`; the line that Ansible printed still says what it was.
    return bool(result.get("changed")) or ("censored" in result and line.lstrip().startswith("changed:"))
