from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import node_packages
import pytest
from click.testing import CliRunner

from px_ansible.cli.validate import validate
from px_ansible.rules import RULES

TOP = Path(__file__).parents[2]
# The schema of OASIS, as Microsoft's tests of SARIF have it.
SARIF_SCHEMA = "lib/schemas/sarif-2.1.0-rtm.5.json"
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
    assert "--provider" not in result.output
    result = run("-", stdin="cluster: {nodes: 1}\n/data: {source: 's3://my-bucket', store: s3}\n")
    assert result.exit_code == 0
    assert "--provider local" in result.output


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
                        "file": "px.yaml",
                        "line": 2,
                        "column": 3,
                        "end_column": 9,
                        "path": ["cluster", "noodes"],
                        "pointer": "/cluster/noodes",
                        "rule": "unknown-key",
                        "message": "unknown key 'noodes'",
                        "hint": "did you mean 'nodes'?",
                    }
                ],
            },
            {"file": GOOD, "valid": True, "issues": []},
        ],
    }


def test_json_of_a_file_that_is_not_there():
    (found,) = json.loads(run("--output", "json", "nowhere.yaml").stdout)["files"][0]["issues"]
    assert (found["line"], found["column"], found["end_column"]) == (None, None, None)
    assert (found["path"], found["pointer"], found["rule"]) == ([], "", "no-file")


def test_a_path_leads_to_the_value_that_is_wrong(bad):
    text = (
        "cluster:\n  local: {gcs_port: x, a~b: 1}\n/data:\n  source: gs://bucket\n  before: [1]\n/data:\n  source: x\n"
    )
    Path(bad).write_text(text)
    issues = json.loads(run("--output", "json", bad).stdout)["files"][0]["issues"]
    assert [(issue["line"], issue["path"], issue["pointer"]) for issue in issues] == [
        (2, ["cluster", "local", "gcs_port"], "/cluster/local/gcs_port"),
        (2, ["cluster", "local", "a~b"], "/cluster/local/a~0b"),
        (5, ["/data", "before", 0], "/~1data/before/0"),
        (6, ["/data"], "/~1data"),
    ]


def test_github(bad):
    Path(bad).write_text("cluster: {nodes: 0, provider: '50%, a:b'}\n")
    result = run("--output", "github", bad, GOOD)
    assert result.exit_code == 3
    first, second = result.stdout.splitlines()
    assert first == (
        "::error file=px.yaml,line=1,endLine=1,col=18,endColumn=19,title=out-of-range"
        "::'nodes' must be from 1 to 1000, not 0%0Afor example: nodes: 2"
    )
    assert "title=unknown-provider::" in second
    assert "'50%25, a:b'" in second
    assert run("--output", "github", GOOD).stdout == ""


def test_github_escapes_what_ends_a_field(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "a,b:c%d\ne.yaml"
    Path(name).write_text("")
    assert run("-o", "github", name).stdout.startswith("::error file=a%2Cb%3Ac%25d%0Ae.yaml,line=1,endLine=1,col=1,")


def test_sarif(bad, tmp_path):
    other = tmp_path / "a folder" / "px.yaml"
    other.parent.mkdir()
    other.write_text("cluster: [\n")
    result = run("--output", "sarif", bad, GOOD, str(other), "nowhere.yaml", "a folder")
    assert result.exit_code == 3
    log = json.loads(result.stdout)
    assert jsonschema.Draft7Validator(sarif_schema()).is_valid(log) is True
    (only,) = log["runs"]
    rules = [rule["id"] for rule in only["tool"]["driver"]["rules"]]
    assert rules == list(RULES)
    results = only["results"]
    assert [rules[one["ruleIndex"]] for one in results] == [one["ruleId"] for one in results]
    assert [one["ruleId"] for one in results] == ["unknown-key", "yaml-syntax", "no-file", "no-file"]
    assert results[0]["message"]["text"] == "unknown key 'noodes'\ndid you mean 'nodes'?"
    assert results[0]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "px.yaml"},
                "region": {"startLine": 2, "startColumn": 3, "endColumn": 9},
            },
            "logicalLocations": [{"name": "noodes", "fullyQualifiedName": "/cluster/noodes"}],
        }
    ]
    assert results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20folder/px.yaml"
    assert "region" not in results[2]["locations"][0]["physicalLocation"]
    log["runs"][0]["results"][0]["level"] = "bad"
    assert not jsonschema.Draft7Validator(sarif_schema()).is_valid(log)


def test_sarif_of_right_files_has_no_results():
    result = run("--output", "sarif", GOOD)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["runs"][0]["results"] == []


def sarif_schema():
    return json.loads((node_packages.installed("@microsoft/jest-sarif") / SARIF_SCHEMA).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        (["folder/px.yaml"], "name the file in it: folder/px.yaml"),
        (["folder/a/px.yaml"], "name the file in it: folder/a/px.yaml"),
        (["folder/a/px.yaml", "folder/b/px.yaml"], "name the files in it: folder/*/px.yaml"),
        (["folder/a/other.yaml"], "there is no px.yaml in it: name another file"),
    ],
)
def test_a_folder_says_which_file_to_name(tmp_path, monkeypatch, files, hint):
    monkeypatch.chdir(tmp_path)
    for file in map(Path, files):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    result = run("folder/")
    assert result.exit_code == 3
    assert result.output == f"folder: this is a folder\n    {hint}\nfolder: 1 problem\n"


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


@pytest.mark.parametrize("arguments", [["--help"], ["validate", "--help"], ["validate", GOOD], ["-h"], ["--version"]])
def test_what_is_quick_imports_nothing_slow(arguments):
    """As one process, as it is called: what a module imports on its own is seen too."""
    command = [sys.executable, "-X", "importtime", "-m", "px_ansible", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    names = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "px_ansible.cli" in names
    slow = {
        "ansible",
        "ansible_runner",
        "rich",
        "requests",
        "google",
        "jsonschema",
        "referencing",
        "asyncio",
    }
    if "--help" in arguments or arguments[0].startswith("-"):
        slow |= {"yaml", "jsonschema_rs", "px_ansible.config"}
    assert not {name for name in names if name in slow or name.split(".")[0] in slow}
