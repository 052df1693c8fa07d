"""Somebody's estate: hosts with an inventory and playbooks, and no px.yaml. The hosts are local machines."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.px.storage.plugins.module_utils.local import cluster
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout
from traces import traces

TOP = Path(__file__).parents[2]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"

# Notes what every task did on every host, one JSON document per line.
CALLBACK = """
import json, os
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_NAME = "journal"
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NEEDS_ENABLED = True

    def note(self, result, outcome):
        task = result._task
        what = {
            "host": result._host.name, "task": task.get_name(), "action": task.resolved_action or task.action,
            "outcome": outcome, "changed": bool(result._result.get("changed")),
            "delegated": task.delegate_to is not None, "msg": str(result._result.get("msg", "")),
        }
        with open(os.environ["JOURNAL"], "a") as file:
            file.write(json.dumps(what) + "\\n")

    def v2_runner_on_ok(self, result):
        self.note(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.note(result, "failed")

    def v2_runner_on_skipped(self, result):
        self.note(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.note(result, "unreachable")
"""
# What runs on the controller whatever the host is.
LOCAL = {
    f"ansible.builtin.{name}"
    for name in (
        "include_role",
        "set_fact",
        "debug",
        "fail",
        "assert",
        "include_tasks",
        "import_tasks",
        "validate_argument_spec",
        "meta",
    )
}


@dataclass(frozen=True)
class Run:
    """How a playbook ended."""

    code: int
    output: str
    journal: list[dict[str, Any]]
    seconds: float

    def remote(self, host: str) -> list[str]:
        """Return the actions that ran on a host."""
        return [
            line["action"].removeprefix("ansible.builtin.")
            for line in self.journal
            if line["host"] == host
            and line["outcome"] in ("ok", "failed")
            and not line["delegated"]
            and line["action"] not in LOCAL
        ]

    @property
    def changed(self) -> list[str]:
        return [f"{line['host']}: {line['task']}" for line in self.journal if line["changed"]]

    @property
    def failures(self) -> list[str]:
        return [line["msg"] for line in self.journal if line["outcome"] == "failed"]

    @property
    def controller(self) -> list[str]:
        """Return what was asked of the client cache."""
        return [line["action"] for line in self.journal if line["delegated"] and line["outcome"] == "ok"]


class Estate:
    """Machines of one local cluster, reached by ssh, with root on them."""

    def __init__(self, purpose: str, hosts: int, buckets: list[dict[str, Any]], image: str = "debian-12") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pxr-", dir="/tmp"))
        self.name = f"{purpose}-{secrets.token_hex(2)}"
        self.hosts = [f"{self.name}-{number}" for number in range(1, hosts + 1)]
        self.variables: dict[str, Any] = {
            "px_cluster": self.name,
            "provider_local_image": image,
            "provider_local_buckets": buckets,
            "provider_local_known_hosts_dir": str(self.folder / "known_hosts"),
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": (
                f"-o UserKnownHostsFile={self.folder}/known_hosts/{{{{ inventory_hostname }}}}"
                " -o HostKeyAlias={{ inventory_hostname }}"
            ),
        }
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / "key"], check=True)
        self.variables["provider_local_authorized_key"] = (self.folder / "key.pub").read_text().strip()
        (self.folder / "callbacks").mkdir()
        (self.folder / "callbacks" / "journal.py").write_text(CALLBACK)
        self.addresses: dict[str, str] = {}

    def up(self) -> None:
        """Boot the machines."""
        self._write_inventory()
        stages = [
            self._play("localhost", "provider_local", "cluster"),
            self._play("all", "provider_local", "present"),
            {
                "hosts": "all",
                "gather_facts": False,
                "tasks": [
                    {
                        "ansible.builtin.copy": {
                            "content": "{{ ansible_host }}",
                            "dest": f"{self.folder}/address-{{{{ inventory_hostname }}}}",
                            "mode": "0600",
                        },
                        "delegate_to": "localhost",
                    }
                ],
            },
        ]
        run = self.run(stages)
        assert run.code == 0, run.output
        self.addresses = {host: (self.folder / f"address-{host}").read_text() for host in self.hosts}
        self._write_inventory()

    def down(self) -> list[str]:
        """Remove the machines, and return what is left of them."""
        self.run([self._play("localhost", "provider_local", "cluster", px_state="absent", provider_local_purge=True)])
        # Ansible's connections stay open for a while, each with the name of a machine in its command line.
        for socket in (self.folder / "cp").glob("*"):
            subprocess.run(["ssh", "-O", "exit", "-S", socket, "-"], capture_output=True, check=False)
        deadline = time.monotonic() + 10
        while (left := traces(self.name)) and time.monotonic() < deadline:
            time.sleep(0.2)
        if left:  # the next test shall not meet it
            cluster.remove(Layout("/var/lib/px-ansible", self.name), purge=True)
        shutil.rmtree(self.folder)
        return left

    def _write_inventory(self) -> None:
        hosts = {host: {"ansible_host": self.addresses[host]} if self.addresses else {} for host in self.hosts}
        everything = {"all": {"hosts": hosts, "vars": self.variables}}
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(everything))

    @staticmethod
    def _play(hosts: str, role: str, entry: str, **variables: Any) -> dict[str, Any]:
        task = {"ansible.builtin.include_role": {"name": f"px.storage.{role}", "tasks_from": entry}, "vars": variables}
        return {"hosts": hosts, "gather_facts": False, "tasks": [task]}

    def role(self, role: str, entry: str = "main", *options: str, hosts: str = "all", **variables: Any) -> Run:
        """Run one entry point of a role on the hosts, as a playbook of its own."""
        play = self._play(hosts, role, entry)
        return self.run([{**play, "vars": variables}], *options)

    def run(self, plays: list[dict[str, Any]], *options: str) -> Run:
        playbook, journal = self.folder / "playbook.yml", self.folder / "journal"
        playbook.write_text(yaml.safe_dump(plays, sort_keys=False))
        journal.write_text("")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PX_"))}
        own = {
            "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests" / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(self.folder / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "journal",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp"),
            "JOURNAL": str(journal),
            "LC_ALL": "C.UTF-8",
        }
        began = time.monotonic()
        done = subprocess.run(
            [PLAYBOOK, "-i", "inventory.yml", playbook.name, *options],
            cwd=self.folder,
            env=kept | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        return Run(done.returncode, done.stdout, lines, time.monotonic() - began)

    def put(self, host: str, file: Path, path: str) -> None:
        """Copy a file to a host."""
        with file.open("rb") as content:
            subprocess.run([*self._ssh(host), f"cat > {path}"], stdin=content, check=True, timeout=60)

    def _ssh(self, host: str) -> list[str | Path]:
        known = f"UserKnownHostsFile={self.folder}/known_hosts/{host}"
        options = ["-o", known, "-o", f"HostKeyAlias={host}", "-o", "BatchMode=yes"]
        return ["ssh", *options, "-i", self.folder / "key", f"root@{self.addresses[host]}"]

    def on(self, host: str, command: str, *, code: int | None = 0) -> str:
        """Run a shell command on a host."""
        done = subprocess.run(
            [*self._ssh(host), command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert code is None or done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()
