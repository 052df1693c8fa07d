"""The schema in the tools that read it: the YAML language server of many editors, and check-jsonschema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import lsp
import node_packages
import pytest

TOP = Path(__file__).parents[2]
SCHEMA = TOP / "docs" / "px.schema.json"
# Never the public catalog of schemas: what is said here is said by the first line of the files.
SETTINGS = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "hover": True, "completion": True}}
VALID = sorted([*TOP.glob("examples/*/px.yaml"), *TOP.glob("tests/golden/plans/*/px.yaml")])
# The page of the product, word for word.
PAGE = """\
cluster:
  nodes: 2
  cpus_per_node: 4

/px-gcs-bucket:
  source: gs://px-gcs-bucket
  store: gcs
"""
FIRST_LINE = "# yaml-language-server: $schema=../../docs/px.schema.json\n"
# What is wrong, and the lines (from 0, the first one is FIRST_LINE) that have to be marked.
BAD = {
    "unknown keys": ("cluster:\n  noodes: 2\n/data:\n  buket: gs://bucket\n  source: gs://bucket\n", [2, 4]),
    "wrong values": ("cluster:\n  nodes: 0\n  name: A B\n  cpus_per_node: '4'\n", [2, 3, 4]),
    "no source": ("cluster:\n  nodes: 1\n/data:\n  read_only: true\n", [3]),
    "no cluster": ("/data:\n  source: gs://bucket\n", [1]),
    "not of this store": ("cluster: {}\n/data:\n  source: gs://bucket\n  region: nyc3\n  client: goofys\n", [4, 5]),
    "credentials": ("cluster: {}\n/data:\n  source: gs://bucket\n  credentials:\n    password: x\n", [5]),
    "a list": ("cluster: {}\n/data:\n  source: gs://bucket\n  before: [jupyter]\n", [4]),
    "in file_mounts": ("cluster: {}\nfile_mounts:\n  data:\n    source: gs://bucket\n", [3]),
}


@pytest.fixture(scope="module")
def server():
    package = node_packages.installed("yaml-language-server")
    command = [*node_packages.node(), str(package / "bin" / "yaml-language-server"), "--stdio"]
    with lsp.running(command, SETTINGS) as running:
        yield running


def uri(name: str) -> str:
    """Return the name of a file that an editor has open, beside the examples."""
    return (TOP / "examples" / name.replace(" ", "-") / "px.yaml").as_uri()


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.parent.name)
def test_an_editor_finds_the_schema_of_a_file_and_nothing_wrong_with_it(server, path):
    text = path.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert first == f"# yaml-language-server: $schema={Path(os.path.relpath(SCHEMA, path.parent)).as_posix()}"
    assert server.open(path.as_uri(), text) == []
    # It has read the schema, or it would find nothing wrong with anything.
    wrong = server.open(path.with_name("wrong.yaml").as_uri(), text + "no_such_key: 1\n")
    assert {one["message"] for one in wrong} == {"Property no_such_key is not allowed."}, wrong


def test_an_editor_finds_nothing_wrong_with_the_page(server):
    assert server.open(uri("page"), FIRST_LINE + PAGE) == []


@pytest.mark.parametrize("name", BAD)
def test_an_editor_marks_the_lines_that_are_wrong(server, name):
    text, lines = BAD[name]
    marked = server.open(uri(name), FIRST_LINE + text)
    assert sorted({one["range"]["start"]["line"] for one in marked}) == lines
    assert {one["severity"] for one in marked} == {1}


def test_an_editor_says_of_a_form_what_it_should_be(server):
    (marked,) = server.open(uri("form"), FIRST_LINE + "cluster:\n  name: A B\n")
    assert marked["message"].startswith("must be lower case letters, digits and dashes")


def at(name: str, line: int, character: int):
    return {"textDocument": {"uri": uri(name)}, "position": {"line": line, "character": character}}


@pytest.mark.parametrize(
    ("line", "character", "said"),
    [
        (2, 4, "How many hosts the cluster has."),
        (4, 3, "What a mount may say when its store is gcs"),
        (5, 4, "The address of the bucket"),
        (6, 4, "The program that mounts the bucket."),
    ],
)
def test_an_editor_describes_a_key(server, line, character, said):
    text = "cluster:\n  nodes: 2\n\n/data:\n  source: gs://bucket\n  client: gcsfuse\n"
    name = f"hover {line}"
    assert server.open(uri(name), FIRST_LINE + text) == []
    assert said in server.ask("textDocument/hover", at(name, line, character))["contents"]["value"]


@pytest.mark.parametrize(
    ("text", "line", "offered"),
    [
        ("", 1, {"cluster", "file_mounts"}),
        (
            "cluster:\n  ",
            2,
            {"nodes", "cpus_per_node", "memory_per_node", "name", "provider", "image", "local", "static"},
        ),
        ("cluster: {}\n/data:\n  source: gs://bucket\n  ", 4, {"store", "client", "read_only", "options", "cache"}),
        ("cluster: {}\n/data:\n  source: gs://bucket\n  client: ", 4, {"gcsfuse", "rclone"}),
    ],
)
def test_an_editor_offers_what_may_stand_here(server, text, line, offered):
    name = f"complete {len(text)}"
    server.open(uri(name), FIRST_LINE + text)
    found = server.ask("textDocument/completion", at(name, line, len(text.split("\n")[-1])))
    assert offered <= {item["label"] for item in found["items"]}


def checked(*files: Path):
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA), "--output-format", "json"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_check_jsonschema_finds_nothing_wrong_with_them(tmp_path):
    page = tmp_path / "px.yaml"
    page.write_text(PAGE)
    code, said = checked(*VALID, page)
    assert (code, said["status"]) == (0, "ok"), said


def test_check_jsonschema_finds_what_is_wrong(tmp_path):
    files = {name: tmp_path / f"{name}.yaml" for name in BAD}
    for name, file in files.items():
        file.write_text(BAD[name][0])
    code, said = checked(*files.values())
    assert code == 1
    assert {one["filename"] for one in said["errors"]} == {str(file) for file in files.values()}
