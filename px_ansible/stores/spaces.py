"""DigitalOcean Spaces: s3://SPACE[/PREFIX] with `store: spaces`, through the S3 API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.stores.model import (
    Address,
    Problem,
    Store,
    character_problem,
    first_problem,
    length_problem,
    scheme_reader,
    scheme_writer,
)
from px_ansible.stores.s3 import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator


def _problems(name: str) -> Iterator[str | None]:
    """Yield what is wrong with a space's name: docs.digitalocean.com/products/spaces/how-to/create."""
    yield character_problem(name, "a-z0-9-", "lower case letters, digits and '-'")
    yield length_problem(name, 3, 63)
    if not name[0].isalnum():
        yield "must begin with a letter or a digit"
    if not name[-1].isalnum():
        yield "must end with a letter or a digit"


def _problem(address: Address) -> Problem | None:
    return first_problem("space", address.bucket, _problems)


SPACES = Store(
    name="spaces",
    form="s3://SPACE",
    clients=("goofys", "rclone"),
    provider="digitalocean",
    reads=scheme_reader("s3"),
    writes=scheme_writer("s3"),
    problem=_problem,
    sign_ins=(KEYS,),
    by_address=False,
    needs_region=True,
)
