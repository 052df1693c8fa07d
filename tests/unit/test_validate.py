from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from px_ansible.cli.validate import validate

TOP = Path(__file__).parents[2]
GOOD = str(TOP / "examples/quickstart/px.yaml")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in ("PX_FILE", "PX_OUTPUT", "PX_PROVIDER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bad(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "px.yaml").write_text("cluster:\n  noodes: 2\n")
    return "px.yaml"


def run(*arguments: str, stdin: str | None = None):
    return CliRunner().invoke(validate, arguments, input=stdin)


def test_a_right_file_is_valid_whatever_this_version_can_run():
    result = run(GOOD)
    assert result.exit_code == 0
    assert "valid, 2 hosts and 1 mount" in result.output
    assert "--provider local" in result.output
    assert "--provider" not in run(GOOD, "--provider", "local").output


def test_every_file_is_checked(bad):
    result = run(GOOD, bad)
    assert result.exit_code == 3
    assert "valid, 2 hosts" in result.output
    assert (
        "px.yaml:2:3: unknown key 'noodes'\n      noodes: 2\n      ^^^^^^\n    did you mean 'nodes'?\n" in result.output
    )
    assert result.output.endswith("px.yaml: 1 problem\n")


def test_json(bad):
    result = run("--output", "json", bad, GOOD)
    assert result.exit_code == 3
    assert json.loads(result.stdout) == {
        "version": 1,
        "files": [
            {
                "file": "px.yaml",
                "valid": False,
                "issues": [
                    {
                        "path": "px.yaml",
                        "line": 2,
                        "column": 3,
                        "message": "unknown key 'noodes'",
                        "hint": "did you mean 'nodes'?",
                        "rule": "unknown-key",
                    }
                ],
            },
            {"file": GOOD, "valid": True, "issues": []},
        ],
    }


def test_standard_input(bad):
    result = run("-", stdin="cluster: {nodes: 0}\n")
    assert result.exit_code == 3
    assert result.output.startswith("<stdin>:1:18: 'nodes' must be from 1 to 1000, not 0\n")


def test_a_file_that_is_not_there_does_not_stop_the_others(bad):
    result = run("nowhere.yaml", GOOD)
    assert result.exit_code == 3
    assert "nowhere.yaml: there is no such file" in result.output
    assert "valid, 2 hosts" in result.output


def test_the_file_of_the_other_commands_is_the_default(bad):
    assert run().output.startswith("px.yaml:2:3: unknown key 'noodes'\n")


def test_the_command_imports_neither_ansible_nor_the_runner():
    program = (
        "import sys; from px_ansible.cli.validate import validate; "
        f"validate([{GOOD!r}], standalone_mode=False); "
        "loaded = {'ansible', 'ansible_runner', 'rich'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
