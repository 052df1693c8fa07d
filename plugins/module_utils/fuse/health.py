"""How a mount is doing: its unit, its place in the mount table, and its answer to a listing, put together."""

import os
from typing import Any, Dict, List, NamedTuple, Optional

from ansible_collections.px.storage.plugins.module_utils.fuse import (
    journal,
    mountpoint,
    places,
    systemctl,
    text_file,
    unit,
)
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Answer

JOURNAL_LINES = 8
# One restart is a client that was killed and comes back; from the second on it cannot start.
RESTARTS_OF_A_LOOP = 2


class Health(NamedTuple):
    """The state of a mount, and the listing it was read from, if there was one."""

    state: str
    answer: Optional[Answer] = None


def look(path: str, properties: Dict[str, str], limit: float) -> Health:
    """Return the state of a mount: mounted, starting, failed, stopped, hung or dead."""
    active, sub = properties.get("ActiveState"), properties.get("SubState")
    if active in (None, "inactive"):
        return Health("stopped")
    if active == "failed" or sub == "auto-restart":
        return Health("failed")
    if active != "active":
        restarts = int(properties.get("NRestarts") or 0)
        return Health("failed" if restarts >= RESTARTS_OF_A_LOOP else "starting")
    return _ask(path, limit)


def _ask(path: str, limit: float) -> Health:
    if mountpoint.mounted(path, mountpoint.table()) is None:
        return Health("dead")
    answer = mountpoint.listing(path, limit)
    if answer.ok:
        return Health("mounted", answer)
    if answer.hung:
        return Health("hung", answer)
    return Health("dead" if answer.dead else "failed", answer)


def process_stopped(pid: str) -> bool:
    """Whether the process was stopped with a signal: it answers nobody and will not end by itself."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(") ")[2][:1] in ("T", "t")
    except OSError:
        return False


def said(client: str, unit_name: str, properties: Dict[str, str], *, settle: float = 0.0) -> List[str]:
    """Return what the client of a unit said last, in readable lines."""
    found = journal.lines(unit_name, properties.get("InvocationID", ""), settle=settle)
    readable = CLIENTS[client].readable if client in CLIENTS else str
    lines = [text for text in map(readable, found) if text]
    return [text for index, text in enumerate(lines) if text not in lines[index + 1 :]][-JOURNAL_LINES:]


def why(client: str, lines: List[str], mount: Dict[str, Any], fallback: str) -> str:
    """Return one line that says why a mount does not work."""
    reason = CLIENTS[client].reason(lines, mount) if client in CLIENTS else None
    return reason or fallback


def survey(limit: float) -> List[Dict[str, Any]]:
    """Return every mount that has a unit of ours. Changes nothing; takes at most `limit` s per mount."""
    units = unit.installed()
    shown = systemctl.show([about["unit"] for about in units.values()])
    return [_one(path, about, shown[about["unit"]], limit) for path, about in sorted(units.items())]


def _one(path: str, about: Dict[str, str], properties: Dict[str, str], limit: float) -> Dict[str, Any]:
    health = look(path, properties, limit)
    result = {
        "path": path,
        "bucket": about.get("Bucket", ""),
        "client": about.get("Client", ""),
        "unit": about["unit"],
        "state": health.state,
        "ready": health.state == "mounted",
        "restarts": int(properties.get("NRestarts") or 0) + _restarts_before(about["unit"]),
        "error": None,
        "journal": [],
    }
    if not result["ready"]:
        mount = {"path": path, "bucket": result["bucket"], "endpoint": about.get("Endpoint")}
        result["journal"] = said(result["client"], about["unit"], properties)
        result["error"] = why(
            result["client"], result["journal"], mount, _in_words(health, properties, result["client"], limit)
        )
        if health.state == "hung" and process_stopped(properties.get("MainPID", "")):
            result["error"] = f"{result['client']} was stopped with a signal and answers nobody"
    return result


def _restarts_before(unit_name: str) -> int:
    """Return the restarts since boot that a start that worked put an end to: systemd's own count begins anew."""
    noted = text_file.read(places.restarts(unit.slug(unit_name))).split()
    return sum(int(number) for number in noted if number.isdigit())


def _in_words(health: Health, properties: Dict[str, str], client: str, limit: float) -> str:
    if health.answer is not None and health.answer.error:
        return f"a listing fails: {health.answer.reason}"
    return {
        "starting": f"{client} is starting",
        "stopped": "the unit is not started",
        "hung": f"no answer to a listing within {limit:g} s",
        "dead": f"{client} runs, but nothing is mounted",
    }.get(
        health.state,
        f"{client} ends as soon as it starts (exit status {properties.get('ExecMainStatus', '?')})",
    )


def binary_replaced(pid: str, binary: str) -> bool:
    """Whether the process runs the binary, and it was replaced on disk since."""
    try:
        runs = os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False
    return runs in {path + " (deleted)" for path in (binary, os.path.realpath(binary))}


def command_line(pid: str) -> List[str]:
    """Return the words a process was started with; none where it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as words:
            return [os.fsdecode(word) for word in words.read().split(b"\0")[:-1]]
    except OSError:
        return []
