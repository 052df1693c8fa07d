"""Google Cloud Storage: gs://BUCKET[/PREFIX]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from px_ansible.stores.model import (
    Address,
    Problem,
    SignIn,
    Store,
    character_problem,
    first_problem,
    length_problem,
    scheme_reader,
    scheme_writer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def _problems(name: str) -> Iterator[str | None]:
    """Yield what is wrong with a bucket's name: cloud.google.com/storage/docs/buckets#naming."""
    longest_part = 63
    yield character_problem(name, "a-z0-9._-", "lower case letters, digits, '-', '_' and '.'")
    yield length_problem(name, 3, 222 if "." in name else longest_part)
    if not (name[0].isalnum() and name[-1].isalnum()):
        yield "must begin and end with a letter or a digit"
    if any(not 1 <= len(part) <= longest_part for part in name.split(".")):
        yield f"must have from 1 to {longest_part} characters between its dots"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        yield "must not look like an IP address"
    if name.startswith("goog") or "google" in name:
        yield "must not begin with 'goog' or contain 'google'"


def _problem(address: Address) -> Problem | None:
    return first_problem("bucket", address.bucket, _problems)


GCS = Store(
    name="gcs",
    form="gs://BUCKET",
    clients=("gcsfuse", "rclone"),
    provider="gcp",
    reads=scheme_reader("gs"),
    writes=scheme_writer("gs"),
    problem=_problem,
    sign_ins=(SignIn(("service_account_key",)),),
)
