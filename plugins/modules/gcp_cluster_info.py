#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""List the instances of a cluster and what they share."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_cluster_info
short_description: List the instances of a cluster and what they share
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Asks Compute Engine once for all instances, in whatever zone, that carry the label C(px-cluster), and for the network, the firewall rule and the
    service account of the cluster. Changes nothing.
  - An instance that is on its way out is waited for.
options:
  what:
    description: What to look at.
    type: list
    elements: str
    choices: [hosts, shared]
    default: [hosts, shared]
  name: {description: "The name of a host; an instance of this name without the label is an error.", type: str, default: ""}
  cluster: {description: The cluster's name., type: str, required: true}
  network: {description: The name of its own network; the firewall rule has it with C(-ssh) behind., type: str, required: true}
  given_network: {description: The name of a network that takes the place of its own., type: str, default: ""}
  account_id: {description: The id of its own service account., type: str, required: true}
  given_account: {description: Whether the instances are to have another one., type: bool, default: false}
  ssh_allow: {description: The ranges from which SSH is let in; empty says that they are not known., type: list, elements: str, default: []}
  buckets:
    description: The buckets that the service account has a right on.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: The bucket's name., type: str, required: true}
      read_only: {description: Whether it is only read., type: bool, default: false}
extends_documentation_fragment:
  - google.cloud.gcp
attributes:
  check_mode: {description: The same with and without., support: full}
"""

EXAMPLES = r"""
- name: List the cluster
  px.storage.gcp_cluster_info:
    cluster: demo
    network: px-demo
    account_id: px-demo-89e495
    project: my-project
    auth_kind: application
"""

RETURN = r"""
project: {description: The project that was asked., type: str, returned: success}
regions: {description: The regions in which its own network has a subnetwork., type: list, elements: str, returned: success}
hosts:
  description: >-
    The instances, each with C(name), C(state) (running, starting, stopping, stopped), C(address), C(machine_type), C(image), C(zone), C(region),
    C(disk_gib), C(spot), C(key), C(ssh_user), C(labels) (those of others too), C(startup) (the SHA-256 of its startup script), C(accelerator), C(network), C(subnetwork)
    and C(service_account); network and account are C(its own) where they are the cluster's.
  type: list
  elements: dict
  returned: success
own: {description: "What it has of its own: C(network), C(rule), C(identity).", type: list, elements: str, returned: success}
strangers:
  description: "What has the name of a network, firewall rule or service account of the cluster, and is somebody else's: C(network), C(rule), C(identity)."
  type: dict
  returned: success
in_the_way:
  description: Those of the strangers whose names the cluster needs.
  type: dict
  returned: success
rule_elsewhere: {description: Whether its firewall rule is in another network than it is to be., type: bool, returned: success}
shared:
  description: Network and identity, each with C(name) and C(state) (running, incomplete).
  type: list
  elements: dict
  returned: success
"""

import typing as t

from ansible_collections.google.cloud.plugins.module_utils.gcp_utils import GcpModule
from ansible_collections.px.storage.plugins.module_utils.gcp import buckets, instances, project, shared
from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError


def main() -> None:
    """Run the module."""
    module = GcpModule(
        argument_spec={
            "what": {"type": "list", "elements": "str", "choices": ["hosts", "shared"], "default": ["hosts", "shared"]},
            "name": {"type": "str", "default": ""},
            "cluster": {"type": "str", "required": True},
            "network": {"type": "str", "required": True},
            "given_network": {"type": "str", "default": ""},
            "account_id": {"type": "str", "required": True},
            "given_account": {"type": "bool", "default": False},
            "ssh_allow": {"type": "list", "elements": "str", "default": []},
            "buckets": {"type": "list", "elements": "dict", "default": [], "options": buckets.OPTIONS},
        },
        supports_check_mode=True,
    )
    params = module.params
    hosts: list[dict[str, t.Any]] = []
    found = shared.Survey([], [], [], {}, {}, rule_elsewhere=False)
    try:
        params["project"] = project.find(params)
        api = Api(params)
        account = f"{params['account_id']}@{api.project}.iam.gserviceaccount.com"
        if "hosts" in params["what"]:
            every = instances.of_cluster(api, params["cluster"], params["name"])
            hosts = [instances.host(one, params["network"], account) for one in every]
        wanted = shared.Wanted(
            cluster=params["cluster"],
            network=params["network"],
            given=params["given_network"],
            account=account,
            given_account=params["given_account"],
            sources=tuple(params["ssh_allow"]),
            buckets={one["name"]: buckets.role_for(one) for one in params["buckets"]},
        )
        if "shared" in params["what"]:
            found = shared.survey(api, wanted)
    except GcpError as error:
        module.fail_json(**error.result())
    found_shared = {"shared" if key == "things" else key: value for key, value in found._asdict().items()}
    module.exit_json(changed=False, project=api.project, hosts=hosts, **found_shared)


if __name__ == "__main__":
    main()
