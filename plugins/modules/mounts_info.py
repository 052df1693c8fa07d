# Apache-2.0 (see LICENSE)
"""Say how the mounts of a host are doing."""

DOCUMENTATION = r"""
module: mounts_info
short_description: How the mounts of a host are doing
version_added: 0.1.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Lists every mount that M(px.storage.mounts) keeps on the host, of all clients, with its state.
  - Each is asked for a listing, in a process of its own and with a time limit, because a hung mount blocks
    whoever asks it.
  - Changes nothing.
options:
  timeout:
    description: Seconds to wait for a mount's answer. A mount that takes longer is V(hung).
    type: int
    default: 5
attributes:
  check_mode:
    description: The same with and without, since nothing is changed.
    support: full
requirements:
  - systemd
"""

EXAMPLES = r"""
- name: See how the mounts are doing
  px.storage.mounts_info:
  register: found

- name: Stop where one is not ready
  ansible.builtin.assert:
    that: found.mounts | rejectattr('ready') | list | length == 0
"""

RETURN = r"""
mounts:
  description: The mounts, ordered by path.
  type: list
  elements: dict
  returned: always
  contains:
    path: {description: The folder., type: str}
    bucket: {description: The bucket., type: str}
    client: {description: The FUSE client., type: str}
    unit: {description: The systemd unit., type: str}
    state:
      description:
        - V(mounted) where it answers a listing.
        - V(starting), V(stopped).
        - V(failed) where the client cannot start, or a listing fails.
        - V(hung) where nobody answers.
        - V(dead) where the client is gone and its mount is not, or the other way round.
      type: str
    ready: {description: Whether it answers a listing., type: bool}
    restarts: {description: How often systemd restarted the client by itself since the host booted., type: int}
    error: {description: Why it is not ready. Null where it is., type: str}
    journal: {description: The last lines of the client where it is not ready., type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils.fuse import health
from ansible_collections.px.storage.plugins.module_utils.fuse.systemctl import SystemctlError


def main() -> None:
    """Read the arguments, look, report."""
    module = AnsibleModule(argument_spec={"timeout": {"type": "int", "default": 5}}, supports_check_mode=True)
    try:
        mounts = health.survey(module.params["timeout"])
    except SystemctlError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, mounts=mounts)


if __name__ == "__main__":
    main()
