"""goofys as the tests run it, real or stand-in, against a real S3 server."""

from __future__ import annotations

import errno
import filecmp
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from clients import build, mounts, servers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")
stand_in_only = pytest.mark.skipif(build.which("goofys") == "real", reason="says what the stand-in says")

KEYS = {"AWS_ACCESS_KEY_ID": "px-local", "AWS_SECRET_ACCESS_KEY": "px-local-secret"}


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return servers.fusermount(tmp_path_factory.mktemp("fuse"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A server that wants keys, and its folder."""
    folder, port = tmp_path_factory.mktemp("s3"), servers.free_port()
    with servers.s3(folder, port, "px-local,px-local-secret"):
        yield f"http://127.0.0.1:{port}", folder


@pytest.fixture(scope="module")
def open_store(tmp_path_factory):
    """A server that lets everybody in, and its folder."""
    folder, port = tmp_path_factory.mktemp("open"), servers.free_port()
    (folder / "public").mkdir()
    (folder / "public" / "file").write_text("for all\n")
    with servers.s3(folder, port):
        yield f"http://127.0.0.1:{port}", folder


@pytest.fixture(scope="module")
def alone():
    """A network without a way out, in which 169.254.169.254 is this computer; the prefix to run something in it."""
    script = "ip link set lo up; ip addr add 169.254.169.254/32 dev lo; echo ready; exec sleep 600"
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", script], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield ["nsenter", "-t", str(process.pid), "-n"]
    process.kill()
    process.wait()


@pytest.fixture
def bucket(store, request):
    """A bucket of the test's own, with two files."""
    folder = store[1] / request.node.name.lower().replace("_", "-").partition("[")[0][:60]
    (folder / "folder").mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("one\n")
    (folder / "folder" / "inner").write_text("two\n")
    return folder


@pytest.fixture
def goofys(tmp_path, programs):
    client = mounts.Client(build.client("goofys"), tmp_path, programs)
    yield client
    client.end()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "mnt").mkdir()
    return tmp_path / "mnt"


def names(folder):
    """Return what is in a folder."""
    return [file.name for file in folder.iterdir()]


def signed(store, *more):
    """Flags that every mount of the tests has."""
    return ["-f", "--endpoint", store[0], "--region", "us-east-1", *more]


# The command line.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--foo", "b", "/m"], "Incorrect Usage. flag provided but not defined: -foo\n\n"),
        (["--allow-other", "b", "/m"], "flag provided but not defined: -allow-other"),
        (["--log-file=x", "b", "/m"], "flag provided but not defined: -log-file"),
        (["--uid", "x", "b", "/m"], 'invalid value "x" for flag -uid: '),
        (["--stat-cache-ttl", "60", "b", "/m"], 'invalid value "60" for flag -stat-cache-ttl: '),
        (["--type-cache-ttl=1 m", "b", "/m"], 'invalid value "1 m" for flag -type-cache-ttl: '),
        (["--file-mode", "0888", "b", "/m"], 'invalid value "0888" for flag -file-mode: '),
        (["--region"], "flag needs an argument: -region"),
        (["b"], "Error: goofys takes exactly two arguments.\n\n"),
        (["b", "/m", "-f"], "Error: goofys takes exactly two arguments."),
        (["--subdomain", "true", "b", "/m"], "Error: goofys takes exactly two arguments."),
        (["--help"], "Error: goofys takes exactly two arguments."),
        (["--cache", "/no/such/folder", "b", "/m"], 'Invalid value "/no/such/folder" for --cache: not a directory'),
        (["--sse-c", "no base64!", "b", "/m"], "sse-c is not base64-encoded"),
    ],
)
def test_a_wrong_command_line_ends_with_1_on_stderr(goofys, arguments, said):
    ended = goofys.run(*arguments)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert not ended.stdout


def test_the_version_is_on_stderr(goofys):
    ended = goofys.run("--version")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.startswith("goofys version 0.24.0-")


def test_modes_are_read_as_go_reads_numbers(goofys, store, bucket, path):
    goofys.start(
        *signed(store, "--file-mode", "0640", "--dir-mode=448", "--uid", "0x3e9"), bucket.name, path, path=path, **KEYS
    )
    file, folder = (path / "file").stat(), (path / "folder").stat()
    assert (file.st_mode & 0o777, folder.st_mode & 0o777, file.st_uid) == (0o640, 0o700, 1001)


