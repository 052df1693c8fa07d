"""A dry run where everything is in place."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host

testinfra_hosts = ["ansible://debian-12"]
CONVERGE = Path(__file__).parent.parent / "converge.yml"


def test_a_dry_run_says_that_nothing_would_change(host: Host) -> None:
    inventory = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "inventory"
    done = subprocess.run(
        ["ansible-playbook", "--inventory", inventory, "--check", "--diff", CONVERGE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    recap = dict(re.findall(r"^(\S+) +: .*changed=(\d+)", done.stdout, re.MULTILINE))
    assert recap == {"debian-12": "0", "debian-13": "0"}, done.stdout
