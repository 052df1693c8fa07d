"""What cannot work is said clearly, ends with the right code, and leaves nothing half-made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from traces import traces

if TYPE_CHECKING:
    from conftest import MakeProject
    from project import Project

MOUNT = "/px-gcs-bucket: {source: gs://px-gcs-bucket, store: gcs}\n"
NODES = "cluster: {nodes: 2}\n"


@pytest.fixture
def project(make_project: MakeProject) -> Project:
    return make_project("bad")


def assert_nothing_made(project: Project) -> None:
    assert traces(project.name) == []
    assert not (project.top / "state").exists()


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        pytest.param("", ["the file is empty"], id="empty"),
        pytest.param("cluster: {nodes: 2\n/a: ]", ["px.yaml:", "^"], id="not YAML"),
        pytest.param("cluster: {noodes: 2}\n" + MOUNT, ["unknown key 'noodes'", "did you mean 'nodes'?"], id="unknown"),
        pytest.param(
            NODES + "/b: {source: gs://bucket, store: s3}\n",
            ["the source 'gs://bucket' is of store 'gcs', but 'store' says 's3'", "write 'store: gcs'"],
            id="gs with s3",
        ),
        pytest.param(NODES + "/usr: {source: gs://bucket}\n", ["'/usr' is a folder of the system"], id="mount on /usr"),
        pytest.param(NODES + "data/b: {source: gs://bucket}\n", ["'data/b'", "'/data/b'"], id="relative path"),
        pytest.param(
            NODES + "file_mounts: {data: {source: gs://bucket}}\n", ["'data'", "'/data'"], id="relative in file_mounts"
        ),
        pytest.param("cluster: {nodes: 0}\n" + MOUNT, ["'nodes' must be from 1 to 1000, not 0"], id="no nodes"),
        pytest.param(
            "cluster: {nodes: two}\n" + MOUNT, ["'nodes' must be a whole number, not the text 'two'"], id="two"
        ),
    ],
)
@pytest.mark.parametrize("command", ["provision", "validate"])
def test_a_px_yaml_that_cannot_be(project: Project, command: str, text: str, messages: list[str]) -> None:
    project.file.write_text(text)
    refused = project.px(command, *(["--yes"] if command == "provision" else []), code=3)
    for message in messages:
        assert message in refused.stdout + refused.stderr
    assert "px.yaml:1:" in refused.said or "px.yaml:2:" in refused.said
    assert "Traceback" not in refused.said
    assert_nothing_made(project)


def test_every_problem_is_shown_at_once(project: Project) -> None:
    project.file.write_text("cluster: {nodes: 0, colour: red}\n/usr: {source: gs://bucket}\n")
    refused = project.px("provision", "--yes", code=3)
    assert "3 problems: nothing was done." in refused.stderr


@pytest.mark.parametrize("command", ["provision", "status", "destroy", "ssh", "plan", "validate"])
def test_without_a_px_yaml(project: Project, command: str) -> None:
    refused = project.px(command, code=2)
    assert f"there is no px.yaml in {project.folder} or in a folder above it" in refused.stderr
    assert "-f FOLDER/px.yaml" in refused.stderr
    assert_nothing_made(project)


def test_a_file_that_is_named_and_not_there(project: Project) -> None:
    refused = project.px("provision", "-f", "other.yaml", code=None)
    assert refused.code in (2, 3)
    assert "other.yaml" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_command_that_is_almost_one(project: Project) -> None:
    assert "Did you mean 'provision'?" in project.px("provison", code=2).stderr
