#!/usr/bin/python
# Apache-2.0 (see LICENSE)
"""Read the end of an instance's serial console."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gcp_console_info
short_description: The last lines of an instance's serial console
version_added: 0.2.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Returns what an instance said last while it booted. Changes nothing.
options:
  name: {description: The instance's name., type: str, required: true}
  zone: {description: Its zone., type: str, required: true}
  count: {description: How many lines., type: int, default: 15}
extends_documentation_fragment:
  - google.cloud.gcp
attributes:
  check_mode: {description: The same with and without., support: full}
"""

EXAMPLES = r"""
- name: See why it does not boot
  px.storage.gcp_console_info:
    name: demo-1
    zone: us-central1-a
    project: my-project
    auth_kind: application
"""

RETURN = r"""
lines: {description: The last lines that are not empty., type: list, elements: str, returned: success}
"""

from ansible_collections.google.cloud.plugins.module_utils.gcp_utils import GcpModule
from ansible_collections.px.storage.plugins.module_utils.gcp import instances
from ansible_collections.px.storage.plugins.module_utils.gcp.api import Api
from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError


def main() -> None:
    """Run the module."""
    module = GcpModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "zone": {"type": "str", "required": True},
            "count": {"type": "int", "default": 15},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        api = Api(module)
        lines = instances.console(api, instances.url(api, params["zone"], params["name"]), params["count"])
    except GcpError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=False, lines=lines)


if __name__ == "__main__":
    main()
