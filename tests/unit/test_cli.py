"""The command line itself: finding px.yaml, errors as exit codes, help, and what may be imported for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry

from px_ansible.cli import COMMANDS

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


def test_an_unknown_command_gets_a_suggestion(tmp_path):
    done = px("provsion", cwd=tmp_path)
    assert done.returncode == 2
    assert "Did you mean 'provision'?" in done.stderr
    assert f"There are: {', '.join(COMMANDS)}." in px("xyz", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plan", "--provder", "x"], "No such option '--provder'. Did you mean '--provider'?"),
        (["plan", "--detailed"], "No such option '--detailed'. Did you mean '--detailed-exitcode'?"),
        (["plan", "--zzz"], "No such option '--zzz'."),
        (["plan", "-x"], "No such option '-x'."),
        (["plan", "--output", "jsn"], "'jsn' is not a value of --output. Did you mean 'json'?"),
        (["plan", "--output", "xml"], "'xml' is not a value of --output. There are: text, json."),
        (["completion", "bsh"], "'bsh' is not a value of SHELL. Did you mean 'bash'?"),
        (["completion"], "Missing SHELL. There are: bash, zsh, fish."),
        (["-v", "plan"], "No such option '-v'. Options stand behind the command: px-ansible COMMAND [OPTIONS]."),
        (["--yes", "plan"], "No such option '--yes'. Options stand behind the command: px-ansible COMMAND [OPTIONS]."),
        (["apply"], "No such command 'apply'. Did you mean 'provision'?"),
        (["help"], "No such command 'help'. Did you mean '--help'?"),
        (["plann"], "No such command 'plann'. Did you mean 'plan'?"),
    ],
)
def test_what_was_meant_is_said_in_one_form(arguments, says, tmp_path):
    done = px(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"Error: {says}"
    assert done.stderr.startswith("Usage: px-ansible ")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["2", "ls", "/my data"], "px-ansible ssh 2 -- ls '/my data'"),
        (["2", "ls", "-l"], "px-ansible ssh 2 -- ls -l"),
        (["--all", "uptime"], "px-ansible ssh --all -- uptime"),
        (["--all"], "px-ansible ssh --all -- uptime"),
    ],
)
def test_a_command_for_a_host_stands_behind_two_dashes(arguments, hint, tmp_path):
    done = px("ssh", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == f"  Try: {hint}"


def test_the_version_is_shown_with_what_it_runs_on(tmp_path):
    lines = [line.split() for line in px("version", cwd=tmp_path).stdout.splitlines()]
    assert [line[0] for line in lines] == ["px-ansible", "python", "ansible-core", "ansible-runner", "px.storage"]
    assert px("--version", cwd=tmp_path).stdout == px("version", cwd=tmp_path).stdout
    data = json.loads(px("version", "--output", "json", cwd=tmp_path).stdout)
    assert data["version"] == 1
    assert [data["versions"][line[0]]["version"] for line in lines] == [line[1] for line in lines]
    assert data["versions"]["px.storage"]["path"] == str(TOP)


def test_the_schema_is_one_document(tmp_path):
    done = px("schema", cwd=tmp_path)
    schema = json.loads(done.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    references = re.findall(r'"\$ref": "([^"]*)"', done.stdout)
    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)
    registry = Registry()  # knows nothing but the document itself
    assert Draft202012Validator(schema, registry=registry).is_valid({"cluster": {"nodes": 2}})
    assert not Draft202012Validator(schema, registry=registry).is_valid({"cluster": {"nods": 2}})


def test_the_schema_goes_into_a_file_that_is_no_px_yaml(tmp_path):
    wanted = px("schema", cwd=tmp_path).stdout
    for _ in range(2):  # an older one is written over
        done = px("schema", "--write", "px.schema.json", cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (tmp_path / "px.schema.json").read_text() == wanted
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    done = px("schema", "--write", "px.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "px.yaml is there already, and is no JSON Schema" in done.stderr
    assert (tmp_path / "px.yaml").read_text() == QUICKSTART.read_text()
    done = px("schema", "--write", "nowhere/px.schema.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "cannot be written: No such file or directory" in done.stderr


def test_no_px_yaml_is_a_usage_error(tmp_path):
    done = px("plan", cwd=tmp_path)
    assert done.returncode == 2
    assert f"there is no px.yaml in {tmp_path} or in a folder above it" in done.stderr
    assert "Traceback" not in done.stderr
    assert "-c NAME" not in done.stderr
    about = tmp_path / "state/px-ansible/clusters/local/demo/cluster.json"
    about.parent.mkdir(parents=True)
    about.write_text('{"version": 1}')
    assert "-c NAME" in px("plan", cwd=tmp_path).stderr


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


def test_the_plain_file_without_credentials_says_how_to_sign_in_or_to_try_it_here(tmp_path):
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    done = px("provision", "--yes", cwd=tmp_path)
    assert done.returncode == 4
    assert "gcloud auth application-default login" in done.stderr
    assert "--provider local" in done.stderr


def test_a_cloud_without_a_role_says_what_can_be_done(tmp_path):
    (tmp_path / "px.yaml").write_text("cluster: {nodes: 1}\n/data: {source: 's3://my-bucket', store: s3}\n")
    done = px("provision", "--yes", cwd=tmp_path)
    assert done.returncode == 4
    assert "cannot make hosts on 'aws' yet" in done.stderr
    assert "plan --offline" in done.stderr
    assert "--provider local" in done.stderr


def test_json_is_alone_on_stdout(tmp_path):
    (tmp_path / "px.yaml").write_text("cluster: {nodes: two}\n")
    done = px("validate", "--output", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["files"][0]["valid"] is False


def test_a_reader_that_has_enough_is_no_error(tmp_path):
    (tmp_path / "px.yaml").write_text(QUICKSTART.read_text())
    for command in ("validate px.yaml px.yaml px.yaml", "schema", "completion bash", "version", "doctor", "--help"):
        # `true` has ended when something is written.
        shell = f"(sleep 0.1; {sys.executable} -m px_ansible {command}; echo $? >&3) 3>code | true"
        done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert (command, (tmp_path / "code").read_text().strip(), done.stderr) == (command, "141", "")


def test_the_tables_end_with_their_reader_too(tmp_path):
    """rich ends a program with 1 there, in its own way."""
    program = "from px_ansible.cli.tables import console, table; table(console(), ('host',), [('px-1',)] * 10000)"
    shell = f"""(sleep 0.1; {sys.executable} -c "{program}") | true"""
    done = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "BrokenPipeError"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate"], ["provision", "--help"], ["version"], ["schema"], ["completion", "bash"]]
)
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
