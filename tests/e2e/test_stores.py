"""The emulated stores of a cluster, asked by a real client (rclone) over the cluster's bridge; no machine is booted."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.px.storage.plugins.module_utils.local import cluster
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import azure, s3, signature
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import request as http
from ansible_collections.px.storage.plugins.module_utils.local.record import Layout
from project import until
from traces import processes, traces

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible"
PORTS = {"gcs": 4443, "s3": 8333, "spaces": 8334, "azure": 10000}
ACCOUNT = "pxaccount"
BUCKET = "the-bucket"
STORES = sorted(PORTS)
WITH_KEYS = ["azure", "s3", "spaces"]
RCLONE = Path(sys.executable).with_name("rclone")


def bucket(store, name=BUCKET, account=ACCOUNT):
    return {"store": store, "name": name, "port": PORTS[store], "account": account if store == "azure" else ""}


class Lab:
    """A cluster of bucket servers and no hosts."""

    def __init__(self, name):
        self.name = name
        self.layout = Layout("/var/lib/px-ansible", name)

    def converge(self, buckets):
        done, self.network = cluster.converge(self.layout, buckets, str(CACHE))
        self.address = self.network["subnet"].replace(".0/24", ".1")
        return done

    def rclone(self, store, *arguments, key="", account=ACCOUNT, **more):
        """Run rclone with the store as the remote `to:`; `key` is another secret than the right one."""
        endpoint = f"http://{self.address}:{PORTS[store]}"
        remote = {
            "gcs": {"type": "gcs", "anonymous": "true", "endpoint": f"{endpoint}/storage/v1/"},
            "azure": {
                "type": "azureblob",
                "account": account,
                "key": key or azure.ACCOUNT_KEY,
                "endpoint": f"{endpoint}/{account}",
            },
        }.get(
            store,
            {
                "type": "s3",
                "provider": "Other",
                "access_key_id": s3.ACCESS_KEY_ID,
                "secret_access_key": key or s3.SECRET_ACCESS_KEY,
                "endpoint": endpoint,
                # Several parts at once, as the FUSE clients send a large file.
                "upload_cutoff": "5M",
                "chunk_size": "5M",
            },
        )
        environment = {f"RCLONE_CONFIG_TO_{name.upper()}": value for name, value in remote.items()}
        return subprocess.run(
            [str(RCLONE), *arguments, "--retries=1", "--low-level-retries=1"],
            env={"PATH": os.environ["PATH"], "RCLONE_CONFIG": "/dev/null", **environment},
            check=False,
            capture_output=True,
            timeout=120,
            **more,
        )

    def list(self, store, path=BUCKET):
        done = self.rclone(store, "lsf", "-R", "--files-only", f"to:{path}")
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().split()

    def put(self, store, path, content, **more):
        done = self.rclone(store, "rcat", f"to:{path}", input=content, **more)
        assert done.returncode == 0, done.stderr.decode()

    def get(self, store, path, **more):
        done = self.rclone(store, "cat", f"to:{path}", **more)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def kill(self, store):
        """Kill the server, and not the script that starts it again; return the number of processes."""
        script = str(self.layout.server(store) / "run")
        found = [pid for pid, line in processes(f"{self.network['bridge']}-{store}").items() if script not in line]
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        return len(found)


@pytest.fixture(scope="module")
def lab():
    made = Lab(f"c1stores-{secrets.token_hex(2)}")
    try:
        made.converge([bucket(store) for store in STORES])
        yield made
    finally:
        cluster.remove(made.layout, purge=True)
    assert traces(made.name) == []
    assert not list(Path("/tmp").glob("seaweedfs-*"))


@pytest.mark.parametrize("store", STORES)
def test_what_is_written_is_read(lab, store):
    content = os.urandom(24 << 20)
    lab.put(store, f"{BUCKET}/folder/large file", content)
    assert lab.get(store, f"{BUCKET}/folder/large file") == content
    lab.put(store, f"{BUCKET}/folder/large file", b"other")
    assert lab.get(store, f"{BUCKET}/folder/large file") == b"other"
    assert lab.rclone(store, "deletefile", f"to:{BUCKET}/folder/large file").returncode == 0
    assert lab.list(store) == []


# Spaces has the server of S3; that of Google's is asked by gcsfuse in the other tests.
@pytest.mark.parametrize("store", ["azure", "s3"])
def test_a_listing_has_more_than_one_page(lab, store, tmp_path):
    names = [f"{number:04}" for number in range(1010)]
    for name in names:
        (tmp_path / name).write_text(name)
    done = lab.rclone(store, "copy", str(tmp_path), f"to:{BUCKET}/many", "--transfers=8")
    assert done.returncode == 0, done.stderr.decode()
    assert lab.list(store, f"{BUCKET}/many") == names
    assert lab.rclone(store, "purge", f"to:{BUCKET}/many").returncode == 0


@pytest.mark.parametrize("store", WITH_KEYS)
def test_another_key_is_refused(lab, store):
    done = lab.rclone(store, "lsf", f"to:{BUCKET}", key="AAAA" + azure.ACCOUNT_KEY[4:])
    assert done.returncode != 0
    assert b"403" in done.stderr


@pytest.mark.parametrize("store", WITH_KEYS)
def test_keys_are_on_no_command_line(lab, store):
    own = processes(f"{lab.network['bridge']}-{store}").values()
    assert own
    assert not [line for line in own if s3.SECRET_ACCESS_KEY in line or azure.ACCOUNT_KEY in line]


@pytest.mark.parametrize("store", STORES)
def test_a_bucket_that_is_not_there_is_not_made_by_asking(lab, store):
    assert lab.rclone(store, "lsf", "to:no-such-bucket").returncode != 0
    listed = lab.rclone(store, "lsf", "to:").stdout.decode().split()
    assert "no-such-bucket/" not in listed


@pytest.mark.parametrize("store", ["s3", "spaces"])
def test_a_folder_is_made_as_goofys_makes_it(lab, store):
    """By an empty object whose key ends with a slash; files go into it then."""
    path, port = f"/{BUCKET}/made/", PORTS[store]
    headers = signature.aws("PUT", path, http.host_of(port), s3.ACCESS_KEY_ID, s3.SECRET_ACCESS_KEY)
    assert http.ask(lab.address, port, "PUT", path, headers).status == 200
    assert b"made/\n" in lab.rclone(store, "lsf", f"to:{BUCKET}").stdout
    lab.put(store, f"{BUCKET}/made/file", b"in it")
    assert lab.get(store, f"{BUCKET}/made/file") == b"in it"
    assert lab.rclone(store, "purge", f"to:{BUCKET}/made").returncode == 0


def test_another_account_comes_and_the_first_ones_objects_stay(lab):
    lab.put("azure", f"{BUCKET}/of-the-first", b"1")
    buckets = [bucket(store) for store in STORES] + [bucket("azure", "second-bucket", "another")]
    assert [line for line in lab.converge(buckets) if "azure" in line or "second" in line] == [
        f"started the azure bucket server on {lab.address}:10000",
        "made the bucket second-bucket",
    ]
    assert lab.converge(buckets) == []
    lab.put("azure", "second-bucket/of-the-second", b"2", account="another")
    assert lab.get("azure", f"{BUCKET}/of-the-first") == b"1"
    assert lab.rclone("azure", "lsf", "to:", account="another").stdout == b"second-bucket/\n"
    assert lab.get("azure", "second-bucket/of-the-second", account="another") == b"2"
    assert lab.rclone("azure", "cat", "to:second-bucket/of-the-second").returncode != 0


def test_objects_outlive_a_killed_server_and_the_cluster(lab):
    content = os.urandom(1 << 20)
    buckets = [bucket(store) for store in STORES] + [bucket("azure", "second-bucket", "another")]
    for store in STORES:
        lab.put(store, f"{BUCKET}/kept", content)
    # Azurite writes down five times a second what it has.
    subprocess.run(["sleep", "0.5"], check=True)
    for store in STORES:
        assert lab.kill(store) == 1
    for store in STORES:
        wanted = until(lambda store=store: lab.rclone(store, "cat", f"to:{BUCKET}/kept").stdout, 30, f"{store} is back")
        assert wanted == content
    cluster.remove(lab.layout, purge=False)
    assert traces(lab.name) == [f"file {lab.layout.buckets}"]
    lab.converge(buckets)
    for store in STORES:
        assert lab.get(store, f"{BUCKET}/kept") == content
