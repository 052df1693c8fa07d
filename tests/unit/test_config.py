from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from px_ansible.config import Cache, Config, Mount, Secret, load, parse
from px_ansible.config.cluster import legal_name
from px_ansible.config.values import mode, size_mib
from px_ansible.errors import ConfigError
from px_ansible.issues import render_all
from px_ansible.stores import STORES, Address

TOP = Path(__file__).parents[2]

# From PX's page "Cloud Integration", sections "Cluster Configuration" and "Configuration Example".
PAGE_CLUSTER = """\
cluster:
  nodes: 2
  cpus_per_node: 4
"""
PAGE_MOUNT = """\
/px-gcs-bucket:
  source: gs://px-gcs-bucket
  store: gcs
"""


def config(text: str, *, provider: str | None = "local", file: str = "training/px.yaml") -> Config:
    return parse(text.encode(), file=Path(file), name="px.yaml", provider=provider)


def issues(text: str, **arguments):
    with pytest.raises(ConfigError) as caught:
        config(text, **arguments)
    return caught.value.issues


def rules(text: str, **arguments) -> list[str]:
    return [issue.rule for issue in issues(text, **arguments)]


def cluster(line: str) -> str:
    return f"cluster:\n  {line}\n"


def mount(line: str, path: str = "/data") -> str:
    return f"cluster: {{}}\n{path}:\n  source: gs://bucket\n  {line}\n"


def test_the_quickstart_is_the_product_page_word_for_word():
    text = (TOP / "examples/quickstart/px.yaml").read_text()
    comment, page = text.split("\n", 1)
    assert comment.startswith("# yaml-language-server: ")
    assert page == f"{PAGE_CLUSTER}\n{PAGE_MOUNT}"


def test_the_quickstart_runs_here():
    file = TOP / "examples/quickstart/px.yaml"
    assert load(file, provider="local") == Config(
        file=file,
        cluster="quickstart",
        provider="local",
        hosts=("quickstart-1", "quickstart-2"),
        cpus_per_node=4,
        memory_per_node=None,
        image=None,
        mounts=(
            Mount(
                path="/px-gcs-bucket",
                store="gcs",
                account="",
                bucket="px-gcs-bucket",
                prefix="",
                client="gcsfuse",
                read_only=False,
                uid=None,
                gid=None,
                file_mode=None,
                dir_mode=None,
                region=None,
                endpoint=None,
                anonymous=False,
                cache=Cache(),
                credentials={},
                before=(),
                options={},
            ),
        ),
        settings={"azure_port": 10000, "gcs_port": 4443, "s3_port": 8333, "spaces_port": 8334},
    )


PORTS = {"azure_port": 10001, "gcs_port": 5443, "s3_port": 8433, "spaces_port": 8434}
# Every key that px.yaml has.
FULL = (Path(__file__).parent / "full/local.px.yaml").read_text(encoding="utf-8")


def test_every_key():
    full = config(FULL, provider=None)
    assert (full.cluster, full.nodes, full.cpus_per_node, full.memory_per_node) == ("my-cluster", 3, 2, 2048)
    assert (full.provider, full.image, full.settings) == ("local", "debian-13", PORTS)
    data, models, s3, space, container = full.mounts
    assert (data.bucket, data.prefix, data.client, data.read_only) == (
        "my-bucket",
        "images/2026",
        "gcsfuse",
        True,
    )
    assert (data.uid, data.gid, data.file_mode, data.dir_mode) == (1000, 1000, "0640", "0750")
    assert data.options == {"implicit-dirs": True, "rename-dir-limit": 1000, "log-severity": "off"}
    assert (models.path, models.store, models.bucket, models.prefix) == ("/models", "gcs", "my-models", "")
    assert (s3.store, s3.client, s3.region, s3.cache.metadata_seconds) == ("s3", "goofys", "eu-central-1", 60)
    assert s3.credentials == {
        "access_key_id": Secret(env="MY_ACCESS_KEY"),
        "secret_access_key": Secret(file=Path.cwd() / "training/keys/secret"),
        "session_token": Secret(env="MY_TOKEN"),
    }
    assert (space.store, space.client, space.cache) == ("spaces", "rclone", Cache("/mnt/cache", 10240, None))
    assert space.before == ("jupyter.service",)
    assert (container.store, container.account, container.bucket, container.prefix, container.client) == (
        "azure",
        "myaccount",
        "my-container",
        "runs",
        "blobfuse2",
    )
    assert container.options == {"block_cache.mem-size-mb": 512}


