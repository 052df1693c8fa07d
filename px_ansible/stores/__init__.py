"""The table of stores: one row each. Without `store`, a source is of the first one that reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.stores.azure import AZURE
from px_ansible.stores.gcs import GCS
from px_ansible.stores.model import Address, SignIn, Store, prefix_problem
from px_ansible.stores.s3 import S3
from px_ansible.stores.spaces import SPACES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["STORES", "Address", "SignIn", "Store", "prefix_problem"]

STORES: Mapping[str, Store] = {store.name: store for store in (AZURE, GCS, S3, SPACES)}
