"""What all tests share: the option that rewrites expected results, and a word on which FUSE clients were real."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# Of these a file takes minutes.
LONG = ("e2e", "emulators")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what the tests of tests/golden got as what they expect, to be looked at with git diff",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


def pytest_configure() -> None:
    """Keep whatever region the developer's own settings name out of the tests, and of all that they start."""
    for name in ("CLOUDSDK_COMPUTE_REGION", "CLOUDSDK_COMPUTE_ZONE", "CLOUDSDK_ACTIVE_CONFIG_NAME"):
        os.environ.pop(name, None)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    os.environ |= {"CLOUDSDK_CONFIG": os.devnull, "AWS_CONFIG_FILE": os.devnull}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is long: a long file that comes last would have one processor and leave the others idle."""
    items.sort(key=lambda item: item.path.relative_to(HERE).parts[0] not in LONG)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the clients that are on no package registry were the real ones."""
    from clients import build  # noqa: PLC0415 - tests/ is on the path by now

    which = (f"{name} {build.VERSIONS[name]}: {build.which(name)}" for name in build.VERSIONS)
    terminalreporter.write_line(f"FUSE clients: gcsfuse and rclone are real; {', '.join(which)}")
