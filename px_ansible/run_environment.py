"""The configuration and the environment that Ansible gets in a run, whatever the user's own are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Static settings; the paths are in the environment, because this file's format would interpret `%` and `;` in
# them. callbacks_enabled is absent on purpose: ansible-core 2.19 crashes on an empty one.
# By default Ansible looks every millisecond whether a task has ended: 7 % of the CPU that a run of two hosts takes.
ANSIBLE_CFG = """\
[defaults]
host_key_checking = True
retry_files_enabled = False
nocows = True
nocolor = True
internal_poll_interval = 0.01

[inventory]
enable_plugins = ansible.builtin.yaml

[connection]
pipelining = True

[ssh_connection]
# A host that vanished is noticed within a minute.
ssh_args = -o ControlMaster=auto -o ControlPersist=60s -o StrictHostKeyChecking=yes -o ServerAliveInterval=15
"""

_DEFAULT_COLLECTIONS = "~/.ansible/collections:/usr/share/ansible/collections"
# For the user's own Ansible, or for the programs around ansible-runner, which change what its events look
# like.
_NOT_FOR_A_RUN = ("ANSIBLE_", "_ANSIBLE_", "RUNNER_", "AWX_")
_NOR_THESE = frozenset(
    {"JOB_ID", "AD_HOC_COMMAND_ID", "PROJECT_UPDATE_ID", "MAX_EVENT_RES", "ORIGINAL_STDOUT_CALLBACK"}
)
_YET_THESE = "ANSIBLE_VAULT_"


def reaches_a_run(name: str) -> bool:
    """Tell whether an environment variable of px-ansible is one of its Ansible's too."""
    return (not name.startswith(_NOT_FOR_A_RUN) and name not in _NOR_THESE) or name.startswith(_YET_THESE)


def collections_path() -> list[Path]:
    """Return where a run looks for collections other than our own, before it looks beside its Python's Ansible."""
    given = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or _DEFAULT_COLLECTIONS
    return [Path(path).expanduser().absolute() for path in given.split(":") if path]


def environment(folder: Path, scratch: Path, *, artifacts: str, callbacks: str) -> dict[str, str]:
    """Return the environment for a run in `folder`: the caller's, without its own ideas about Ansible.

    `callbacks` is where ansible-runner's callback plugin is, `artifacts` where it puts what it sees.
    """
    for name in ("cp", "tmp", "home"):
        (scratch / name).mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if reaches_a_run(name)}
    return kept | {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([str(folder / "collections"), *map(str, collections_path())]),
        "ANSIBLE_HOME": str(scratch / "home"),
        "ANSIBLE_LOCAL_TEMP": str(scratch / "tmp"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(scratch / "cp"),
        "ANSIBLE_CALLBACK_PLUGINS": callbacks,
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
        "AWX_ISOLATED_DATA_DIR": artifacts,
        # Ansible does not start under a locale that is not UTF-8, or that this computer lacks (a forwarded
        # LANG).
        "LC_ALL": "C.UTF-8",
        # What tasks on this computer start (ansible-galaxy, go from a wheel) comes from here too.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
    }
