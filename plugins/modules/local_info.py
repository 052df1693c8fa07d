#!/usr/bin/python
"""List the machines of a local cluster and what they share."""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_info
short_description: List the machines of a local cluster
description:
  - Reads what O(cluster) has on this computer. Changes nothing.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  state_dir:
    description: The folder that keeps clusters.
    type: path
    default: /var/lib/px-ansible
author:
  - The px-ansible authors
"""

EXAMPLES = r"""
- name: List the machines
  px.storage.local_info:
    cluster: demo
  register: demo
"""

RETURN = r"""
hosts:
  description: The machines, each with C(name), C(state) (running or stopped), C(address), C(image), C(cpus), C(memory_mib) and C(key).
  type: list
  elements: dict
  returned: success
shared:
  description: Network and bucket servers, each with C(name) and C(state).
  type: list
  elements: dict
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils.local import cluster
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "state_dir": {"type": "path", "default": "/var/lib/px-ansible"},
        },
        supports_check_mode=True,
    )
    try:
        found = cluster.info(Layout(module.params["state_dir"], module.params["cluster"]))
    except LocalError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
