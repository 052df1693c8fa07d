"""Completions in a real bash, zsh and fish; the names in them come from the state folder, quickly."""

from __future__ import annotations

import os
import pty
import resource
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from px_ansible.cli import COMMANDS
from px_ansible.state import open_cluster

TOP = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a px.yaml whose cluster `demo` has hosts, a cluster of another project, and px-ansible on PATH."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "demo"
    for name, count in (("demo", 11), ("other", 1)):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "px.yaml"
        file.write_text("cluster: {nodes: 2}\n")
        hosts = {f"{name}-{number}": {"address": None} for number in range(1, count + 1)}
        open_cluster("local", name, file).write_inventory(hosts)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "px-ansible"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m px_ansible "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(TOP))
    for name in ("PX_FILE", "PX_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


class Shell:
    """An interactive shell on a terminal, with its script loaded by the lines of `setup`."""

    def __init__(self, command, *setup):
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", PS1="READY> ", INPUTRC="/dev/null", COLUMNS="200")
            os.execvp(command[0], command)
        self.pid = pid
        self.type("\r".join([*setup, 'PS1="LOA""DED> "\r']))
        self.until("LOADED> ")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def until(self, text, seconds=60):
        seen = ""
        deadline = time.monotonic() + seconds
        while text not in seen:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {seen!r}"
            if select.select([self.terminal], [], [], left)[0]:
                seen += os.read(self.terminal, 65536).decode()
        return seen

    def end(self):
        self.type("\x03exit\r")
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@pytest.fixture
def bash(place):
    setup = "bind 'set bell-style none'; bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'"
    one = Shell(["bash", "--norc", "--noprofile", "-i"], setup, 'eval "$(px-ansible completion bash)"')
    yield one
    one.end()


@pytest.fixture
def zsh(place):
    one = Shell(["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -D", 'eval "$(px-ansible completion zsh)"')
    yield one
    one.end()


def test_a_command_is_completed_on_a_terminal(bash):
    bash.type("px-ansible prov\t")
    bash.until("px-ansible provision ")


def test_hosts_are_listed_on_a_terminal(bash):
    bash.type("px-ansible ssh \t")
    bash.until("demo-9")
    bash.type("11\t")
    bash.until("11 ")


def test_an_option_and_a_file_are_completed_on_a_terminal(bash):
    bash.type("px-ansible plan --det\t-f px\t")
    bash.until("px-ansible plan --detailed-exitcode -f px.yaml ")


def test_zsh_completes_commands_hosts_options_and_files(zsh):
    kill_line = "\x15"
    zsh.type("px-ansible prov\t")
    zsh.until("px-ansible provision ")
    zsh.type(f"{kill_line}px-ansible ssh dem\t")
    zsh.until("demo-")
    zsh.type("9\t")
    zsh.until("9 ")
    zsh.type(f"{kill_line}px-ansible plan --det\t")
    zsh.until("--detailed-exitcode ")
    zsh.type("-f px\t")
    zsh.until("-f px.yaml ")


def test_fish_completes_commands_hosts_options_and_files(place):
    def completed(line):
        script = f"px-ansible completion fish | source; complete -C '{line}'"
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True)
        return [one.partition("\t")[0] for one in done.stdout.splitlines()]

    assert completed("px-ansible prov") == ["provision"]
    assert "demo-11" in completed("px-ansible ssh demo-")
    assert completed("px-ansible plan --det") == ["--detailed-exitcode"]
    assert completed("px-ansible plan -f px") == ["px.yaml"]


def complete(*words: str, shell: str = "bash") -> list[str]:
    """Ask as the shells' scripts do."""
    done = subprocess.run(
        ["px-ansible"],
        env={
            **os.environ,
            "_PX_ANSIBLE_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": words[-1] if shell == "fish" else str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if line]
    return [line.partition(",")[2] for line in lines] if shell == "bash" else lines


def test_the_commands_come_in_their_order(place):
    assert complete("px-ansible", "") == list(COMMANDS)
    assert complete("px-ansible", "pl") == ["plan"]
    assert complete("px-ansible", "--v") == ["--version"]


def test_the_hosts_are_those_of_the_px_yaml_here(place, monkeypatch):
    mine = [f"demo-{number}" for number in range(1, 12)]
    assert complete("px-ansible", "ssh", "") == mine
    assert complete("px-ansible", "ssh", "demo-1") == ["demo-1", "demo-10", "demo-11"]
    assert complete("px-ansible", "ssh", "-f", "../other/px.yaml", "") == ["other-1"]
    monkeypatch.setenv("PX_FILE", "../other/px.yaml")
    assert complete("px-ansible", "ssh", "") == ["other-1"]
    monkeypatch.delenv("PX_FILE")
    monkeypatch.chdir("/")
    assert complete("px-ansible", "ssh", "") == [*mine, "other-1"]
    assert complete("px-ansible", "plan", "--provider", "l") == ["local"]


def test_a_damaged_state_folder_completes_nothing(place, tmp_path):
    for file in (tmp_path / "state").rglob("*.json"):
        file.write_text("{")
    assert complete("px-ansible", "ssh", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_are_answered(place, shell):
    assert "demo-11" in "\n".join(complete("px-ansible", "ssh", "demo-11", shell=shell))
    script = subprocess.run(["px-ansible", "completion", shell], capture_output=True, text=True, check=True).stdout
    assert f"_PX_ANSIBLE_COMPLETE={shell}_complete" in script


def test_a_keystroke_takes_no_time(place):
    """CPU time: the other tests' load does not count."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        complete("px-ansible", "ssh", "demo")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.3


def test_a_keystroke_imports_nothing_heavy(place):
    code = (
        "import sys\nfrom px_ansible.cli import main\n"
        "try:\n    main([])\nexcept SystemExit:\n    pass\n"
        "heavy = {'ansible', 'ansible_runner', 'rich', 'jsonschema', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    environment = {
        **os.environ,
        "_PX_ANSIBLE_COMPLETE": "bash_complete",
        "COMP_WORDS": "px-ansible ssh ",
        "COMP_CWORD": "2",
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "demo-1" in done.stdout
