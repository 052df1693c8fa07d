"""Azure Blob Storage, by Azurite (https://github.com/Azure/Azurite), Microsoft's own emulator."""

from __future__ import annotations

import typing as t
from http import HTTPStatus

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import azurite, request, signature

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Bucket, Where

# Published with Azurite, the same everywhere: no secret.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
HAS_ACCOUNTS = True
# It then writes down what it holds in memory.
STOP_SIGNAL = "TERM"


def command(where: Where) -> list[str]:
    """Return the server's command line.

    Clients are newer than the API versions that Azurite knows. The account stands in the path: of a name such as
    buckets.px.internal Azurite would else take the first label for the account.
    """
    options = ["--skipApiVersionCheck", "--disableProductStyleUrl", "--disableTelemetry", "--silent"]
    options += ["--blobHost", where.address, "--blobPort", str(where.port), "--location", where.data]
    return [*azurite.ensure(where.cache_dir), *options]


def environment(accounts: t.Sequence[str]) -> dict[str, str]:
    """Return the server's environment: every account has the well-known key."""
    return {"AZURITE_ACCOUNTS": ";".join(f"{account}:{ACCOUNT_KEY}" for account in accounts)}


def answers(where: Where) -> bool:
    """Tell whether the server answers."""
    try:
        request.ask(where.address, where.port, "GET", "/")
    except OSError:
        return False
    return True


def make_bucket(where: Where, bucket: Bucket) -> bool:
    """Make a container where it is missing; tell whether it was."""
    path = f"/{bucket.account}/{bucket.name}"
    headers = signature.azure("PUT", path, {"restype": "container"}, bucket.account, ACCOUNT_KEY)
    answer = request.ask(where.address, where.port, "PUT", f"{path}?restype=container", headers)
    if answer.status in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
        return answer.status == HTTPStatus.CREATED
    raise request.refused("azure", bucket.name, answer)
