"""Reports as text: one row per host and mount, then what failed, why, and the command that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.cli.host_line import shown_name
from px_ansible.cli.tables import console, count, table
from px_ansible.plans import Action
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from rich.console import Console

    from px_ansible.plans import Plan
    from px_ansible.report import HostReport, MountReport, Report

_DONE = {
    Action.CREATE: "created",
    Action.START: "started",
    Action.CHANGE: "changed",
    Action.REPLACE: "replaced",
    Action.REMOVE: "removed",
}


def show_provision(plan: Plan, report: Report, seconds: float) -> None:
    """Print how a provision ended."""
    screen = console()
    screen.print()
    _hosts_table(screen, report)
    _notes(screen, report)
    emulated = sorted({mount.source for mount in plan.mounts if mount.emulated and mount.action is not Action.REMOVE})
    if emulated:
        its = "its objects are" if len(emulated) == 1 else "their objects are"
        screen.print(f"Emulated on this computer: {', '.join(emulated)}; {its} kept until `destroy --purge`.")
    _failures(screen, report)
    screen.print(f"{_outcome(plan, report)} ({seconds:.1f} s)")


def show_status(report: Report) -> None:
    """Print how hosts and mounts are."""
    screen = console()
    _hosts_table(screen, report)
    _failures(screen, report)


def show_destroy(report: Report) -> None:
    """Print what a destroy could not do, and what is to be known of what it did."""
    screen = console()
    _notes(screen, report)
    _failures(screen, report)


def _hosts_table(screen: Console, report: Report) -> None:
    rows = []
    for host in report.hosts.values():
        if host.name == "localhost":
            continue
        head = (host.name, host.address or "", _state(host))
        cells = [(one.path, one.bucket, _mount_state(one)) for one in host.mounts if one.state != "absent"]
        rows.append((*head, *(cells[0] if cells else ("", "", ""))))
        rows += [("", "", "", *more) for more in cells[1:]]
    if rows:
        table(screen, ("host", "address", "state", "mount", "bucket", "mount state"), rows, spare=("bucket",))
        screen.print()


def _state(host: HostReport) -> str:
    colour = {"ok": "green", "running": "green", "removed": "dim"}.get(host.state, "red")
    return f"[{colour}]{host.state}[/]"


def _mount_state(mount: MountReport) -> str:
    if mount.ready:
        return "[green]ready[/]"
    return f"[red]{'not ready' if mount.state == 'present' else mount.state}[/]"


def _notes(screen: Console, report: Report) -> None:
    for note in report.notes:
        screen.print(f"Note: {note}.", markup=False)


def _failures(screen: Console, report: Report) -> None:
    for host in report.hosts.values():
        broken = [mount for mount in host.mounts if not mount.ready and mount.error]
        for mount in broken:
            screen.print(f"[red]{host.name} {mount.path}:[/] ", end="")
            _reason(
                screen,
                mount.error or "",
                mount.journal,
                mount.hint and f"px-ansible ssh {host.name} -- {mount.hint}",
            )
        if host.error and not broken:
            screen.print(f"[red]{shown_name(host.name)}:[/] ", end="")
            _reason(screen, host.error, host.log, host.hint)


def _reason(screen: Console, error: str, log: list[str], hint: str | None) -> None:
    screen.print(error, markup=False)
    for line in log:
        screen.print(f"    {line}", markup=False, style="dim")
    if hint:
        screen.print(f"  Try: {hint}", markup=False)
    screen.print()


_DONE_WITH_MOUNTS = {**_DONE, Action.CREATE: "added"}
_DONE_WITH_THEIRS = {**_DONE, Action.CREATE: "added", Action.REMOVE: "left as they were"}


def _outcome(plan: Plan, report: Report) -> str:
    wrong = len(report.failed) + len(report.unreachable)
    if wrong:
        verb = "is" if wrong == 1 else "are"
        first = f"{wrong} of {count(len(plan.hosts), 'host')} {verb} not as px.yaml says"
        return f"{first}; `px-ansible provision` goes on from here."
    words = _DONE_WITH_THEIRS if PROVIDERS[plan.config.provider].existing else _DONE
    done = [f"{count(len(names), 'host')} {word}" for action, word in words.items() if (names := plan.hosts_to(action))]
    done += [
        f"{count(len(paths), 'mount')} {word}"
        for action, word in _DONE_WITH_MOUNTS.items()
        if (paths := plan.mounts_to(action))
    ]
    # Mounts alone that were to be looked at again, and were right.
    looked = not report.changed and not plan.destroys and not plan.hosts_to(Action.CREATE, Action.START, Action.CHANGE)
    if done and not looked:
        return f"Done: {', '.join(done)}."
    if report.changed:
        return f"Done: {count(report.changed, 'step')} repaired what differed."
    return "Nothing changed: everything was as px.yaml says."
