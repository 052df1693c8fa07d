"""What the bucket servers have in common: the shapes that pass between them and `bucket_server`."""

from __future__ import annotations

import typing as t


class Bucket(t.NamedTuple):
    """A bucket, or in the storage account `account` a container."""

    name: str
    account: str = ""


class Where(t.NamedTuple):
    """Where one server listens and what it may write to."""

    address: str
    port: int
    # The objects; outlive the server, the cluster and this computer's restart.
    data: str
    # What one run of the server needs beside them; the server's working directory.
    folder: str
    # What is fetched once for all clusters.
    cache_dir: str


class BucketServer(t.Protocol):
    """What a store's module offers: module-level names of these shapes."""

    # Whether a bucket of this store belongs to a storage account.
    HAS_ACCOUNTS: bool
    # The signal that ends the server, without `SIG`.
    STOP_SIGNAL: str

    def command(self, where: Where) -> list[str]:
        """Return the server's command line; fetches the server where it is missing. Holds no key."""

    def environment(self, accounts: t.Sequence[str]) -> dict[str, str]:
        """Return the server's environment, for the storage accounts that it is to have."""

    def answers(self, where: Where) -> bool:
        """Tell whether the server is ready to take buckets and objects."""

    def make_bucket(self, where: Where, bucket: Bucket) -> bool:
        """Make a bucket where it is missing; tell whether it was."""
