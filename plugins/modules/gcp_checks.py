#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Say what keeps instances from being made, before any is."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_checks
short_description: What Google Cloud must have and allow before instances are made
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Asks for project, APIs, permissions, zones, machine type, quotas, image, network, service account and buckets, side by side, and returns all that is
    missing. Changes nothing, and does not fail for what is missing.
options:
  cluster: {description: The cluster's name., type: str, required: true}
  hosts: {description: The names of the instances to make., type: list, elements: str, required: true}
  region: {description: The region., type: str, required: true}
  zones: {description: The zones to try; empty for all of the region., type: list, elements: str, default: []}
  machine_type: {description: The machine type., type: str, required: true}
  image: {description: "The image or the family: C(projects/PROJECT/global/images/family/FAMILY).", type: str, required: true}
  disk_gib: {description: The size of a boot disk., type: int, required: true}
  spot: {description: Whether they are spot instances., type: bool, default: false}
  accelerators: {description: Type of GPU and how many each instance gets., type: dict, default: {}}
  network: {description: The name of the cluster's own network., type: str, required: true}
  given_network: {description: The name of a network that takes its place., type: str, default: ""}
  account: {description: The address of a service account that is there already., type: str, default: ""}
  buckets: {description: The names of the buckets., type: list, elements: str, default: []}
extends_documentation_fragment:
  - google.cloud.gcp
attributes:
  check_mode: {description: The same with and without., support: full}
"""

EXAMPLES = r"""
- name: See whether two instances could be made
  px.storage.gcp_checks:
    cluster: demo
    hosts: [demo-1, demo-2]
    region: us-central1
    machine_type: e2-standard-4
    image: projects/debian-cloud/global/images/family/debian-12
    disk_gib: 20
    network: px-demo
    project: my-project
    auth_kind: application
"""

RETURN = r"""
checks:
  description: What was looked at, each with C(name), C(state) (ok, warning, missing), C(found) and C(hint).
  type: list
  elements: dict
  returned: success
zones: {description: "The zones that offer the machine type, in the order in which to try them.", type: list, elements: str, returned: success}
project: {description: The project that was asked., type: str, returned: success}
"""

from ansible_collections.google.cloud.plugins.module_utils.gcp_utils import GcpModule
from ansible_collections.px.storage.plugins.module_utils.gcp import checks, project
from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError


def main() -> None:
    """Run the module."""
    module = GcpModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "hosts": {"type": "list", "elements": "str", "required": True},
            "region": {"type": "str", "required": True},
            "zones": {"type": "list", "elements": "str", "default": []},
            "machine_type": {"type": "str", "required": True},
            "image": {"type": "str", "required": True},
            "disk_gib": {"type": "int", "required": True},
            "spot": {"type": "bool", "default": False},
            "accelerators": {"type": "dict", "default": {}},
            "network": {"type": "str", "required": True},
            "given_network": {"type": "str", "default": ""},
            "account": {"type": "str", "default": ""},
            "buckets": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    zones: list[str] = []
    asked = "project"
    try:
        params["project"] = project.find(params)
        asked = "credentials"
        wanted = checks.Wanted(**{name: params[name] for name in checks.Wanted._fields})
        found, zones = checks.survey(Api(params), wanted)
    except GcpError as error:
        found = [checks.missing(asked, error.message, error.hint)]
    module.exit_json(changed=False, checks=found, zones=zones, project=params["project"])


if __name__ == "__main__":
    main()
