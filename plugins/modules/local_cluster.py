#!/usr/bin/python
"""Make or remove what the machines of a local cluster share."""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_cluster
short_description: Make or remove what the machines of a local cluster share
description:
  - The network is a bridge with a /24 out of 198.18.0.0/15 that no other network of this computer overlaps. There is no way from it to other
    networks, and the computer's routes and firewall are not touched.
  - The bucket servers listen on the bridge only. Their objects outlive the cluster, unless O(purge) is set.
  - V(absent) removes the cluster's machines too.
  - Runs on the controller, as root.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  state:
    description: Whether the cluster is to be there.
    type: str
    choices: [present, absent]
    default: present
  buckets:
    description: The buckets to serve on this computer.
    type: list
    elements: dict
    default: []
    suboptions:
      store:
        description: The object store to emulate.
        type: str
        required: true
      name:
        description: The bucket's name.
        type: str
        required: true
      port:
        description: The port of the store's server on the bridge. Buckets of one store have one port.
        type: int
        required: true
      account:
        description: The storage account; for the store C(azure), which needs one.
        type: str
        default: ""
  purge:
    description: With O(state=absent), remove the objects as well.
    type: bool
    default: false
  cache_dir:
    description: The folder that keeps bucket servers which no Python package brings (Azurite, installed by npm).
    type: path
    default: ~/.cache/px-ansible
  state_dir:
    description: The folder that keeps clusters and objects.
    type: path
    default: /var/lib/px-ansible
author:
  - The px-ansible authors
"""

EXAMPLES = r"""
- name: Make a network with one bucket on it
  px.storage.local_cluster:
    cluster: demo
    buckets:
      - {store: gcs, name: px-gcs-bucket, port: 4443}
      - {store: azure, name: px-container, account: pxaccount, port: 10000}
"""

RETURN = r"""
actions:
  description: What was done, as sentences.
  type: list
  elements: str
  returned: success
bridge:
  description: The bridge's name.
  type: str
  returned: when present
subnet:
  description: The cluster's network.
  type: str
  returned: when present
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils.local import cluster
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout

BUCKET = {
    "store": {"type": "str", "required": True},
    "name": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "account": {"type": "str", "default": ""},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "buckets": {"type": "list", "elements": "dict", "default": [], "options": BUCKET},
            "purge": {"type": "bool", "default": False},
            "cache_dir": {"type": "path", "default": "~/.cache/px-ansible"},
            "state_dir": {"type": "path", "default": "/var/lib/px-ansible"},
        },
        supports_check_mode=True,
    )
    layout = Layout(module.params["state_dir"], module.params["cluster"])
    present = module.params["state"] == "present"
    try:
        if module.check_mode:
            there = cluster.info(layout)
            complete = bool(there["shared"]) and all(one["state"] == "running" for one in there["shared"])
            module.exit_json(changed=not complete if present else bool(there["hosts"] or there["shared"]), actions=[])
        if present:
            actions, entry = cluster.converge(layout, module.params["buckets"], module.params["cache_dir"])
            module.exit_json(changed=bool(actions), actions=actions, bridge=entry["bridge"], subnet=entry["subnet"])
        actions = cluster.remove(layout, purge=module.params["purge"])
        module.exit_json(changed=bool(actions), actions=actions)
    except LocalError as error:
        module.fail_json(**error.result())


if __name__ == "__main__":
    main()