@pytest.mark.parametrize("option", ["nofail", "_netdev", "nonsense=1"])
def test_an_option_that_fusermount_does_not_know_fails(goofys, store, bucket, path, option):
    ended = goofys.run(*signed(store, "-o", option), bucket.name, path, **KEYS)
    assert ended.returncode == 1
    assert option.partition("=")[0] in ended.stderr
    assert "main.FATAL Mounting file system: " in ended.stderr
    assert not mounts.mounted(path)


def test_without_f_it_needs_syslog(goofys, store, bucket, path):
    if Path("/dev/log").exists():
        pytest.skip("this computer has a syslog")
    ended = goofys.run(*signed(store)[1:], bucket.name, path, **KEYS)
    assert ended.returncode == 1
    assert "Unable to connect to local syslog daemon" in ended.stderr
    assert "main.FATAL Unable to mount file system, see syslog for details" in ended.stderr


# The mount.


def test_files_are_read_written_listed_and_the_mount_ends_with_sigterm(goofys, store, bucket, path, tmp_path):
    many = bucket / "many"
    many.mkdir()
    for number in range(1000):
        (many / str(number)).write_text(f"{number}\n")
    process = goofys.start(*signed(store, "-o", "allow_other"), bucket.name, path, path=path, **KEYS)
    assert mounts.mounted(path) == (bucket.name, "fuse")
    assert (path / "folder" / "inner").read_text() == "two\n"
    assert len(names(path / "many")) == 1000
    large = tmp_path / "large"
    large.write_bytes(os.urandom(64 << 20))
    subprocess.run(["cp", large, path / "large"], check=True)
    assert filecmp.cmp(large, bucket / "large", shallow=False)
    assert filecmp.cmp(large, path / "large", shallow=False)
    (path / "file").write_text("anew\n")
    assert (bucket / "file").read_text() == "anew\n"
    (path / "file").rename(path / "moved")
    (path / "large").unlink()
    assert sorted(names(bucket)) == ["folder", "many", "moved"]
    process.terminate()
    assert process.wait(15) == 0
    assert not mounts.mounted(path)
    lines = [line.split(" ", 2)[2] for line in process.log.read_text().splitlines()]
    assert lines == [
        "main.INFO File system has been successfully mounted.",
        "main.INFO Received terminated, attempting to unmount...",
        f"main.INFO Successfully unmounted {path} in response to terminated",
        "main.INFO Successfully exiting.",
    ]


def test_what_is_not_sequential_is_not_supported(goofys, store, bucket, path):
    goofys.start(*signed(store), bucket.name, path, path=path, **KEYS)

    def write(name, how, at):
        handle = os.open(path / name, how | os.O_CREAT)
        try:
            os.pwrite(handle, b"x", at)
        finally:
            os.close(handle)

    for name, how, at in (("file", os.O_WRONLY | os.O_APPEND, 4), ("file", os.O_RDWR, 2), ("new", os.O_WRONLY, 100)):
        with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is looked at below
            write(name, how, at)
        assert caught.value.errno == errno.EOPNOTSUPP
    with pytest.raises(OSError, match="not implemented"):
        (path / "link").symlink_to("file")
    assert (bucket / "file").read_text() == "one\n"


def test_a_prefix_is_the_root_and_read_only_refuses_writes(goofys, store, bucket, path):
    goofys.start(*signed(store, "-o", "ro,allow_other"), f"{bucket.name}:/folder/", path, path=path, **KEYS)
    assert names(path) == ["inner"]
    with pytest.raises(OSError, match="Read-only file system"):
        (path / "new").write_text("x")
    assert mounts.mounted(path)[0] == f"{bucket.name}:/folder/"


def test_killed_it_leaves_a_dead_mount_over_which_it_does_not_start(goofys, store, bucket, path):
    process = goofys.start(*signed(store, "--stat-cache-ttl=0s"), bucket.name, path, path=path, **KEYS)
    process.kill()
    process.wait()
    mounts.until(lambda: mounts.dead(path))
    ended = goofys.run(*signed(store), bucket.name, path, **KEYS)
    assert ended.returncode == 1
    assert "Statting mount point: " in ended.stderr
    assert "transport endpoint is not connected" in ended.stderr


