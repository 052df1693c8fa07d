"""`px-ansible list`: the clusters of this user's state folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from px_ansible.cli.options import output_option

if TYPE_CHECKING:
    from px_ansible.run_record import RunRecord
    from px_ansible.state import ClusterState


@click.command("list")
@output_option
def clusters(output: str) -> None:
    """List the clusters that px-ansible keeps for this user: what they have, their px.yaml, how the last run ended.

    The names are for `--cluster`, which every command takes from any folder. Clusters that were only planned are in
    --output json alone.

    \b
    Example:
      px-ansible list
      px-ansible status -c demo
    """  # noqa: D301
    from px_ansible.cli.tables import print_json  # noqa: PLC0415
    from px_ansible.clusters import known_clusters  # noqa: PLC0415

    rows = [_as_data(state) for state in known_clusters()]
    if output == "json":
        print_json({"version": 1, "clusters": rows})
    elif made := [row for row in rows if row["hosts"] or row.get("last_run") or "error" in row]:
        _show(made)  # without those that were only planned
    else:
        click.echo("There are no clusters yet: px-ansible provision makes one from a px.yaml.")


def _as_data(state: ClusterState) -> dict[str, Any]:
    from px_ansible.errors import PxError  # noqa: PLC0415
    from px_ansible.run_record import RunRecord  # noqa: PLC0415
    from px_ansible.runs import only_looked  # noqa: PLC0415

    data: dict[str, Any] = {"name": state.cluster, "provider": state.provider, "folder": str(state.folder)}
    try:
        file = state.project_file()
        known: dict[str, Any] = {
            "hosts": list(state.read_inventory()),
            "mounts": [one["path"] for one in state.read_applied()],
        }
    except PxError as error:  # one that is damaged hides none of the others
        return {**data, "hosts": [], "mounts": [], "file": None, "file_exists": False, "error": error.message}
    changing = [run for run in state.all_runs() if not only_looked(run)]
    return {
        **data,
        **known,
        "file": str(file) if file else None,
        "file_exists": bool(file and file.exists()),
        "last_run": _run(RunRecord.read(changing[-1])) if changing else None,
    }


def _run(record: RunRecord) -> dict[str, Any]:
    wanted = ("run", "command", "began", "seconds", "exit_code", "state")
    return {name: value for name, value in record.as_data().items() if name in wanted}


def _show(rows: list[dict[str, Any]]) -> None:
    from rich.markup import escape  # noqa: PLC0415

    from px_ansible.cli.tables import console, table  # noqa: PLC0415

    shown = [
        (
            row["name"],
            row["provider"],
            str(len(row["hosts"])),
            str(len(row["mounts"])),
            _file(row["file"], gone=not row["file_exists"], mark=escape),
            _last(row),
        )
        for row in rows
    ]
    screen = console()
    table(screen, ("cluster", "provider", "hosts", "mounts", "px.yaml", "last run"), shown)
    for row in rows:
        if "error" in row:
            screen.print(f"{row['name']}: {row['error']}", markup=False)


def _file(file: str | None, *, gone: bool, mark: Any) -> str:
    if file is None:
        return ""
    path, home = Path(file), Path.home()
    text = mark(f"~/{path.relative_to(home)}" if path.is_relative_to(home) else file)
    return f"[red]{text} (gone)[/]" if gone else text


def _last(row: dict[str, Any]) -> str:
    from datetime import datetime  # noqa: PLC0415

    run = row.get("last_run")
    if not run:
        return ""
    colour = "green" if run["state"] == "ok" else "red"
    when = datetime.fromisoformat(run["began"]).astimezone()
    return f"{when:%Y-%m-%d %H:%M} {run['command']} [{colour}]{run['state']}[/]"
