# Apache-2.0 (see LICENSE)
"""Bring the mounts of one FUSE client on a host to what is wanted."""

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
  - A probe looks after every mount. It notices a client that runs and answers nobody, and kills it, so that
    it is started again. A store that is slow or away is waited for.
  - Config and credentials of a mount are files below C(/etc/px-mounts) that only root can read.
  - Where the host has C(/etc/updatedb.conf), the mounts are left out of its walks.
  - A second run changes nothing and restarts nothing. A changed mount is restarted alone. When the
    client's binary was replaced, its mounts are restarted one after the other.
  - Installs nothing. The client must be at I(client_path).
options:
  client:
    description: The FUSE client.
    type: str
    required: true
    choices: [blobfuse2, gcsfuse, goofys, rclone]
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
  owner:
    description: The user whose files those of a mount are that says no C(uid) or C(gid), by name; empty is root.
    type: str
    default: ''
  probe:
    description: Whether the probe looks after the mounts.
    type: bool
    default: true
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
        description: The bucket or Azure container, without a scheme. Required where I(state=present).
        type: str
      store:
        description:
          - The kind of store. By default the client's own; V(s3) for goofys and rclone.
          - gcsfuse mounts V(gcs), goofys V(s3) and V(spaces), blobfuse2 V(azure), rclone all of them.
        type: str
        choices: [gcs, s3, spaces, azure]
      account:
        description: The Azure storage account. Required with store V(azure).
        type: str
      region:
        description: The region of an V(s3) or V(spaces) bucket. Required for V(spaces) without I(endpoint).
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
        description: The owner that files appear with. Default is O(owner).
        type: int
      gid:
        description: The group that files appear with. Default is that of O(owner).
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
      cache:
        description: What is remembered of the bucket. Without it, what the client remembers by itself.
        type: dict
        suboptions:
          path:
            description:
              - A folder on a disk of the host. The cache is a folder of its own below it, which stays when the
                mount goes. Default is one below C(/var/cache/px-mounts), which goes with the mount.
              - This, or I(size_mib), switches a disk cache on.
            type: str
          size_mib:
            description: How much the disk cache may hold, in MiB.
            type: int
          metadata_seconds:
            description: How long attributes and listings are remembered. It needs no disk cache.
            type: int
      credentials:
        description:
          - What the store is asked with. Without it, the host's own identity.
          - An empty value is refused, so that a variable nobody set does not become the host's identity.
        type: dict
        suboptions:
          service_account_key:
            description: For V(gcs). The JSON text of a key file of Google's.
            type: jsonarg
          access_key_id:
            description: For V(s3) and V(spaces).
            type: str
          secret_access_key:
            description: For V(s3) and V(spaces).
            type: str
          session_token:
            description: For V(s3) and V(spaces), where the keys are temporary.
            type: str
          account_key:
            description: For V(azure). A key of the storage account.
            type: str
          sas_token:
            description: For V(azure). A shared access signature.
            type: str
          tenant_id:
            description: For V(azure). The tenant of a service principal.
            type: str
          client_id:
            description: For V(azure). The service principal.
            type: str
          client_secret:
            description: For V(azure). The service principal's secret.
            type: str
          managed_identity_client_id:
            description: For V(azure). One of several managed identities of the host.
            type: str
      before:
        description:
          - Units that start after the mount, such as V(docker.service). Where both are started together, as at
            boot, the mount answers before they start; one that cannot start does not keep them from it.
        type: list
        elements: str
        default: []
      options:
        description:
          - Options of the client, by name without dashes; for blobfuse2 the keys of its config, with dots.
          - They take the place of the module's own, but for those that the unit needs.
        type: dict
        default: {}
      state:
        description: V(absent) removes the unit, its files and the empty mount point, never data.
        type: str
        choices: [present, absent]
        default: present
attributes:
  check_mode:
    description: Says what would be done, and does nothing.
    support: full
  diff_mode:
    description: Shows files and units before and after. In place of a secret stands that it is one, or another.
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

- name: Mount a Space through a disk cache, with keys, for the containers of the host
  px.storage.mounts:
    client: rclone
    client_path: /usr/local/bin/rclone
    mounts:
      - path: /models
        bucket: models
        store: spaces
        region: nyc3
        cache:
          size_mib: 20480
          metadata_seconds: 300
        credentials:
          access_key_id: "{{ spaces_key }}"
          secret_access_key: "{{ spaces_secret }}"
        before: [docker.service]

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
actions:
  description: What was done for all mounts of the host, such as writing the probe.
  type: list
  elements: str
  returned: always
notes:
  description: What whoever runs it should know, such as a cache that was kept because it holds what its bucket does not have.
  type: list
  elements: str
  returned: where there is something
mounts:
  description: What became of each mount, in the order given. Returned when the module fails, too.
  type: list
  elements: dict
  returned: always
  contains:
    path: {description: The folder., type: str}
    bucket: {description: The bucket., type: str}
    client: {description: The FUSE client., type: str}
    version: {description: What the client says of its version. Empty where it says nothing., type: str}
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
from ansible_collections.px.storage.plugins.module_utils.fuse import converge, ownership
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS

CACHE = {
    "path": {"type": "str"},
    "size_mib": {"type": "int"},
    "metadata_seconds": {"type": "int"},
}
CREDENTIALS = {
    "service_account_key": {"type": "jsonarg", "no_log": True},
    "access_key_id": {"type": "str", "no_log": False},
    "secret_access_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "account_key": {"type": "str", "no_log": True},
    "sas_token": {"type": "str", "no_log": True},
    "tenant_id": {"type": "str"},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "managed_identity_client_id": {"type": "str"},
}
MOUNT = {
    "path": {"type": "str", "required": True},
    "bucket": {"type": "str"},
    "store": {"type": "str", "choices": ["gcs", "s3", "spaces", "azure"]},
    "account": {"type": "str"},
    "region": {"type": "str"},
    "prefix": {"type": "str", "default": ""},
    "read_only": {"type": "bool", "default": False},
    "uid": {"type": "int"},
    "gid": {"type": "int"},
    "file_mode": {"type": "str"},
    "dir_mode": {"type": "str"},
    "endpoint": {"type": "str"},
    "anonymous": {"type": "bool", "default": False},
    "cache": {"type": "dict", "options": CACHE},
    "credentials": {"type": "dict", "options": CREDENTIALS},
    "before": {"type": "list", "elements": "str", "default": []},
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
            "probe": {"type": "bool", "default": True},
            "owner": {"type": "str", "default": ""},
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
    try:
        mounts = [ownership.owned(one, asked["owner"]) for one in asked["mounts"]]
    except ownership.UnknownUserError as error:
        module.fail_json(msg=str(error), hint="name another with fuse_mount_owner, or give the mounts uid and gid")
    result = converge.run(
        asked["client"],
        asked["client_path"],
        mounts,
        timeout=asked["timeout"],
        purge=asked["purge"],
        probed=asked["probe"],
        check=module.check_mode,
    )
    if "msg" in result:
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
