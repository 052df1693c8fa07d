#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Bring an instance that exists to where a cluster wants it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_instance
short_description: Start an instance, set its metadata and labels, wait for SSH
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Takes care of an instance that M(google.cloud.gcp_compute_instance) has made, and of what that module does not change on one that exists.
  - Starts it where it is stopped, sets its metadata where that differs, labels it and its disks, waits until SSH answers, and writes its host keys
    to a file of known hosts. The keys are those that the guest agent has told Google; where it has told none, those that the address shows, with a warning.
  - Ends when the host lets the user of its connection in, and become root where that is asked.
  - An instance without the cluster's label is refused.
options:
  name: {description: The instance's name., type: str, required: true}
  zone: {description: Its zone., type: str, required: true}
  cluster: {description: The cluster's name; the label C(px-cluster) has to have it., type: str, required: true}
  new: {description: "Whether it was made a moment ago: then its host keys are asked for, whatever the file has.", type: bool, default: false}
  metadata: {description: "Metadata that it is to have, beside what it has; of these, what is empty is taken away.", type: dict, default: {}}
  labels: {description: Labels that it and its disks are to have, beside those that they have., type: dict, default: {}}
  known_hosts: {description: The file of known hosts to write; none says no file., type: path}
  timeout: {description: Seconds to wait until SSH answers, and lets the user in., type: int, default: 300}
extends_documentation_fragment:
  - google.cloud.gcp
attributes:
  check_mode: {description: Nothing is done or predicted., support: none}
"""

EXAMPLES = r"""
- name: Wait for the instance
  px.storage.gcp_instance:
    name: demo-1
    zone: us-central1-a
    cluster: demo
    project: my-project
    auth_kind: application
"""

RETURN = r"""
address: {description: Where it is reached., type: str, returned: success}
notes: {description: "What its user should know: host keys that Google was not told.", type: list, elements: str, returned: success}
steps: {description: What was changed., type: list, elements: str, returned: success}
"""

# Runs on the controller, in the process that Ansible has for the host anyway: plugins/action/gcp_instance.py.
