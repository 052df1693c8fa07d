"""Bring an instance to where a cluster wants it, and wait until it lets us in.

An action rather than a module: Ansible has a process for every host that waits for it, and a module would be another
one for each, with a Python and Google's libraries to start: 0.6 s of CPU per host.
"""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.px.storage.plugins.module_utils.gcp import converge, instances
from ansible_collections.px.storage.plugins.module_utils.gcp.api import SIGN_IN, Api
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError

SPEC: dict[str, dict[str, t.Any]] = {
    **SIGN_IN,
    "name": {"type": "str", "required": True},
    "zone": {"type": "str", "required": True},
    "cluster": {"type": "str", "required": True},
    "new": {"type": "bool", "default": False},
    "metadata": {"type": "dict", "default": {}},
    "labels": {"type": "dict", "default": {}},
    "known_hosts": {"type": "path"},
    "timeout": {"type": "int", "default": 300},
}


class ActionModule(ActionBase):
    """The connection is the host's own."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the address and what was changed."""
        super().run(tmp, task_vars)
        _, params = self.validate_argument_spec(SPEC)
        wanted = converge.Wanted(
            zone=params["zone"],
            name=params["name"],
            cluster=params["cluster"],
            new=params["new"],
            metadata={key: value or "" for key, value in params["metadata"].items()},
            labels=params["labels"],
            known_hosts=Path(params["known_hosts"]).expanduser() if params["known_hosts"] else None,
            seconds=params["timeout"],
        )
        try:
            api = Api(params)
            done = converge.converge(api, wanted)
            self._wait_to_be_let_in(api, wanted, done.address)
        except GcpError as error:
            return {"failed": True, **error.result()}
        return {
            "changed": bool(done.changed),
            "address": done.address,
            "steps": done.changed,
            # For a playbook of somebody's own, and for px-ansible's report.
            "warnings": done.notes,
            "notes": done.notes,
        }

    def _wait_to_be_let_in(self, api: Api, wanted: converge.Wanted, address: str) -> None:
        """Return when a command runs: SSH answers before the guest agent has made the user."""
        until = time.monotonic() + wanted.seconds
        if self._connection.transport == "ssh":
            self._connection.set_option("host", address)
        while True:
            try:
                done = self._low_level_execute_command("true")
                says = done.get("stderr") or f"it ends with {done['rc']}"
                if done["rc"] == 0:
                    return
            except AnsibleError as error:
                says = str(error)
            if time.monotonic() > until:
                last = says.strip().splitlines()[-1] if says.strip() else "no word"
                message = f"{wanted.name} answers SSH at {address}, and lets nobody in: {last}"
                converge.fail(api, instances.url(api, wanted.zone, wanted.name), message, wanted)
            time.sleep(1)
