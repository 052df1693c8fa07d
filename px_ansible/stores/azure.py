"""Azure Blob Storage: https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX]."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from px_ansible.stores.model import Address, Problem, SignIn, Store, character_problem, first_problem, length_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = ".blob.core.windows.net"
# The containers that Azure makes itself: learn.microsoft.com/rest/api/storageservices (naming containers).
_OWN = ("$root", "$web", "$logs")


def _reads(source: str) -> Address | None:
    found = re.fullmatch(rf"https://([^/@?#]+){re.escape(_HOST)}(?:/([^/?#]*)(?:/([^?#]*))?)?", source, re.DOTALL)
    if not found:
        return None
    account, container, prefix = found.groups(default="")
    return Address(container, prefix.removesuffix("/"), account)


def _writes(address: Address) -> str:
    folder = f"/{address.prefix}" if address.prefix else ""
    return f"https://{address.account}{_HOST}/{address.bucket}{folder}"


def _account_problems(account: str) -> Iterator[str | None]:
    yield character_problem(account, "a-z0-9", "lower case letters and digits")
    yield length_problem(account, 3, 24)


def _container_problems(name: str) -> Iterator[str | None]:
    if name in _OWN:
        return
    yield character_problem(name, "a-z0-9-", "lower case letters, digits and '-'")
    yield length_problem(name, 3, 63)
    if not (name[0].isalnum() and name[-1].isalnum()):
        yield "must begin and end with a letter or a digit"
    if "--" in name:
        yield "must not have two dashes in a row"


def _problem(address: Address) -> Problem | None:
    of_account = first_problem("account", address.account, _account_problems)
    return of_account or first_problem("container", address.bucket, _container_problems)


AZURE = Store(
    name="azure",
    form=f"https://ACCOUNT{_HOST}/CONTAINER",
    clients=("blobfuse2", "rclone"),
    provider="azure",
    reads=_reads,
    writes=_writes,
    problem=_problem,
    sign_ins=(
        SignIn(("account_key",)),
        SignIn(("sas_token",)),
        SignIn(("tenant_id", "client_id", "client_secret")),
        SignIn(("managed_identity_client_id",)),
    ),
)
