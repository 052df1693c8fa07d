"""Real machines, real mounts, the real command: what the end-to-end tests share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from project import Project
from traces import Computer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google_cloud import World

    MakeProject = Callable[..., Project]

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session", autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.fail("the end-to-end tests boot machines and need root: sudo make e2e", pytrace=False)


@pytest.fixture(scope="module")
def make_project() -> Iterator[MakeProject]:
    """Return what makes a project folder; at the end its cluster is destroyed, and nothing of it may be left."""
    computer = Computer.now()
    made: list[Project] = []

    def make(purpose: str, **wanted: object) -> Project:
        one = Project.make(purpose)
        made.append(one)
        if wanted:
            one.write(**wanted)
        return one

    yield make
    left = []
    for one in made:
        try:
            left += one.end()
        finally:
            one.remove_folders()
    left += computer.differences()
    assert not left, "\n".join(left)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return an emulated Google Cloud whose instances boot; at the end nothing of it may be left on the computer."""
    from google_cloud import World  # noqa: PLC0415 - Google's clients, for few of these tests

    computer = Computer.now()
    with World(tmp_path_factory.mktemp("cloud")) as world:
        yield world
    assert world.gate.refused == []
    assert world.gate.broken == []
    assert world.cloud.broken == []
    assert computer.differences() == []
