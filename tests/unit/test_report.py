"""Events in, report out: what became of hosts and mounts, and the exit code."""

from __future__ import annotations

import pytest
from rich.console import Console

from px_ansible.cli.report import show_provision, show_status
from px_ansible.config import load
from px_ansible.events import Event
from px_ansible.plans import Found, FoundHost, make_plan
from px_ansible.providers import PROVIDERS
from px_ansible.report import HostReport, MountReport, Report

MOUNT = {"path": "/data", "bucket": "b", "state": "present", "ready": True, "changed": True, "seconds": 0.4}


def report_of(*events: Event) -> Report:
    report = Report()
    for event in events:
        report(event)
    return report


def test_mounts_of_every_host():
    result = {"client": "gcsfuse", "mounts": [MOUNT]}
    report = report_of(
        Event("changed", host="demo-1", action="px.storage.mounts", result=result),
        Event("ok", host="demo-2", action="px.storage.mounts", result=result),
        Event("stats", result={"changed": {"demo-1": 2, "demo-2": 0}}),
    )
    assert report.exit_code == 0
    assert report.changed == 2
    assert [host.changed for host in report.hosts.values()] == [True, False]
    mount = report.hosts["demo-1"].mounts[0]
    assert (mount.path, mount.client, mount.ready, mount.seconds) == ("/data", "gcsfuse", True, 0.4)


def test_a_mount_that_failed_keeps_its_reason_and_the_others():
    broken = {**MOUNT, "path": "/other", "ready": False, "error": "bucket x does not exist", "journal": ["last words"]}
    result = {"msg": "1 of 2 mounts is not ready", "client": "gcsfuse", "mounts": [MOUNT, broken]}
    report = report_of(Event("failed", host="demo-1", action="px.storage.mounts", result=result))
    assert report.exit_code == 5
    assert [mount.ready for mount in report.hosts["demo-1"].mounts] == [True, False]
    assert report.as_data()["hosts"][0]["mounts"][1]["journal"] == ["last words"]


def test_a_host_that_did_not_boot_says_why():
    result = {"msg": "demo-1 did not boot", "hint": "less /x", "log": ["a", "b"]}
    host = report_of(Event("failed", host="demo-1", action="px.storage.local_machine", result=result)).hosts["demo-1"]
    assert (host.state, host.error, host.hint, host.log) == (
        "failed",
        "demo-1 did not boot",
        "less /x",
        ["a", "b"],
    )


def test_a_crash_of_a_module_shows_its_last_lines():
    result = {"msg": "MODULE FAILURE", "exception": "Traceback\n  File x\nKeyError: 'y'\n"}
    host = report_of(Event("failed", host="demo-1", action="x", result=result)).hosts["demo-1"]
    assert host.log[-1] == "KeyError: 'y'"


@pytest.mark.parametrize(("stderr", "log"), [("", []), ("fuse: no\n", ["fuse: no"])])
def test_ansibles_word_for_no_traceback_is_no_line_of_the_log(stderr, log):
    result = {"msg": "no project", "exception": "(traceback unavailable)", "stderr": stderr}
    assert report_of(Event("failed", host="localhost", action="x", result=result)).controller_error().log == tuple(log)


@pytest.mark.parametrize(("kinds", "code"), [(["unreachable"], 6), (["failed", "unreachable"], 5), (["ok"], 0)])
def test_exit_codes(kinds, code):
    events = [Event(kind, host=f"demo-{n}", result={"msg": "a\nb"}) for n, kind in enumerate(kinds)]
    assert report_of(*events).exit_code == code


@pytest.mark.parametrize(
    "before",
    [
        "Failed to connect to the host via ssh: ",
        "Task failed: Failed to connect to the host via ssh: Warning: Permanently added 'a'.\n",
        'Task failed: Data could not be sent to remote host "a". Make sure this host can be reached over ssh: ',
        "",
    ],
)
def test_a_host_that_is_not_reached_is_said_in_the_words_of_ssh(before):
    says = "ssh: connect to host a port 22: Connection refused"
    event = Event("unreachable", host="a", result={"msg": f"{before}{says}"})
    assert report_of(event).hosts["a"].error == says


def test_what_failed_on_the_controller_is_an_error_and_no_host():
    result = {"msg": "port 4443 of the bucket server is taken", "hint": "stop that program"}
    report = report_of(Event("failed", host="localhost", action="px.storage.local_cluster", result=result))
    error = report.controller_error()
    assert error is not None
    assert (error.message, error.hint, error.exit_code) == (result["msg"], "stop that program", 5)
    assert report.as_data()["hosts"] == []
    assert report.as_data()["error"]["message"] == result["msg"]


def test_a_note_of_a_mount_says_its_host():
    note = Event("changed", host="demo-1", action="px.storage.mounts", result={"notes": ["/data: 1 file not uploaded"]})
    assert report_of(note).notes == ["demo-1: /data: 1 file not uploaded"]


def test_notes_are_said_once():
    note = Event("changed", host="demo-1", result={"notes": ["memory is not limited"]})
    assert report_of(note, Event("changed", host="demo-2", result=note.result)).notes == ["memory is not limited"]


@pytest.mark.parametrize(
    ("nodes", "changed", "says"),
    [
        (1, 0, "Nothing changed: everything was as px.yaml says."),
        (1, 2, "Done: 1 mount changed."),
        (2, 0, "Done: 1 host created, 1 mount changed."),
    ],
)
def test_what_was_only_looked_at_again_is_not_said_to_have_changed(nodes, changed, says, tmp_path, capsys):
    (tmp_path / "px.yaml").write_text(f"cluster: {{name: demo, nodes: {nodes}}}\n/data: {{source: gs://data}}\n")
    config = load(tmp_path / "px.yaml", provider="local")
    there = FoundHost("demo-1", "running", None, {**PROVIDERS["local"].attributes(config), "key": "k"})
    unsure = [{**one, "digest": ""} for one in make_plan(config, Found()).applied()]
    plan = make_plan(config, Found((there,), applied=tuple(unsure)), "k")
    show_provision(plan, report_of(Event("stats", result={"changed": {"demo-1": changed}})), 1.0)
    assert capsys.readouterr().out.splitlines()[-1] == f"{says} (1.0 s)"


def test_a_narrow_terminal_keeps_addresses_in_one_piece(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    mounts = [MountReport(path="/px-gcs-bucket", bucket="px-gcs-bucket", client="gcsfuse", state="present", ready=True)]
    narrow = Console(width=60, force_terminal=True, color_system=None)
    monkeypatch.setattr("px_ansible.cli.report.console", lambda: narrow)
    show_status(Report({"demo-1": HostReport("demo-1", "running", "198.18.142.2", mounts=mounts)}))
    assert "198.18.142.2" in capsys.readouterr().out
