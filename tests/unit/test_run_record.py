"""run_record.py: how a run is noted and found again; and reports that come back from their file."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime

import pytest

from px_ansible import runs
from px_ansible.errors import RunError, UsageError
from px_ansible.events import Event
from px_ansible.report import Report
from px_ansible.run_record import RunRecord, pick


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs"


def report_with(*events: Event) -> Report:
    report = Report()
    for event in events:
        report(event)
    return report


STATS = Event("stats", result={"changed": {"px-1": 3, "px-2": 1}})
BROKEN = Event("failed", "px-2", task="Boot", result={"msg": "no luck", "hint": "try more", "log": ["a", "b"]})
MOUNT = {"path": "/data", "bucket": "b", "client": "gcsfuse", "state": "present", "ready": True}
CHANGED = Event("changed", "px-1", action="px.storage.local_machine")
FINE = Event("ok", "px-1", action="px.storage.mounts", result={"mounts": [MOUNT]})


def test_a_run_that_ended_is_read_as_it_was_written(folder):
    report = report_with(FINE, BROKEN, Event("failed", "localhost", result={"msg": "no network"}), STATS)
    record = RunRecord.begin(runs.new(folder, "provision"), "provision")
    assert record.state == "killed"  # nobody works there
    record.end(report, report.exit_code)
    read = RunRecord.read(record.folder)
    assert read.as_data() == record.as_data()
    assert (read.state, read.exit_code) == ("exit 5", 5)
    assert read.counts == {"hosts": 2, "changed": 4, "failed": 2, "unreachable": 0}
    again = Report.from_data(read.report())
    assert again.as_data() == report.as_data()
    assert again.hosts == report.hosts
    for file in record.folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143), (RunError("x"), 5), (ValueError("bug"), 1)]
)
def test_what_broke_a_run_off_is_its_exit_code(folder, error, code):
    record = RunRecord.begin(runs.new(folder, "provision"), "provision")
    record.end_with(report_with(FINE, CHANGED), error)
    assert RunRecord.read(record.folder).exit_code == code
    assert RunRecord.read(record.folder).counts["changed"] == 1
    assert record.report()["hosts"][0]["name"] == "px-1"


def test_a_folder_that_is_gone_hides_no_error(folder):
    record = RunRecord.begin(runs.new(folder, "provision"), "provision")
    for file in record.folder.iterdir():
        file.unlink()
    record.folder.rmdir()
    record.end_with(report_with(FINE), KeyboardInterrupt())


def test_a_killed_run_is_known_by_its_folder(folder):
    made = runs.new(folder, "unmount")
    (made / "events.jsonl").write_text(json.dumps(BROKEN.as_data()) + '\n{"kind": "fai')
    read = RunRecord.read(made)
    assert (read.command, read.state, read.seconds, read.report()) == ("unmount", "killed", None, None)
    assert abs((datetime.now(UTC) - read.began).total_seconds()) < 60
    assert [step["task"] for step in read.failed_steps()] == ["Boot"]
    os.mkfifo(made / "lifeline")
    assert RunRecord.read(made).state == "killed"


def test_runs_are_picked_by_number_and_by_the_begin_of_their_name(folder):
    made = [runs.new(folder, command) for command in ("provision", "list", "mount", "list", "status")]
    every = runs.all_runs(folder)
    assert pick(every, "last").folder == pick(every, "-1").folder == pick(every, "last-1").folder == made[2]
    assert pick(every, "-2").folder == made[0]
    assert pick(every, made[1].name).folder == made[1]
    for wrong, said in (
        ("-3", "only 2 runs"),
        ("-0", "only 2 runs"),
        ("2", "5 runs begin with '2'"),
        ("x", "no run 'x'"),
    ):
        with pytest.raises(UsageError, match=said):
            pick(every, wrong)
    with pytest.raises(UsageError, match="no run yet"):
        pick([], "last")


def test_a_run_whose_name_is_the_begin_of_anothers(folder):
    (folder / "2-list").mkdir(parents=True)
    (folder / "2-list-more").mkdir()
    assert pick(runs.all_runs(folder), "2-list").name == "2-list"
