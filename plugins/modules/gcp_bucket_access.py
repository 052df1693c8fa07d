#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Give a service account the right that mounts need on buckets, or take it away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_bucket_access
short_description: The right of a service account on buckets
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Binds C(roles/storage.objectViewer) on buckets that are read, C(roles/storage.objectUser) on those that are written to, and takes the other of the
    two away. All other bindings stay as they are, conditions too. No module of google.cloud does this.
  - A policy that somebody else writes at the same moment is read again; an account that is so new that Cloud Storage does not know it is waited for.
  - Who may not grant gets an error with the command for somebody who may.
options:
  account: {description: The address of the service account., type: str, required: true}
  buckets:
    description: The buckets.
    type: list
    elements: dict
    required: true
    suboptions:
      name: {description: The bucket's name., type: str, required: true}
      read_only: {description: Whether it is only read., type: bool, default: false}
  state: {description: V(absent) takes both roles away; a bucket that is gone is no error then., type: str, choices: [present, absent], default: present}
extends_documentation_fragment:
  - google.cloud.gcp
attributes:
  check_mode: {description: Reads the policies and changes nothing., support: full}
"""

EXAMPLES = r"""
- name: Let the hosts use the bucket
  px.storage.gcp_bucket_access:
    account: px-demo@my-project.iam.gserviceaccount.com
    buckets: [{name: my-bucket}]
    project: my-project
    auth_kind: application
"""

RETURN = r"""
buckets: {description: The buckets whose policy was changed., type: list, elements: str, returned: success}
notes: {description: What could not be made sure of., type: list, elements: str, returned: success}
"""

from ansible_collections.google.cloud.plugins.module_utils.gcp_utils import GcpModule
from ansible_collections.px.storage.plugins.module_utils.gcp import buckets
from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError


def main() -> None:
    """Run the module."""
    module = GcpModule(
        argument_spec={
            "account": {"type": "str", "required": True},
            "buckets": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": buckets.OPTIONS,
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    params = module.params
    member = f"serviceAccount:{params['account']}"
    changed, notes = [], []
    try:
        api = Api(params)
        for one in params["buckets"]:
            name = one["name"]
            roles = {buckets.role_for(one)} if params["state"] == "present" else set()
            try:
                if buckets.set_roles(api, name, member, roles, check_mode=module.check_mode):
                    changed.append(name)
            except buckets.HiddenError as error:
                notes.append(_note(error, name, member, roles))
            except buckets.MissingError:
                if roles:
                    raise
    except GcpError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=bool(changed), buckets=changed, notes=notes)


def _note(error: GcpError, bucket: str, member: str, roles: set[str]) -> str:
    """Return what is to be said of a policy that is hidden from us: the right may be there, and the hosts will try it."""
    if not roles:
        return f"whether {member} still has a right on a bucket cannot be seen: {error}"
    commands = "; ".join(buckets.command(bucket, member, role) for role in roles)
    return f"the policy of gs://{bucket} is hidden from you. If the hosts get no access: {commands}"


if __name__ == "__main__":
    main()