def test_both_shapes_mean_the_same():
    top = PAGE_CLUSTER + PAGE_MOUNT
    below = PAGE_CLUSTER + "file_mounts:\n" + "".join(f"  {line}\n" for line in PAGE_MOUNT.splitlines())
    assert config(top) == config(below) == config(top + below.removeprefix(PAGE_CLUSTER))


def test_mounts_keep_the_order_of_the_file():
    text = "file_mounts:\n  /z: {source: gs://bucket}\ncluster: {}\n/a: {source: gs://bucket}\n"
    assert [mount.path for mount in config(text).mounts] == ["/z", "/a"]


def test_everything_but_the_cluster_has_a_default():
    small = config("cluster: {}\n")
    assert (small.nodes, small.cpus_per_node, small.mounts) == (1, 1, ())


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("training", "training"),
        ("My Project_2", "my-project-2"),
        ("2026-run", "px-2026-run"),
        ("---", "px"),
        ("größe", "gr-e"),
        ("a" * 60, "a" * 40),
        ("a" * 39 + "-b", "a" * 39),
    ],
)
def test_the_cluster_is_called_after_its_folder(folder, name):
    assert config("cluster: {}\n", file=f"{folder}/px.yaml").cluster == name


@given(st.text())
def test_a_legal_name_is_legal(text):
    assert rules(cluster("name: 7")) == ["wrong-type"]
    assert config(cluster(f"name: '{legal_name(text)}'")).cluster == legal_name(legal_name(text))


def test_the_argument_wins_over_the_file_and_the_file_over_the_stores():
    assert config(cluster("provider: gcp"), provider="local").provider == "local"
    assert config(cluster("provider: local"), provider=None).provider == "local"
    assert config(cluster("provider: aws") + PAGE_MOUNT + "  anonymous: true\n", provider=None).provider == "aws"


def test_a_provider_of_the_command_line_is_told_apart_from_the_file():
    (issue,) = issues("cluster: {}\n", provider="loca")
    assert (issue.file, issue.line, issue.hint) == ("--provider", 0, "did you mean 'local'?")
    assert render_all([issue], ["cluster: {}"]).startswith("--provider: there is no provider 'loca'")


def test_the_cloud_of_the_stores_is_the_default_provider():
    right = config(PAGE_CLUSTER + PAGE_MOUNT, provider=None)
    assert (right.provider, right.region) == ("gcp", "us-central1")
    assert right.machine.name == "e2-highcpu-4"
    assert config("cluster: {}\n/data: {source: s3://my-bucket}\n", provider=None).provider == "aws"
    assert config("cluster: {}\n", provider=None).provider == "gcp"


@pytest.mark.parametrize(
    ("written", "mib"),
    [
        (16, 16384),
        (1.5, 1536),
        ("16", 16384),
        ("16GB", 16384),
        ("16 GiB", 16384),
        ("16gib", 16384),
        ("16G", 16384),
        ("512 MiB", 512),
        ("1 TiB", 1048576),
        ("0.3", 308),
        (0, None),
        (-1, None),
        ("16 XB", None),
        ("", None),
        (float("nan"), None),
        ("9" * 100, None),
    ],
)
def test_memory(written, mib):
    assert size_mib(written) == mib