def test_stopped_the_mount_hangs(goofys, store, bucket, path):
    process = goofys.start(*signed(store), bucket.name, path, path=path, **KEYS)
    process.send_signal(signal.SIGSTOP)
    asked = subprocess.run(["timeout", "-s", "KILL", "1", "ls", path / "folder"], capture_output=True, check=False)
    process.send_signal(signal.SIGCONT)
    assert asked.returncode in (-signal.SIGKILL, 137)
    assert mounts.answers(path / "folder")


def test_unmounted_by_somebody_else_it_ends_with_0(goofys, store, bucket, path):
    process = goofys.start(*signed(store), bucket.name, path, path=path, **KEYS)
    subprocess.run(["umount", path], check=True)
    assert process.wait(10) == 0


def test_a_busy_mount_outlives_sigterm(goofys, store, bucket, path):
    process = goofys.start(*signed(store), bucket.name, path, path=path, **KEYS)
    with (path / "file").open():
        process.terminate()
        time.sleep(1.5)
        assert process.poll() is None
        assert (path / "folder" / "inner").read_text() == "two\n"
    assert process.wait(15) == 0


def test_it_mounts_over_what_is_in_the_folder(goofys, store, bucket, path):
    (path / "mine").write_text("")
    goofys.start(*signed(store), bucket.name, path, path=path, **KEYS)
    assert sorted(names(path)) == ["file", "folder"]


# What fails.


def test_a_missing_bucket_mounts_with_region_and_cannot_be_listed(goofys, store, path):
    goofys.start(*signed(store), "not-yet", path, path=path, **KEYS)
    with pytest.raises(OSError, match="No such device or address"):
        names(path)
    (store[1] / "not-yet").mkdir()
    (store[1] / "not-yet" / "file").write_text("")
    mounts.until(lambda: subprocess.run(["ls", path], capture_output=True, text=True, check=False).stdout == "file\n")


def test_a_missing_bucket_is_told_without_region(goofys, open_store, path):
    ended = goofys.run("-f", "--endpoint", open_store[0], "missing", path, **KEYS)
    assert ended.returncode == 1
    assert "main.ERROR Unable to access 'missing': bucket missing does not exist" in ended.stderr
    assert "main.FATAL Mounting file system: Mount: initialization failed" in ended.stderr


def test_a_public_bucket_is_mounted_without_keys_where_no_region_is_given(goofys, open_store, path):
    process = goofys.start("-f", "--endpoint", open_store[0], "public", path, path=path)
    assert "s3.INFO anonymous bucket detected" in process.log.read_text()
    assert (path / "file").read_text() == "for all\n"


def test_a_wrong_key_is_refused(goofys, store, bucket, path):
    wrong = {"AWS_ACCESS_KEY_ID": "px-local", "AWS_SECRET_ACCESS_KEY": "wrong"}
    ended = goofys.run(*signed(store), bucket.name, path, **wrong)
    assert ended.returncode == 1
    assert "s3.INFO Falling back to v2 signer" in ended.stderr
    # This server answers 400 to version 2, and goofys' last word is about that.
    assert f"main.ERROR Unable to access '{bucket.name}': invalid argument" in ended.stderr
    assert not mounts.mounted(path)


def test_an_endpoint_that_refuses_is_told(goofys, path):
    ended = goofys.run(*signed([f"http://127.0.0.1:{servers.free_port()}"]), "bucket", path, **KEYS)
    assert ended.returncode == 1
    assert "main.ERROR Unable to access 'bucket': RequestError: send request failed" in ended.stderr
    assert "connection refused" in ended.stderr


def test_a_mount_point_must_be_a_folder(goofys, store, bucket, tmp_path):
    missing = goofys.run(*signed(store), bucket.name, tmp_path / "missing", **KEYS)
    assert missing.returncode == 1
    assert "no such file or directory" in missing.stderr
    (tmp_path / "file").write_text("")
    file = goofys.run(*signed(store), bucket.name, tmp_path / "file", **KEYS)
    assert file.returncode == 1
    assert f"Mount point {tmp_path / 'file'} is not a directory" in file.stderr


def test_s3_is_no_scheme(goofys, store, path):
    """`s3://bucket` is the bucket `s3`, which is missing."""
    goofys.start(*signed(store), "s3://bucket", path, path=path, **KEYS)
    assert mounts.mounted(path)[0] == "s3://bucket"
    with pytest.raises(OSError, match="No such device or address"):
        names(path)


