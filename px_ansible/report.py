"""Events -> Report: what became of every host and mount, what failed, why, and what helps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from px_ansible import ssh
from px_ansible.errors import PxError, RunError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from px_ansible.events import Event

MOUNTS = ("px.storage.mounts", "px.storage.mounts_info")
CONTROLLER = "localhost"
VERSION = 1
# What Ansible has in place of one where a module has said itself why it fails.
_NO_TRACEBACK = "(traceback unavailable)"


@dataclass(slots=True)
class MountReport:
    """One mount on one host; `state` is the module's word, `ready` whether it answers."""

    path: str
    bucket: str
    client: str
    state: str
    ready: bool
    changed: bool = False
    seconds: float | None = None
    error: str | None = None
    hint: str | None = None
    journal: list[str] = field(default_factory=list)


@dataclass(slots=True)
class HostReport:
    """One host; `error` is what stopped it, `log` the last lines of what failed."""

    name: str
    state: str = "ok"
    address: str | None = None
    changed: bool = False
    error: str | None = None
    hint: str | None = None
    log: list[str] = field(default_factory=list)
    mounts: list[MountReport] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """The end of a run: take it as the `on_event` of a run, or beside one.

    `unreachable_hint` says what helps with a host that could not be reached, from the message and its name.
    """

    hosts: dict[str, HostReport] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    changed: int = 0
    unreachable_hint: Callable[[str, str], str | None] | None = None

    def __call__(self, event: Event) -> None:
        """Take the next event."""
        if event.kind == "stats":
            # Ansible's own sum; a run that is broken off has none.
            self.changed = sum(event.result.get("changed", {}).values())
            return
        if not event.host:
            return
        host = self.hosts.setdefault(event.host, HostReport(event.host))
        result = event.result
        for note in result.get("notes") or []:
            # Of a mount it says the path; there is one of it on every host.
            told = f"{event.host}: {note}" if event.action in MOUNTS else note
            if told not in self.notes:
                self.notes.append(told)
        host.address = result.get("address") or host.address
        if event.action in MOUNTS:
            host.mounts += [_mount(one, result) for one in result.get("mounts", [])]
        if event.kind == "changed":
            host.changed = True
            self.changed += 1
        elif event.kind in ("failed", "unreachable"):
            host.state = event.kind
            host.error = _sentence(event)
            host.hint = result.get("hint")
            if event.kind == "unreachable" and self.unreachable_hint:
                host.hint = self.unreachable_hint(str(result.get("msg") or ""), event.host)
            host.log = _log(result)

    @property
    def failed(self) -> list[HostReport]:
        """The hosts that failed, the controller among them."""
        return [host for host in self.hosts.values() if host.state == "failed"]

    @property
    def unreachable(self) -> list[HostReport]:
        """The hosts that did not answer."""
        return [host for host in self.hosts.values() if host.state == "unreachable"]

    def controller_error(self) -> PxError | None:
        """Return what failed on the controller, before or after the hosts, as an error."""
        host = self.hosts.get(CONTROLLER)
        if host is None or host.state != "failed":
            return None
        return RunError(host.error or "a step on this computer failed", hint=host.hint, log=host.log)

    @property
    def exit_code(self) -> int:
        """0, or the code of the worst that happened."""
        if self.failed:
            return RunError.exit_code
        return UnreachableError.exit_code if self.unreachable else 0

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the report that `as_data` wrote."""
        hosts = [
            HostReport(**{**host, "mounts": [MountReport(**mount) for mount in host["mounts"]]})
            for host in data["hosts"]
        ]
        if error := data.get("error"):
            hosts.append(HostReport(CONTROLLER, "failed", error=error["message"], hint=error["hint"], log=error["log"]))
        return cls({host.name: host for host in hosts}, list(data["notes"]), data["changed"])

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        hosts = [asdict(host) for name, host in self.hosts.items() if name != CONTROLLER]
        data: dict[str, Any] = {
            "version": VERSION,
            "changed": self.changed,
            "hosts": hosts,
            "notes": self.notes,
        }
        if error := self.controller_error():
            data["error"] = {"message": error.message, "hint": error.hint, "log": error.log}
        return data


def _mount(one: Mapping[str, Any], result: Mapping[str, Any]) -> MountReport:
    return MountReport(
        path=one["path"],
        bucket=one.get("bucket") or "",
        client=one.get("client") or result.get("client") or "",
        state=one["state"],
        ready=bool(one.get("ready")),
        changed=bool(one.get("changed")),
        seconds=one.get("seconds"),
        error=one.get("error"),
        hint=one.get("hint"),
        journal=list(one.get("journal") or []),
    )


def _sentence(event: Event) -> str:
    message = str(event.result.get("msg") or event.result.get("reason") or "it failed without a word").strip()
    return ssh.reason(message).splitlines()[-1] if event.kind == "unreachable" else message


def _log(result: Mapping[str, Any]) -> list[str]:
    """Return the last lines of what failed: the module's own choice, or what a program or a crash printed."""
    if result.get("log"):
        return list(result["log"])
    texts = (result.get("exception"), result.get("module_stderr"), result.get("stderr"))
    text = next((one for one in texts if one and one != _NO_TRACEBACK), "")
    return [line for line in str(text).splitlines() if line.strip()][-12:] if isinstance(text, str) else []
