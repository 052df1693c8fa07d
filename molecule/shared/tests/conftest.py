"""What the tests of all scenarios share: the two machines, and a folder of a test's own in the bucket."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from testinfra.host import Host

    Until = Callable[..., str]


@pytest.fixture(scope="module")
def variables(host: Host) -> dict[str, Any]:
    """The inventory's variables of the machine, as they are written there."""
    return host.ansible.get_variables()


@pytest.fixture(scope="module")
def other(host: Host) -> Host:
    """The machine that is not `host`."""
    here = host.backend.host
    (name,) = [one for one in host.backend.ansible_runner.get_hosts("all") if one != here]
    return host.get_host(f"ansible://{name}", ansible_inventory=host.backend.ansible_inventory)


@pytest.fixture
def folder(host: Host) -> str:
    """A folder in the bucket that neither machine has ever asked for: nothing of it can be in a cache.

    There is a file in it, because an empty folder is nothing to most object stores.
    """
    name = secrets.token_hex(4)
    host.check_output(f"mkdir /data/{name} && echo content > /data/{name}/first")
    return name


@pytest.fixture(scope="module")
def content(host: Host) -> str:
    """A file in the bucket that says `content`; the side effects write it as well."""
    host.check_output("echo content > /data/content")
    return "content"


@pytest.fixture(scope="session")
def until() -> Until:
    """Run a command until it prints what is wanted: clients upload after a while, and remember for a while what was."""

    def wait(host: Host, command: str, wanted: str, seconds: float = 60) -> str:
        deadline = time.monotonic() + seconds
        while (said := host.run(command).stdout.strip()) != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        return said

    return wait