@stand_in_only
def test_other_stores_are_the_stand_ins_limit(goofys, path):
    ended = goofys.run("-f", "wasb://container@account", path)
    assert ended.returncode == 1
    assert "stand-in: wasb://container@account: only S3 is served here" in ended.stderr


# Where the keys come from.

_FILE = "aws_access_key_id = px-local\naws_secret_access_key = px-local-secret\n"
_PROCESS = """{"Version": 1, "AccessKeyId": "px-local", "SecretAccessKey": "px-local-secret"}"""


@pytest.mark.parametrize(
    ("files", "environment", "flags"),
    [
        ({".aws/credentials": f"[default]\n{_FILE}"}, {}, []),
        ({".aws/config": f"[default]\n{_FILE}"}, {}, []),
        ({"a": f"[default]\n{_FILE}"}, {"AWS_SHARED_CREDENTIALS_FILE": "a"}, []),
        ({"a": f"[profile x]\n{_FILE}"}, {"AWS_CONFIG_FILE": "a", "AWS_PROFILE": "x"}, []),
        ({"a": f"[x]\n{_FILE}"}, {"AWS_CONFIG_FILE": "a", "AWS_DEFAULT_PROFILE": "x"}, []),
        ({"a": f"[profile x]\n{_FILE}"}, {"AWS_CONFIG_FILE": "a"}, ["--profile", "x"]),
        ({"a": f"[default]\ncredential_process = echo '{_PROCESS}'\n"}, {"AWS_CONFIG_FILE": "a"}, []),
        # Environment goes before profile.
        ({".aws/credentials": "[x]\naws_access_key_id = no\naws_secret_access_key = no\n"}, KEYS, ["--profile", "x"]),
        # Nothing of this is known to that SDK.
        ({}, {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "x", "RCLONE_S3_ENDPOINT": "x"}, []),
    ],
)
def test_keys_are_taken_from_where_the_sdk_looks(goofys, store, bucket, path, files, environment, flags):
    for name, text in files.items():
        (goofys.home / name).parent.mkdir(exist_ok=True)
        (goofys.home / name).write_text(text)
    environment = {name: str(goofys.home / value) if value == "a" else value for name, value in environment.items()}
    goofys.start(*signed(store, *flags), bucket.name, path, path=path, **environment)
    assert (path / "file").read_text() == "one\n"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[default]\ncredential_process = exit 3\n", "ProcessProviderExecutionError"),
        ("[default]\ncredential_process = echo hello\n", "ProcessProviderParseError"),
        ("[default]\ncredential_process = echo '{\"Version\": 2}'\n", "ProcessProviderVersionError"),
        ("[default]\ncredential_process = echo '{\"Version\": 1}'\n", "ProcessProviderRequiredError"),
        ("not an ini file\n", "main.ERROR Unable to setup backend: SharedConfigLoadError"),
        ("[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n", "stand-in: role_arn asks AWS STS"),
    ],
)
def test_keys_that_do_not_come_fail_the_mount(goofys, store, bucket, path, config, said):
    (goofys.home / "config").write_text(config)
    ended = goofys.run(*signed(store), bucket.name, path, AWS_CONFIG_FILE=goofys.home / "config")
    assert ended.returncode == 1
    assert said in ended.stderr


def test_the_region_of_the_environment_is_ignored(goofys, path):
    """What is signed for is the flag's region, us-east-1 without it."""
    seen = []

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            seen.append(self.headers.get("Authorization", ""))
            self.send_response(403)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = ["-f", "--endpoint", f"http://127.0.0.1:{server.server_address[1]}"]
        ended = goofys.run(*endpoint, "bucket", path, AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="eu-west-1", **KEYS)
        goofys.run(*endpoint, "--region", "ap-east-1", "bucket", path, AWS_REGION="eu-west-1", **KEYS)
        server.shutdown()
    assert ended.returncode == 1
    assert "main.ERROR Unable to access 'bucket': permission denied" in ended.stderr
    scopes = [header.split("/")[2] for header in seen if header.startswith("AWS4")]
    assert scopes == ["us-east-1", "ap-east-1"]
    # Without --region the first request is not signed.
    assert seen[0] == ""


