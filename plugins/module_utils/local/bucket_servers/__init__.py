"""The stores that this computer can emulate: one module per store, one row here."""

from __future__ import annotations

import typing as t

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import gcs


class BucketServer(t.Protocol):
    """What a store's module offers: module-level functions of these shapes."""

    def command(self, address: str, port: int, data: str) -> list[str]:
        """Return the server's command line."""

    def answers(self, address: str, port: int) -> bool:
        """Tell whether the server answers."""

    def make_bucket(self, address: str, port: int, bucket: str) -> bool:
        """Make a bucket where it is missing; tell whether it was."""


SERVERS: dict[str, BucketServer] = {"gcs": gcs}
