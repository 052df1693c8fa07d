# Apache-2.0 (see LICENSE)
"""Bring the mounts of one FUSE client on a host to what is wanted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mounts
short_description: Buckets as folders, kept up by systemd
version_added: 0.1.0
author:
  - The px-ansible authors (@px-ansible)
description:
  - Brings all mounts of one FUSE client on a host to what is wanted, in one call.
  - Every mount is a systemd service of its own, C(px-mount-*.service), with the client in the foreground.
    It is started at boot, restarted when its client dies, and counts as started when it answers a listing.
  - A second run changes nothing and restarts nothing. A changed mount is restarted alone. When the
    client's binary was replaced, its mounts are restarted one after the other.
  - Installs nothing. The client must be at I(client_path).
options:
  client:
    description: The FUSE client.
    type: str
    required: true
    choices: [gcsfuse]
  client_path:
    description: Where the client's binary is on the host.
    type: path
    required: true
  timeout:
    description: Seconds to wait for each mount to answer.
    type: int
    default: 60
  purge:
    description:
      - Whether to remove the mounts of this client that are not in I(mounts).
      - Mounts that no unit of this module runs are never touched.
    type: bool
    default: false
  mounts:
    description: The mounts.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The folder. It is made where it is missing.
          - A folder of the system, one that holds files, and a mount of something else are refused.
        type: str
        required: true
      bucket:
        description: The bucket, without a scheme. Required where I(state=present).
        type: str
      prefix:
        description: Mount only what is below this prefix.
        type: str
        default: ''
      read_only:
        description: Whether writing is refused.
        type: bool
        default: false
      uid:
        description: The owner that files appear with. Default is root.
        type: int
      gid:
        description: The group that files appear with. Default is root.
        type: int
      file_mode:
        description: The mode that files appear with, in octal digits, such as V('0644').
        type: str
      dir_mode:
        description: The mode that folders appear with, in octal digits, such as V('0755').
        type: str
      endpoint:
        description: URL of the store, where it is not the vendor's own.
        type: str
      anonymous:
        description: Whether to ask without credentials.
        type: bool
        default: false
      options:
        description: Options of the client, by name without dashes. They take the place of the module's own.
        type: dict
        default: {}
      state:
        description: V(absent) removes the unit and the empty mount point, never data.
        type: str
        choices: [present, absent]
        default: present
attributes:
  check_mode:
    description: Says what would be done, and does nothing.
    support: full
  diff_mode:
    description: Shows the units before and after.
    support: full
requirements:
  - systemd
"""

EXAMPLES = r"""
- name: Mount two buckets
  px.storage.mounts:
    client: gcsfuse
    client_path: /usr/local/bin/gcsfuse
    mounts:
      - path: /datasets
        bucket: my-datasets
        read_only: true
      - path: /checkpoints
        bucket: my-checkpoints
        prefix: team-a
        options:
          rename-dir-limit: 200000

- name: Take one away
  px.storage.mounts:
    client: gcsfuse
    client_path: /usr/local/bin/gcsfuse
    mounts:
      - path: /datasets
        state: absent
"""

RETURN = r"""
client:
  description: The FUSE client.
  type: str
  returned: always
mounts:
  description: What became of each mount, in the order given. Returned when the module fails, too.
  type: list
  elements: dict
  returned: always
  contains:
    path: {description: The folder., type: str}
    bucket: {description: The bucket., type: str}
    client: {description: The FUSE client., type: str}
    unit: {description: The systemd unit., type: str}
    state: {description: V(present) or V(absent) as asked for., type: str}
    changed: {description: Whether something was done., type: bool}
    actions: {description: What was done., type: list, elements: str}
    ready: {description: Whether the mount answers a listing., type: bool}
    seconds: {description: How long it took until it answered., type: float}
    error: {description: Why it is not as wanted. Null where it is., type: str}
    hint: {description: The command that helps. Null where there is none., type: str}
    journal: {description: The last lines of the client where the mount failed., type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.px.storage.plugins.module_utils.fuse import converge
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS

MOUNT = {
    "path": {"type": "str", "required": True},
    "bucket": {"type": "str"},
    "prefix": {"type": "str", "default": ""},
    "read_only": {"type": "bool", "default": False},
    "uid": {"type": "int"},
    "gid": {"type": "int"},
    "file_mode": {"type": "str"},
    "dir_mode": {"type": "str"},
    "endpoint": {"type": "str"},
    "anonymous": {"type": "bool", "default": False},
    "options": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    """Read the arguments, converge, report."""
    module = AnsibleModule(
        argument_spec={
            "client": {"type": "str", "required": True, "choices": sorted(CLIENTS)},
            "client_path": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 60},
            "purge": {"type": "bool", "default": False},
            "mounts": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": MOUNT,
                "required_if": [("state", "present", ("bucket",))],
            },
        },
        supports_check_mode=True,
    )
    asked = module.params
    result = converge.run(
        asked["client"],
        asked["client_path"],
        asked["mounts"],
        timeout=asked["timeout"],
        purge=asked["purge"],
        check=module.check_mode,
    )
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