def _rotating(folder: Path, expires_in: float | None) -> Path:
    """A credential_process that gives the keys in `current`, valid for some seconds or for ever."""
    program = folder / "process.py"
    program.write_text(f"""#!{sys.executable}
import datetime, json, pathlib
identity, secret = pathlib.Path({str(folder / "current")!r}).read_text().split(",")
document = {{"Version": 1, "AccessKeyId": identity, "SecretAccessKey": secret}}
seconds = {expires_in!r}
if seconds is not None:
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    document["Expiration"] = until.strftime("%Y-%m-%dT%H:%M:%SZ")
print(json.dumps(document))
""")
    program.chmod(0o755)
    config = folder / "config"
    config.write_text(f"[default]\ncredential_process = {program}\n")
    return config


@pytest.mark.parametrize("expires_in", [2, None])
def test_keys_that_expire_are_asked_for_again_and_others_are_not(goofys, path, tmp_path, expires_in):
    data, port = tmp_path / "data", servers.free_port()
    (data / "bucket").mkdir(parents=True)
    (data / "bucket" / "first").write_text("first\n")
    config = _rotating(tmp_path, expires_in)
    (tmp_path / "current").write_text("key-one,secret-one")
    flags = signed([f"http://127.0.0.1:{port}"], "--stat-cache-ttl=0s", "--type-cache-ttl=0s")
    with servers.s3(data, port, "key-one,secret-one"):
        goofys.start(*flags, "bucket", path, path=path, AWS_CONFIG_FILE=config)
        assert (path / "first").read_text() == "first\n"
    (tmp_path / "current").write_text("key-two,secret-two")
    (data / "bucket" / "second").write_text("second\n")
    time.sleep(2)
    with servers.s3(data, port, "key-two,secret-two"):
        if expires_in:
            assert (path / "second").read_text() == "second\n"
        else:
            with pytest.raises(OSError, match=r"denied|Input/output"):
                (path / "second").read_text()


_METADATA = """
import http.server, sys
with_tokens, document = sys.argv[1] == "v2", sys.argv[2]
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        base = "/latest/meta-data/iam/security-credentials/"
        text = {base: "role", base + "role": document}.get(self.path, "")
        self.send_response(401 if with_tokens and "X-aws-ec2-metadata-token" not in self.headers else 200)
        self.end_headers()
        self.wfile.write(text.encode())
    def do_PUT(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"token")
http.server.ThreadingHTTPServer(("", 80), Answer).serve_forever()
"""


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_metadata_server_is_asked_by_version_1_alone(goofys, alone, path, tmp_path, version):
    data, port = tmp_path / "data", servers.free_port()
    (data / "bucket").mkdir(parents=True)
    (data / "bucket" / "file").write_text("by role\n")
    role = {"AccessKeyId": "px-local", "SecretAccessKey": "px-local-secret", "Expiration": "2099-01-01T00:00:00Z"}
    metadata = [sys.executable, "-c", _METADATA, version, json.dumps(role)]
    flags = [*signed([f"http://127.0.0.1:{port}"]), "bucket", path]
    with servers.s3(data, port, "px-local,px-local-secret", alone), servers.running(metadata, 80, alone):
        if version == "v1":
            goofys.start(*flags, path=path, prefix=alone)
            assert (path / "file").read_text() == "by role\n"
        else:
            ended = goofys.run(*flags, prefix=alone)
            assert ended.returncode == 1
            assert "Unable to access 'bucket': NoCredentialProviders: no valid providers in chain" in ended.stderr


def test_without_keys_it_fails(goofys, alone, path, tmp_path):
    ended = goofys.run(*signed(["http://127.0.0.1:1"]), "bucket", path, prefix=alone)
    assert ended.returncode == 1
    assert "NoCredentialProviders" in ended.stderr


@pytest.mark.skipif(build.which("goofys") == "real", reason="rclone is in the stand-in alone")
def test_no_key_is_in_the_process_table(goofys, store, bucket, path):
    process = goofys.start(*signed(store), bucket.name, path, path=path, **KEYS)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    lines = [Path(f"/proc/{child}/cmdline").read_text() for child in (*children, process.pid)]
    assert any(f"remote:{bucket.name}" in line for line in lines)
    assert not any("px-local" in line for line in lines)
