"""Amazon S3: s3://BUCKET[/PREFIX]."""

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

# docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_NOT_FIRST = ("xn--", "sthree-", "amzn-s3-demo-")
_NOT_LAST = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def _problems(name: str) -> Iterator[str | None]:
    yield character_problem(name, "a-z0-9.-", "lower case letters, digits, '-' and '.'")
    yield length_problem(name, 3, 63)
    if not (name[0].isalnum() and name[-1].isalnum()):
        yield "must begin and end with a letter or a digit"
    if ".." in name:
        yield "must not have two dots in a row"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        yield "must not look like an IP address"
    yield from (f"must not begin with {first!r}" for first in _NOT_FIRST if name.startswith(first))
    yield from (f"must not end with {last!r}" for last in _NOT_LAST if name.endswith(last))


def _problem(address: Address) -> Problem | None:
    return first_problem("bucket", address.bucket, _problems)


KEYS = SignIn(("access_key_id", "secret_access_key"), may=("session_token",))

S3 = Store(
    name="s3",
    form="s3://BUCKET",
    clients=("goofys", "rclone"),
    provider="aws",
    reads=scheme_reader("s3"),
    writes=scheme_writer("s3"),
    problem=_problem,
    sign_ins=(KEYS,),
)
