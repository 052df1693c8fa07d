"""One HTTP request to a bucket server, by the name that the machines know it by."""

from __future__ import annotations

import http.client
import typing as t

from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.network import BUCKETS_NAME

SECONDS = 10


class Answer(t.NamedTuple):
    """Status and body."""

    status: int
    body: bytes


def host_of(port: int) -> str:
    """Return the Host header that the machines' requests have."""
    return f"{BUCKETS_NAME}:{port}"


def ask(
    address: str, port: int, method: str, path: str, headers: t.Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """Send a request, whatever proxy the environment names; raises OSError where nothing, or no HTTP, answers."""
    connection = http.client.HTTPConnection(address, port, timeout=SECONDS)
    try:
        connection.request(method, path, body or None, {"Host": host_of(port), **(headers or {})})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP from {address}:{port}: {error!r}") from error
    finally:
        connection.close()


def refused(store: str, bucket: str, answer: Answer) -> LocalError:
    """Return the error for an answer that is neither 'made' nor 'is there'."""
    said = " ".join(answer.body.decode("utf-8", "replace").split())[:300]
    return LocalError(f"the {store} bucket server answers {answer.status} for the bucket {bucket}", log=[said])
