"""runner.py against the real ansible-runner and ansible-core, on this computer."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

from px_ansible import runner, runs
from px_ansible.config import Secret
from px_ansible.errors import PrerequisiteError
from px_ansible.lookups import template_of

# No other test, and no other session of the tests, sleeps as long as these do.
NAP = f"987.{os.getpid()}"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@pytest.fixture
def content(tmp_path):
    """A small collection whose playbooks the test writes."""
    folder = tmp_path / "content"
    (folder / "playbooks").mkdir(parents=True)
    return folder


@pytest.fixture
def play(content, tmp_path):
    """Run tasks on hosts of this computer; returns the outcome, the events and the folder."""

    def run(tasks, *, hosts=None, on_event=None, playbook="trial", **options):
        write_playbook(content, tasks)
        folder = tmp_path / "state" / "run"
        events = []
        outcome = runner.run(
            playbook,
            inventory(hosts or {"px-1": {}}),
            folder,
            on_event=lambda event: (events.append(event), on_event and on_event(event)),
            forks=5,
            content=content,
            **options,
        )
        return outcome, events, folder

    return run


def write_playbook(content, tasks):
    text = "- name: Trial\n  hosts: all\n  gather_facts: false\n  tasks:\n"
    content.joinpath("playbooks", "trial.yml").write_text(text + textwrap.indent(textwrap.dedent(tasks), "    "))


def inventory(hosts):
    return {"all": {"hosts": {name: LOCAL | variables for name, variables in hosts.items()}}}


def kinds(events, host, task):
    return [event.kind for event in events if event.host == host and event.task == task]


EVERY_KIND = """
- {name: Change, ansible.builtin.command: echo hello}
- {name: Change in secret, ansible.builtin.command: echo hello, no_log: true}
- {name: Look, ansible.builtin.command: echo hello, changed_when: false}
- {name: Skip, ansible.builtin.debug: , when: false}
- {name: Try, ansible.builtin.command: "false", ignore_errors: true}
- {name: Each, ansible.builtin.debug: {msg: "{{ item }}"}, loop: [1, 2]}
- {name: Hand out, ansible.builtin.set_stats: {data: {found: [px-1]}}, run_once: true}
- {name: Fail on one, ansible.builtin.fail: {msg: no luck}, when: inventory_hostname == 'px-2'}
"""


def test_every_event_and_the_outcome(play):
    outcome, events, folder = play(EVERY_KIND, hosts={"px-1": {}, "px-2": {}})
    assert kinds(events, "px-1", "Change") == ["start", "changed"]
    assert kinds(events, "px-1", "Change in secret") == ["start", "changed"]
    assert kinds(events, "px-1", "Look") == ["start", "ok"]
    assert kinds(events, "px-1", "Skip") == ["start", "skipped"]
    assert kinds(events, "px-1", "Try") == ["start", "ignored"]
    assert kinds(events, "px-1", "Each") == ["start", "item", "item", "ok"]
    assert kinds(events, "px-2", "Fail on one") == ["start", "failed"]
    assert events[0].kind == "play"
    assert events[0].task == "Trial"
    assert events[-1].kind == "stats"
    changed = next(event for event in events if event.kind == "changed")
    assert changed.action == "ansible.builtin.command"
    assert changed.result["stdout"] == "hello"
    assert "invocation" not in changed.result
    assert changed.seconds > 0
    loop = next(event for event in events if event.task == "Each" and event.kind == "ok")
    assert [item["msg"] for item in loop.result["results"]] == [1, 2]
    assert outcome.status == "failed"
    assert outcome.stats["failures"] == {"px-2": 1}
    assert outcome.artifact == {"found": ["px-1"]}
    assert outcome.stopped is None
    assert "PLAY RECAP" in outcome.log.read_text()
    assert "\x1b" not in outcome.log.read_text()
    journal = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in journal] == [event.kind for event in events]


def test_role_names_are_full_names(play, content):
    tasks = content / "roles" / "greeter" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "main.yml").write_text("- {name: Greet, ansible.builtin.debug: }\n")
    _, events, _ = play("- {name: Call, ansible.builtin.include_role: {name: px.storage.greeter}}")
    assert {event.role for event in events if event.task == "Greet"} == {"px.storage.greeter"}


def test_an_unreachable_host(play):
    hosts = {"px-1": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}}
    outcome, events, _ = play("- {name: Reach, ansible.builtin.ping: }", hosts=hosts)
    assert kinds(events, "px-1", "Reach") == ["start", "unreachable"]
    assert outcome.status == "failed"
    assert outcome.stats["dark"] == {"px-1": 1}


def test_check_changes_nothing(play, tmp_path):
    file = tmp_path / "made"
    tasks = f"- {{name: Touch, ansible.builtin.file: {{path: {file}, state: touch}}}}"
    outcome, _, _ = play(tasks, check=True)
    assert outcome.stats["changed"] == {"px-1": 1}
    assert not file.exists()


def test_host_variables_are_literal(play):
    """Ansible templates the values of an inventory file, so runner.py marks those that look like a template."""
    value = "{{ lookup('ansible.builtin.pipe', 'id') }}{% if true %}x{% endif %}{# c #}"
    hosts = {"px-1": {"plain": value, "nested": [{"deep": value}]}}
    _, events, _ = play("- {name: Show, ansible.builtin.debug: {msg: '{{ [plain, nested[0].deep] }}'}}", hosts=hosts)
    assert next(event for event in events if event.kind == "ok").result["msg"] == [value, value]


@pytest.mark.parametrize("name", ["key", 'it\'s a "key"', "{{ key }} größe \\n", "🔑"])
def test_secrets_are_read_by_ansible_and_are_nowhere_in_the_run(play, tmp_path, monkeypatch, name):
    secret = f"s3cr3t-{os.getpid()}"
    monkeypatch.setenv("MY_SECRET", secret)
    (tmp_path / name).write_text(f"{secret}-in-a-file\n")
    places = {"of_env": template_of(Secret(env="MY_SECRET")), "of_file": template_of(Secret(file=tmp_path / name))}
    task = """
    - name: Compare
      ansible.builtin.assert:
        that: ["mounts[0].of_env == wanted", "mounts[0].of_file == wanted ~ '-in-a-file'"]
        quiet: true
      vars: {wanted: "{{ ['s3cr3t', pid] | join('-') }}"}
    """
    hosts = {"px-1": {"mounts": [places], "pid": str(os.getpid())}}
    outcome, _, folder = play(task, hosts=hosts, verbosity=2)
    assert outcome.status == "successful", outcome.log.read_text()
    left = [path for path in folder.rglob("*") if path.is_file() and secret in path.read_text(errors="replace")]
    assert left == []


@pytest.mark.parametrize(
    ("tasks", "playbook", "said"),
    [
        ("- {name: Odd, no.such.module: }", "trial", "no.such.module"),
        ("- name: [", "trial", "trial.yml:6"),
        ("", "absent", "px.storage.absent"),
    ],
)
def test_what_does_not_start_says_why(play, tasks, playbook, said):
    outcome, _, _ = play(tasks, playbook=playbook)
    assert outcome.status == "failed"
    assert outcome.stats == {}
    assert said in outcome.stopped


def test_the_users_own_ansible_does_not_matter(play, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    bad = "[defaults]\nstdout_callback = no_such\nstrategy = no_such\ncallbacks_enabled =\nforks = many\n"
    (home / ".ansible.cfg").write_text(bad)
    (home / "ansible.cfg").write_text(bad)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name, value in {
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "",
        "ANSIBLE_STDOUT_CALLBACK": "no_such",
        "ANSIBLE_HOST_KEY_CHECKING": "False",
        "ANSIBLE_STRATEGY": "no_such",
        "JOB_ID": "night-1",
        "AD_HOC_COMMAND_ID": "7",
        "RUNNER_OMIT_EVENTS": "True",
        "LC_ALL": "xx_XX.UTF-8",
    }.items():
        monkeypatch.setenv(name, value)
    task = "- {name: Show, ansible.builtin.command: env}"
    outcome, events, _ = play(task)
    assert outcome.status == "successful", outcome.stopped
    seen = next(event for event in events if event.kind == "changed").result["stdout_lines"]
    assert not [line for line in seen if line.startswith(("ANSIBLE_HOST_KEY", "ANSIBLE_STRATEGY", "JOB_ID"))]
    assert not (home / ".ansible").exists()


def test_the_users_collections_come_after_ours(play, tmp_path, monkeypatch):
    roles = tmp_path / "own" / "ansible_collections" / "acme" / "tools" / "roles" / "hello" / "tasks"
    roles.mkdir(parents=True)
    (roles / "main.yml").write_text("- {name: Hello, ansible.builtin.debug: }\n")
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(tmp_path / "own"))
    outcome, events, _ = play("- {name: Call, ansible.builtin.include_role: {name: acme.tools.hello}}")
    assert outcome.status == "successful"
    assert kinds(events, "px-1", "Hello")[-1] == "ok"


def test_nothing_of_a_run_is_open_to_others_or_has_a_secret(play, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "7h15-15-a-5ecre7")
    temporary = tempfile.mkdtemp(dir="/tmp")  # a short path: runner.py takes no long one for SSH's sockets
    monkeypatch.setattr(tempfile, "tempdir", temporary)
    before = os.umask(0)
    found = []

    def look(event):
        if event.kind == "start":
            found.extend(files_with(b"7h15-15-a-5ecre7", tmp_path / "state"))

    tasks = """
    - {name: Facts, ansible.builtin.setup: {gather_subset: [env]}}
    - {name: Use it, ansible.builtin.shell: 'test -n "$AWS_SECRET_ACCESS_KEY"'}
    """
    try:
        outcome, _, folder = play(tasks, on_event=look, verbosity=2)
    finally:
        os.umask(before)
    assert outcome.status == "successful"
    assert found == []
    assert files_with(b"7h15-15-a-5ecre7", folder) == []
    assert not list(folder.rglob("command"))
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
    Path(temporary).rmdir()  # empty again


def files_with(text, folder):
    return [
        path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and text in path.read_bytes()
    ]


def test_a_slow_listener_loses_nothing(play):
    """Ansible has long ended when the last event is taken; ansible-runner alone would give up after 5 s."""
    tasks = "- {name: Show, ansible.builtin.debug: {msg: '{{ \"x\" * 3000 }}'}, loop: '{{ range(40) | list }}'}"
    outcome, events, _ = play(tasks, on_event=lambda event: time.sleep(0.15))
    assert outcome.status == "successful"
    assert sum(event.kind == "item" for event in events) == 40
    assert events[-1].kind == "stats"


def test_a_listener_that_fails_stops_the_run(play):
    began = time.monotonic()

    def fail(event):
        if event.kind == "start":
            raise RuntimeError("full disk")

    with pytest.raises(RuntimeError, match="full disk"):
        play(f"- {{name: Wait, ansible.builtin.command: sleep {NAP}1}}", on_event=fail)
    assert time.monotonic() - began < 30
    assert processes_with(f"{NAP}1") == []


def test_outside_of_the_main_thread(play):
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(play("- {name: Show, ansible.builtin.debug: }")[0]))
    thread.start()
    thread.join()
    assert outcomes[0].status == "successful"


def test_a_folder_that_cannot_be_made(tmp_path, content):
    (tmp_path / "file").write_text("")
    with pytest.raises(PrerequisiteError, match="folder for the run"):
        runner.run("trial", {}, tmp_path / "file" / "run", on_event=print, forks=1, content=content)


# A test run in the background ignores SIGINT, and its children inherit that; the command at a terminal does not.
RUN_AND_TELL = """
import signal, sys, json
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from px_ansible import runner
try:
    runner.run("trial", json.loads(sys.argv[1]), Path(sys.argv[2]), forks=5, content=Path(sys.argv[3]),
               on_event=lambda event: print(event.kind, event.host, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.fixture
def started(content, tmp_path):
    """Start a run in a process of its own and wait until its task works."""
    made = []

    def start(tasks, mark):
        write_playbook(content, tasks)
        arguments = [json.dumps(inventory({"px-1": {}, "px-2": {}})), str(tmp_path / "run"), str(content)]
        process = subprocess.Popen([sys.executable, "-c", RUN_AND_TELL, *arguments], stdout=subprocess.PIPE, text=True)
        made.append(process)
        wait_for(lambda: len(processes_with(mark)) >= 2)
        return process

    yield start
    for process in made:
        process.kill()
        process.communicate()


def processes_with(mark):
    """The processes whose arguments hold the mark as a word, this one's relatives by name excluded."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark.encode() in words:
                found.append(int(folder.name))
    return found


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_ctrl_c_stops_all_and_then_raises(started, tmp_path):
    process = started(f"- {{name: Wait, ansible.builtin.command: sleep {NAP}2}}", f"{NAP}2")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert out.splitlines()[-1] == "interrupted"
    assert "stopping " in out.splitlines()
    assert processes_with(f"{NAP}2") == []
    assert processes_with(str(tmp_path / "run" / "lifeline")) == []


def test_ctrl_c_ends_what_does_not_listen(started):
    deaf = f"trap '' INT TERM; sleep {NAP}3; sleep {NAP}3"
    process = started(f'- {{name: Wait, ansible.builtin.shell: "{deaf}"}}', f"{NAP}3")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert processes_with(f"{NAP}3") == []


def test_a_second_ctrl_c_kills_at_once(started, tmp_path):
    process = started(f"- {{name: Wait, ansible.builtin.command: sleep {NAP}4}}", f"{NAP}4")
    hosts = str(tmp_path / "run" / "inventory" / "hosts.json")
    lifeline = str(tmp_path / "run" / "lifeline")
    for pid in set(processes_with(hosts)) - set(processes_with(lifeline)):
        os.kill(pid, signal.SIGSTOP)  # an Ansible that does not react to anything
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert out.splitlines()[-1] == "interrupted"
    assert processes_with(hosts) == []
    assert processes_with(f"{NAP}4") == []


def test_kill_9_takes_ansible_along_but_not_what_left_on_purpose(started, tmp_path):
    tasks = f"- {{name: Wait, ansible.builtin.shell: 'setsid -f sleep {NAP}6; sleep {NAP}5'}}"
    process = started(tasks, f"{NAP}5")
    run = tmp_path / "run"
    process.kill()
    process.wait()
    assert runs.is_alive(run) or not processes_with(f"{NAP}5")
    wait_for(lambda: not runs.is_alive(run), seconds=15)
    try:
        assert processes_with(f"{NAP}5") == []
        # leash.py takes the lifeline away before it ends itself, and has the whole command line in its own.
        for name in ("inventory/hosts.json", "lifeline"):
            wait_for(lambda name=name: not processes_with(str(run / name)), seconds=15)
        assert len(processes_with(f"{NAP}6")) == 2
    finally:
        for pid in processes_with(f"{NAP}6"):
            os.kill(pid, signal.SIGKILL)
    assert not list(run.rglob("command"))
    assert not (run / "lifeline").exists()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_ends_early_leaves_no_secret(started, tmp_path, monkeypatch, sign):
    """Killed in the middle of a task that was given the secret, while Ansible's own files are still there."""
    secret = "pxtestsecret" + os.urandom(8).hex()
    monkeypatch.setenv("PX_TRIAL_SECRET", secret)
    tasks = f"""
    - name: Take a secret
      ansible.builtin.shell: 'echo "$SECRET"; sleep {NAP}9'
      environment: {{SECRET: "{{{{ lookup('ansible.builtin.env', 'PX_TRIAL_SECRET') }}}}"}}
      no_log: true
    """
    process = started(tasks, f"{NAP}9")
    process.send_signal(sign)
    process.wait()
    wait_for(lambda: not runs.is_alive(tmp_path / "run"), seconds=15)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert {"events.jsonl", "hosts.json", "stdout"} <= {path.name for path in files}
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


def test_importing_the_runner_imports_neither_ansible_nor_ansible_runner():
    code = "import sys, px_ansible.runner; print([m for m in sys.modules if m.partition('.')[0].startswith('ansible')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