@pytest.mark.parametrize(
    ("text", "octal"),
    [
        ("644", "0644"),
        ("0644", "0644"),
        ("0o644", "0644"),
        ("022", None),
        ("888", None),
        ("0", None),
        ("4755", None),
    ],
)
def test_modes_are_read_as_they_are_written(text, octal):
    assert mode(text) == octal
    if octal:
        assert config(mount(f"file_mode: {text}")).mounts[0].file_mode == octal
        assert config(mount(f'file_mode: "{text}"')).mounts[0].file_mode == octal
    else:
        assert rules(mount(f"file_mode: {text}")) == ["file-mode"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/usr",
        "/usr/x",
        "/etc/x",
        "/lib64",
        "/proc/1",
        "/var",
        "/tmp",
        "/root",
        "/home",
        "/a/",
        "/a/../b",
        "/a//b",
    ],
)
def test_paths_that_are_refused(path):
    assert rules(mount("read_only: true", path=path)) == ["mount-path"]


@pytest.mark.parametrize(
    "path",
    ["/data", "/var/data", "/home/me/data", "/tmp/x", "/library", "/mnt", "/data@1+2._-", "/users", "/.data"],
)
def test_paths_that_are_fine(path):
    assert config(mount("read_only: true", path=path)).mounts[0].path == path


@pytest.mark.parametrize(
    ("bucket", "fine"),
    [
        ("px-gcs-bucket", True),
        ("a_b.c-1", True),
        ("a" * 63, True),
        (".".join(["a" * 63] * 3), True),
        ("a" * 64, False),
        ("ab", False),
        ("Bucket", False),
        ("-abc", False),
        ("abc-", False),
        ("10.0.0.1", False),
        ("google-x", False),
        ("my-google", False),
        ("a..b", False),
        ("bücket", False),
    ],
)
def test_bucket_names_of_gcs(bucket, fine):
    text = f"cluster: {{}}\n/data: {{source: 'gs://{bucket}'}}\n"
    if fine:
        assert config(text).mounts[0].bucket == bucket
    else:
        assert rules(text) == ["bucket-name"]


@pytest.mark.parametrize(
    ("source", "more", "store", "address"),
    [
        ("gs://my-bucket/a/", "", "gcs", ("", "my-bucket", "a")),
        ("s3://my-bucket/a/b", "", "s3", ("", "my-bucket", "a/b")),
        ("s3://my-bucket", "store: spaces", "spaces", ("", "my-bucket", "")),
        ("https://acc1.blob.core.windows.net/box/a", "", "azure", ("acc1", "box", "a")),
        ("https://acc1.blob.core.windows.net/$web", "store: azure", "azure", ("acc1", "$web", "")),
    ],
)
def test_the_source_says_the_store(source, more, store, address):
    (one,) = config(f"cluster: {{}}\n/data:\n  source: {source}\n  {more}\n").mounts
    assert (one.store, one.client) == (store, STORES[store].clients[0])
    assert (one.account, one.bucket, one.prefix) == address
    kept = STORES[store].writes(Address(one.bucket, one.prefix, one.account))
    assert kept == source.rstrip("/")


def test_a_space_needs_its_region_where_it_is_not_emulated():
    text = "cluster: {provider: static, static: {hosts: [a]}}\n/data: {source: s3://my-space, store: spaces}\n"
    assert config(text).mounts[0].region is None
    assert rules(text, provider="static") == ["region"]
    with_region = text.replace("spaces}", "spaces, region: nyc3}")
    assert config(with_region, provider="static").mounts[0].region == "nyc3"
    with_endpoint = text.replace("spaces}", "spaces, endpoint: 'https://s.example.com'}")
    assert config(with_endpoint, provider="static").mounts[0].region is None


def test_goofys_has_no_build_for_arm64(monkeypatch):
    text = "cluster: {}\n/data: {source: s3://my-bucket}\n/more: {source: s3://my-bucket, client: goofys}\n"
    assert len(config(text).mounts) == 2
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    found = issues(text)
    assert [(issue.line, issue.rule, issue.hint) for issue in found] == [
        (2, "client-build", "write 'client: rclone'"),
        (3, "client-build", "write 'client: rclone'"),
    ]
    assert found[1].message == "goofys has no build for arm64"
    assert config(text.replace("goofys", "rclone").replace("bucket}", "bucket, client: rclone}")).mounts


