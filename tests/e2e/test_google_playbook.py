"""The playbook of roles/provider_gcp/README.md in somebody's own estate: no px.yaml, no px-ansible."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from emulators.gce import PROJECT
from emulators.guests.site import cache

if TYPE_CHECKING:
    from google_cloud import World

TOP = Path(__file__).parents[2]
README = TOP / "roles" / "provider_gcp" / "README.md"
THEIRS = {"my-project": PROJECT, "my-bucket": "px-gcs-bucket"}


class Estate:
    """A folder with an inventory and playbooks, and a home with an SSH key."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        (folder / ".ssh").mkdir(mode=0o700)
        self.key = folder / ".ssh" / "id_ed25519"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True)
        (folder / "inventory.ini").write_text("[lab]\nlab-1\nlab-2\n")

    def play(self, name: str, text: str) -> tuple[str, dict[str, dict[str, int]]]:
        """Run a playbook to its end; return its output, and the recap's counts by host."""
        (self.folder / f"{name}.yml").write_text(text, encoding="utf-8")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "XDG_"))}
        environment = {
            **kept,
            **self.world.gate.environment,
            **self.world.cloud.environment,
            "HOME": str(self.folder),
            "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests" / "collections"),
            "ANSIBLE_NOCOLOR": "1",
        }
        words = ["-i", "inventory.ini", "--forks=2", f"--private-key={self.key}", f"-e=gcsfuse_cache_dir={cache()}"]
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), *words, f"{name}.yml"],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        recap = re.findall(r"^(\S+)\s+: (ok=.*)$", output, re.MULTILINE)
        counts = {host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)} for host, line in recap}
        return output, counts


@pytest.fixture(scope="module")
def estate(world: World, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    return Estate(world, tmp_path_factory.mktemp("estate"))


def playbook() -> str:
    """Return the playbook of the README, for the emulated project and its bucket."""
    text = re.search(r"^```yaml\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert text
    return re.sub("|".join(THEIRS), lambda found: THEIRS[found[0]], text[1])


def test_it_makes_hosts_that_share_a_bucket_and_a_second_run_changes_nothing(world: World, estate: Estate) -> None:
    estate.play("site", playbook())
    assert world.instances("lab").keys() == {"lab-1", "lab-2"}
    _, again = estate.play("site", playbook())
    assert {host: one["changed"] for host, one in again.items()} == {"localhost": 0, "lab-1": 0, "lab-2": 0}
    output, _ = estate.play("use", on_host("lab-1", "echo from-one > /data/file") + on_host("lab-2", "cat /data/file"))
    assert '"said.stdout": "from-one"' in output


def test_taking_away_leaves_nothing_but_the_bucket(world: World, estate: Estate) -> None:
    """As the README says it: the hosts, then what they shared."""
    shared, hosts, *_ = yaml.safe_load(playbook())
    shared["vars"]["px_state"] = "absent"
    hosts["tasks"] = [{"ansible.builtin.include_role": {"name": "px.storage.provider_gcp", "tasks_from": "absent"}}]
    estate.play("gone", yaml.safe_dump([hosts, shared]))
    assert world.everything() == world.at_first
    assert world.cloud.left() == []
    assert list((estate.folder / "known_hosts").iterdir()) == []


def on_host(name: str, command: str) -> str:
    """Return a playbook that runs a command on a host, reached as the README's hosts are."""
    _, hosts = yaml.safe_load(playbook())
    present, *_ = hosts["tasks"]
    step = {"ansible.builtin.shell": command}
    shown = {"register": "said"}, {"ansible.builtin.debug": {"var": "said.stdout"}}
    return yaml.safe_dump([{**hosts, "hosts": name, "tasks": [present, step | shown[0], shown[1]]}])
