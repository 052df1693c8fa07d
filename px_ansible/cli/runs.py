"""`px-ansible runs`: what was run, and a run's report again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from px_ansible.cli.options import file_option, open_state, output_option, provider_option
from px_ansible.cli.run_names import WithRuns
from px_ansible.errors import UsageError

if TYPE_CHECKING:
    from px_ansible.run_record import RunRecord
    from px_ansible.state import ClusterState


@click.command(cls=WithRuns)
@file_option
@provider_option
@click.option(
    "--all",
    "every",
    is_flag=True,
    envvar="PX_RUNS_ALL",
    help="List the runs too that only looked (list, status).  [env: PX_RUNS_ALL]",
)
@output_option
@click.argument("words", nargs=-1, metavar="[show [RUN]]")
def runs(file: str | None, provider: str | None, every: bool, output: str, words: tuple[str, ...]) -> None:
    """List the runs that changed something: when, how long, how they ended. `show` prints the report of one again.

    RUN is the begin of a run's name, `last` (the default), or counted from the end: -1 is the last, -2 the one before.
    The last 20 are kept; a destroyed cluster has none.

    \b
    Example:
      px-ansible runs
      px-ansible runs show -2
    """  # noqa: D301
    from px_ansible.run_record import RunRecord, pick  # noqa: PLC0415
    from px_ansible.runs import only_looked  # noqa: PLC0415

    if words and (words[0] != "show" or len(words) > 2):  # noqa: PLR2004
        raise UsageError(f"`runs` does not know {' '.join(words)!r}", hint="px-ansible runs show [RUN]")
    state = open_state(file, provider)
    if words:
        _show(state, pick(state.all_runs(), words[1] if words[1:] else "last"), as_json=output == "json")
        return
    folders = [folder for folder in state.all_runs() if every or not only_looked(folder)]
    _list(state, [RunRecord.read(folder) for folder in folders], as_json=output == "json")


def _list(state: ClusterState, records: list[RunRecord], *, as_json: bool) -> None:
    from px_ansible.cli.tables import console, print_json, table  # noqa: PLC0415

    if as_json:
        heads = {"version": 1, "cluster": state.cluster, "provider": state.provider}
        print_json({**heads, "runs": [record.as_data() for record in records]})
        return
    if not records:
        click.echo("There has been no run yet: px-ansible provision")
        return
    rows = [
        (
            f"{record.began.astimezone():%Y-%m-%d %H:%M:%S}",
            record.command,
            "" if record.seconds is None else f"{record.seconds:.1f} s",
            _ended(record),
            str(record.counts.get("changed", "")),
            _short(record, records),
        )
        for record in records
    ]
    table(console(), ("when", "command", "time", "ended", "changed", "run"), rows)


def _short(record: RunRecord, records: list[RunRecord]) -> str:
    """Return the name up to its second, which is enough to name the run, where no other run began in that second."""
    short = record.name.partition(".")[0]
    return short if sum(one.name.startswith(short) for one in records) == 1 else record.name


def _show(state: ClusterState, record: RunRecord, *, as_json: bool) -> None:
    from px_ansible.cli.report import show_status  # noqa: PLC0415
    from px_ansible.cli.tables import console, print_json  # noqa: PLC0415
    from px_ansible.report import Report  # noqa: PLC0415

    data, steps = record.report(), list(record.failed_steps())
    if as_json:
        heads = {"version": 1, "cluster": state.cluster, "provider": state.provider}
        kept = [{name: step[name] for name in ("kind", "host", "role", "task")} for step in steps]
        print_json({**heads, **record.as_data(), "failed_steps": kept, "report": data})
        return
    screen = console()
    took = "" if record.seconds is None else f", {record.seconds:.1f} s"
    changed = f", {record.counts['changed']} changed" if record.counts.get("changed") else ""
    screen.print(
        f"{record.command} of {state.cluster}, {record.began.astimezone():%Y-%m-%d %H:%M:%S}{took}{changed}: ", end=""
    )
    screen.print(f"{_ended(record)}\n")
    if data is not None:
        show_status(Report.from_data(data))
    if steps:
        screen.print("Failed steps:")
        for step in steps:
            screen.print(f"  {step['host']}: {step['task']} ({step['kind']})", markup=False)
        screen.print()
    screen.print(f"What Ansible printed: px-ansible logs --run={record.name}", markup=False)


def _ended(record: RunRecord) -> str:
    colour = {"ok": "green", "running": "yellow"}.get(record.state, "red")
    return f"[{colour}]{record.state}[/]"
