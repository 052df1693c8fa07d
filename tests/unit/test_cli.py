"""The command line itself: finding px.yaml, errors as exit codes, help, and what may be imported for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from px_ansible.cli import COMMANDS, cli

TOP = Path(__file__).parents[2]
QUICKSTART = TOP / "examples" / "quickstart" / "px.yaml"


def px(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PX_")}
    return subprocess.run(
        [sys.executable, "-m", "px_ansible", *arguments],
        cwd=cwd,
        env={**kept, "XDG_STATE_HOME": str(cwd / "state"), **env},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, tmp_path):
    done = px(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "Example:" in done.stdout
    assert f"px-ansible {command}" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_names_its_environment_variable(command):
    found = cli.get_command(click.Context(cli), command)
    options = [option for option in found.params if isinstance(option, click.Option)]
    assert options
    for option in options:
        assert option.envvar.startswith("PX_")
        assert f"[env: {option.envvar}" in option.help


def test_an_unknown_command_gets_a_suggestion(tmp_path):
    done = px("provsion", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 'provision'?" in done.stderr
    assert "There are: validate, plan" in px("xyz", cwd=tmp_path).stderr


def test_no_px_yaml_is_a_usage_error(tmp_path):
    done = px("plan", cwd=tmp_path)
    assert done.returncode == 2
    assert f"there is no px.yaml in {tmp_path} or in a folder above it" in done.stderr
    assert "Traceback" not in done.stderr


def test_px_yaml_is_found_in_a_folder_above_and_by_variable(tmp_path):
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert px("validate", cwd=below).returncode == 0
    other = tmp_path / "elsewhere.yaml"
    other.write_text("cluster: {nodes: 0}\n")
    done = px("validate", cwd=below, PX_FILE=str(other))
    assert done.returncode == 3
    assert "elsewhere.yaml:1:" in done.stdout


def test_an_invalid_file_stops_before_anything_is_made(tmp_path):
    (tmp_path / "px.yaml").write_text("cluster:\n  nods: 2\n")
    done = px("provision", "--yes", "--provider", "local", cwd=tmp_path)
    assert done.returncode == 3
    assert "px.yaml:2:3: unknown key 'nods'" in done.stderr
    assert "did you mean 'nodes'?" in done.stderr
    assert not (tmp_path / "state").exists()


def test_the_plain_file_says_how_to_try_it_here(tmp_path):
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    done = px("provision", "--yes", cwd=tmp_path)
    assert done.returncode == 4
    assert "cannot make hosts on 'gcp' yet" in done.stderr
    assert "--provider local" in done.stderr


def test_json_is_alone_on_stdout(tmp_path):
    (tmp_path / "px.yaml").write_text("cluster: {nodes: two}\n")
    done = px("validate", "--output", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["files"][0]["valid"] is False


def test_a_reader_that_has_enough_is_no_error(tmp_path):
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    shell = f"{sys.executable} -m px_ansible validate px.yaml px.yaml px.yaml | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "141"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["validate"], ["provision", "--help"]])
def test_light_commands_import_nothing_heavy(arguments, tmp_path):
    """Ansible, ansible-runner and rich cost more than validating does."""
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    code = (
        "import sys\nfrom px_ansible.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'ansible', 'ansible_runner', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