def test_static_hosts_are_called_as_they_are_given():
    text = "cluster:\n  provider: static\n  static: {hosts: [192.0.2.10, 'fe80::1', worker.example.com]}\n"
    static = config(text, provider="static")
    assert static.hosts == ("192.0.2.10", "fe80::1", "worker.example.com")
    assert (static.nodes, static.settings["user"]) == (3, "root")
    assert config(text.replace("cluster:", "cluster:\n  nodes: 3"), provider="static").nodes == 3
    assert config(text).hosts == ("training-1",)
    (issue,) = issues("cluster: {}\n", provider="static")
    assert (issue.file, issue.rule) == ("--provider", "no-hosts")


@pytest.mark.parametrize("prefix", ["a", "a/b", "a/", "date=2026-01-01", "with space/x", "größe"])
def test_folders_of_a_bucket(prefix):
    text = f"cluster: {{}}\n/data: {{source: 'gs://bucket/{prefix}'}}\n"
    assert config(text).mounts[0].prefix == prefix.rstrip("/")


@pytest.mark.parametrize("prefix", ["..", "a/../..", "./a", "a//b", "/a", "*", "a?", " a"])
def test_folders_that_are_refused(prefix):
    assert rules(f"cluster: {{}}\n/data: {{source: 'gs://bucket/{prefix}'}}\n") == ["source-folder"]


def test_a_mount_beside_another_with_the_same_beginning_is_fine():
    text = "cluster: {}\n/data: {source: gs://bucket}\n/data2: {source: gs://bucket}\n"
    assert len(config(text).mounts) == 2


def test_everything_at_once_in_file_order():
    text = FULL.replace("nodes: 3", "nodes: 0").replace("/data:", "/usr:").replace("/models:", "models:")
    text = text.replace("store: gcs", "store: s3", 1).replace("read_only", "readonly") + "more: 1\nmore: 2\n"
    found = issues(text)
    assert [issue.rule for issue in found] == [
        "out-of-range",
        "mount-path",
        "store-and-source",
        "unknown-key",
        "unknown-key",
        "unknown-key",
        "duplicate-key",
    ]
    assert [issue.line for issue in found] == sorted(issue.line for issue in found)


def test_a_file_of_junk_stops_at_a_hundred_issues():
    found = issues("cluster: {}\n" + "".join(f"key{number}: 1\n" for number in range(500)))
    assert len(found) == 101
    assert found[-1].rule == "more"


@pytest.mark.parametrize(("make", "message"), [(False, "there is no such file"), (True, "this is a folder")])
def test_a_file_that_is_not_there(tmp_path, make, message):
    file = tmp_path / "px.yaml"
    if make:
        file.mkdir()
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert caught.value.issues[0].message == message


def test_a_device_without_end_is_refused():
    with pytest.raises(ConfigError) as caught:
        load(Path("/dev/zero"))
    assert caught.value.issues[0].rule == "too-large"


def test_a_file_below_the_current_folder_is_named_from_there(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/px.yaml").write_text("cluster: 1\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "a/px.yaml", provider="local")
    assert caught.value.issues[0].file == "a/px.yaml"


def test_color_and_control_characters_of_the_file():
    with pytest.raises(ConfigError) as caught:
        config("cluster: {}\n/data: 1\x1b[31m\n")
    plain = render_all(caught.value.issues, caught.value.lines)
    assert "\x1b" not in plain
    assert "\x1b[1m" in render_all(caught.value.issues, caught.value.lines, color=True)


def test_validation_imports_neither_ansible_nor_the_runner():
    program = (
        "import sys; from pathlib import Path; from px_ansible.config import load; "
        "import px_ansible.config as c; slow = {'jsonschema_rs'} & set(sys.modules); "
        "assert not slow, slow; "
        f"load(Path({str(TOP / 'examples/quickstart/px.yaml')!r}), provider='local'); "
        "loaded = {'ansible', 'ansible_runner', 'rich', 'click'} & set(sys.modules); "
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
