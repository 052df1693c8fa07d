#!/usr/bin/python
"""Make, start or remove one local machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_machine
short_description: Make, start or remove one machine of a local cluster
description:
  - A machine is a systemd-nspawn container with its own systemd, sshd and C(/dev/fuse), on an overlay of a base image, with a static address in
    the cluster's network.
  - It outlives the command that started it. A machine that is stopped, by hand or because the computer was restarted, is started again.
  - Its SSH host key is made before it boots, so that the first connection can already be checked.
  - Runs on the controller, as root; several machines may be made at once.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  host:
    description: The machine's host name.
    type: str
    required: true
  state:
    description: Whether the machine is to be there.
    type: str
    choices: [present, absent]
    default: present
  image:
    description: The release of its base image. It cannot change in place.
    type: str
    choices: [debian-12, debian-13]
    default: debian-12
  cpus:
    description: Limit of CPUs, where control groups allow one.
    type: int
  memory_mib:
    description: Limit of memory in MiB, where control groups allow one.
    type: int
  authorized_key:
    description: The public SSH key that may log in as root. Required to make a machine.
    type: str
  known_hosts_dir:
    description: A folder in which a file of the host's name gets the machine's host key.
    type: path
  boot_timeout:
    description: Seconds to wait until its sshd answers.
    type: int
    default: 60
  cache_dir:
    description: The folder that keeps images. Required to make a machine.
    type: path
  state_dir:
    description: The folder that keeps clusters.
    type: path
    default: /var/lib/px-ansible
author:
  - The px-ansible authors
"""

EXAMPLES = r"""
- name: Boot a machine
  px.storage.local_machine:
    cluster: demo
    host: demo-1
    authorized_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"
    cache_dir: /var/cache/px-ansible
"""

RETURN = r"""
address:
  description: The machine's address.
  type: str
  returned: when present
host_key:
  description: Its public SSH host key.
  type: str
  returned: when present
notes:
  description: A sentence for every limit that this computer cannot set.
  type: list
  elements: str
  returned: when present
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils.local import image, record
from ansible_collections.px.storage.plugins.module_utils.local.cgroups import Limits
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.machine import Machine, Wanted


def present(module: AnsibleModule, machine: Machine) -> None:
    """Make or start the machine and wait for its sshd."""
    wanted = Wanted(
        module.params["image"],
        module.params["authorized_key"].strip(),
        Limits(module.params["cpus"], module.params["memory_mib"]),
    )
    if module.check_mode:
        running = bool(record.read(machine.record)) and machine.service.running()
        module.exit_json(changed=not running)
    changed, notes = machine.converge(wanted, module.params["cache_dir"])
    host_key = machine.host_key()
    if module.params["known_hosts_dir"]:
        folder = record.make_folder(Path(module.params["known_hosts_dir"]))
        (folder / machine.host).write_text(f"{machine.host} {host_key}\n", encoding="utf-8")
        (folder / machine.host).chmod(0o600)
    machine.wait(module.params["boot_timeout"])
    module.exit_json(changed=changed, address=machine.info()["address"], host_key=host_key, notes=notes)


def absent(module: AnsibleModule, machine: Machine) -> None:
    """Remove the machine and its known host key."""
    if module.check_mode:
        module.exit_json(changed=machine.folder.exists())
    changed = machine.remove()
    if module.params["known_hosts_dir"]:
        (Path(module.params["known_hosts_dir"]) / machine.host).unlink(missing_ok=True)
    module.exit_json(changed=changed)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "image": {"type": "str", "choices": sorted(image.SUITES), "default": "debian-12"},
            "cpus": {"type": "int"},
            "memory_mib": {"type": "int"},
            "authorized_key": {"type": "str", "no_log": False},
            "known_hosts_dir": {"type": "path"},
            "boot_timeout": {"type": "int", "default": 60},
            "cache_dir": {"type": "path"},
            "state_dir": {"type": "path", "default": "/var/lib/px-ansible"},
        },
        required_if=[("state", "present", ("authorized_key", "cache_dir"))],
        supports_check_mode=True,
    )
    machine = Machine(record.Layout(module.params["state_dir"], module.params["cluster"]), module.params["host"])
    try:
        (present if module.params["state"] == "present" else absent)(module, machine)
    except LocalError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
