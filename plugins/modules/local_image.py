#!/usr/bin/python
"""Make the base image of local machines."""

from __future__ import annotations

DOCUMENTATION = r"""
module: local_image
short_description: Make the base image of local machines
description:
  - Builds a Debian root file system with systemd, sshd, Python and fuse3 by mmdebstrap, from this computer's own apt sources.
  - The image lies in the cache folder under a key of its content; it is built once, also when two runs ask for it at once.
  - Runs on the controller, as root.
options:
  image:
    description: The release.
    type: str
    choices: [debian-12, debian-13]
    default: debian-12
  cache_dir:
    description: The folder that keeps images.
    type: path
    required: true
author:
  - The px-ansible authors
"""

EXAMPLES = r"""
- name: Build the base image
  px.storage.local_image:
    image: debian-13
    cache_dir: /var/cache/px-ansible
"""

RETURN = r"""
path:
  description: Where the image lies.
  type: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils.local import image
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "image": {"type": "str", "choices": sorted(image.SUITES), "default": "debian-12"},
            "cache_dir": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    name, cache_dir = module.params["image"], module.params["cache_dir"]
    if module.check_mode:
        path = image.path(name, cache_dir)
        module.exit_json(changed=not path.is_dir(), path=str(path))
    try:
        path, changed = image.ensure(name, cache_dir)
    except LocalError as error:
        module.fail_json(**error.result())
    module.exit_json(changed=changed, path=str(path))


if __name__ == "__main__":
    main()
