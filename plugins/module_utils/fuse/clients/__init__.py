"""The FUSE clients: one file each, and this table.

A client is a module with
- `NAME`, `STORES`: the kinds of store it mounts, the first by default;
- `STOP_SECONDS`: how long it may take to finish its uploads after SIGTERM;
- `service(binary, mount, place)`: the process of a neutral mount and its files, or `Refused`;
- `version_of(binary)`: the command that prints its version;
- `readable(line)`: a log line for people, empty where it says nothing;
- `reason(lines, mount)`: why it does not work, from its readable log lines, or None.
"""

from typing import Any, Dict

from ansible_collections.px.storage.plugins.module_utils.fuse.clients import blobfuse2, gcsfuse, goofys, rclone

CLIENTS: Dict[str, Any] = {client.NAME: client for client in (gcsfuse, goofys, blobfuse2, rclone)}
