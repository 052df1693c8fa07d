"""The stores that this computer can emulate: one module per kind of server, one row per store here."""

from __future__ import annotations

import typing as t

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import azure, gcs, s3

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import BucketServer

SERVERS: dict[str, BucketServer] = {"gcs": gcs, "s3": s3, "spaces": s3, "azure": azure}
