"""rclone: a neutral mount as its command line and configuration, and what the real rclone makes of them."""

from __future__ import annotations

import configparser
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import rclone
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Place
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

RCLONE = str(Path(sys.executable).with_name("rclone"))
MOUNT = {"path": "/data", "bucket": "my-bucket"}
PLACE = Place("/etc/px-mounts/data", "/var/cache/px-mounts/data", "/usr/local/lib/px-storage")
KEYS = {"access_key_id": "px-local", "secret_access_key": "px-local-secret"}
AZURE = {"store": "azure", "account": "myaccount"}


def service(**more):
    return rclone.service("/usr/local/bin/rclone", {**MOUNT, **more}, PLACE)


def remote(**more):
    """Return name and settings of the remote."""
    made = service(**more)
    config = configparser.RawConfigParser()
    config.read_string(made.files[0].text)
    (name,) = config.sections()
    return name, dict(config[name])


def test_a_plain_mount():
    plain = service()
    assert plain.command == [
        "/usr/local/bin/rclone",
        "mount",
        "s3:my-bucket",
        "/data",
        "--config=/etc/px-mounts/data/rclone.conf",
        "--allow-other=true",
        "--cache-dir=/var/cache/px-mounts/data",
        "--vfs-cache-mode=writes",
        "--vfs-write-back=1s",
        "--dir-cache-time=10s",
        "--poll-interval=0",
        "--use-server-modtime=true",
        "--umask=000",
        "--file-perms=0644",
        "--dir-perms=0755",
    ]
    assert plain.notify
    assert plain.cache == PLACE.cache
    assert [(file.name, file.secret, file.live) for file in plain.files] == [("rclone.conf", True, False)]
    assert remote() == (
        "s3",
        {"type": "s3", "provider": "AWS", "region": "us-east-1", "no_check_bucket": "true", "env_auth": "true"},
    )


def test_every_neutral_setting_has_its_flag():
    made = service(
        prefix="/a/b/",
        read_only=True,
        uid=0,
        gid=33,
        file_mode="640",
        dir_mode="0750",
        cache={"path": "/mnt/ssd", "size_mib": 2048, "metadata_seconds": 0},
    )
    assert made.command[2] == "s3:my-bucket/a/b"
    assert {
        "--read-only=true",
        "--uid=0",
        "--gid=33",
        "--file-perms=640",
        "--dir-perms=0750",
        "--cache-dir=/mnt/ssd/data",
        "--vfs-cache-mode=full",
        "--vfs-cache-max-size=2048Mi",
        "--dir-cache-time=10ms",
        "--attr-timeout=0s",
    } <= set(made.command)
    assert made.cache == "/mnt/ssd/data"
    # Nothing is written, so there is nothing to wait for.
    assert made.settle is None
    assert "--vfs-cache-mode=off" in service(read_only=True).command


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"region": "eu-west-1"}, {"provider": "AWS", "region": "eu-west-1", "endpoint": None}),
        ({"endpoint": "https://s3.eu-west-1.amazonaws.com"}, {"provider": "AWS"}),
        ({"endpoint": "http://h:9000"}, {"provider": "Other", "endpoint": "http://h:9000"}),
        (
            {"store": "spaces", "region": "nyc3"},
            {"provider": "DigitalOcean", "region": "nyc3", "endpoint": "https://nyc3.digitaloceanspaces.com"},
        ),
        ({"store": "spaces", "endpoint": "http://h:9000"}, {"provider": "Other", "region": "us-east-1"}),
        ({"credentials": KEYS}, {**KEYS, "env_auth": None, "session_token": None}),
        ({"credentials": {**KEYS, "session_token": "t"}}, {"session_token": "t", "env_auth": None}),
        ({"anonymous": True}, {"env_auth": None, "access_key_id": None}),
        ({"store": "gcs"}, {"type": "google cloud storage", "env_auth": "true", "bucket_policy_only": "true"}),
        ({"store": "gcs", "anonymous": True}, {"anonymous": "true", "env_auth": None}),
        ({"store": "gcs", "endpoint": "http://h:1/storage/v1/"}, {"endpoint": "http://h:1/storage/v1/"}),
        (
            {"store": "gcs", "credentials": {"service_account_key": '{"type": "service_account"}'}},
            {"service_account_file": "/etc/px-mounts/data/key.json", "env_auth": None},
        ),
        (AZURE, {"type": "azureblob", "account": "myaccount", "use_msi": "true", "no_check_container": "true"}),
        ({**AZURE, "anonymous": True}, {"use_msi": None, "key": None}),
        ({**AZURE, "endpoint": "http://h:1/myaccount"}, {"endpoint": "http://h:1/myaccount"}),
        ({**AZURE, "credentials": {"account_key": "a+/=="}}, {"key": "a+/==", "use_msi": None}),
        (
            {**AZURE, "credentials": {"sas_token": "?sv=1&sig=a%2B"}},
            {"sas_url": "https://myaccount.blob.core.windows.net/my-bucket?sv=1&sig=a%2B", "use_msi": None},
        ),
        (
            {**AZURE, "credentials": {"tenant_id": "t", "client_id": "c", "client_secret": "s"}},
            {"tenant": "t", "client_id": "c", "client_secret": "s", "use_msi": None},
        ),
        ({**AZURE, "credentials": {"managed_identity_client_id": "i"}}, {"use_msi": "true", "msi_client_id": "i"}),
    ],
)
def test_stores_and_their_credentials(asked, expected):
    name, settings = remote(**asked)
    assert name == asked.get("store", "s3")
    assert {key: settings.get(key) for key in expected} == expected
    # And rclone itself reads the same out of it.
    assert dumped(service(**asked).files[0].text)[name] == settings


def dumped(text):
    done = subprocess.run(
        [RCLONE, "config", "dump", "--config=/dev/stdin"], input=text, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("secret", ['"quoted"', "#x", ";x", "a=b", "[x]", "a:b", "'x'", "50%", "%41", "$HOME", "\\n"])
def test_rclone_reads_a_secret_as_it_was_given(secret):
    _, settings = remote(credentials={**KEYS, "secret_access_key": secret})
    text = service(credentials={**KEYS, "secret_access_key": secret}).files[0].text
    assert dumped(text)["s3"]["secret_access_key"] == settings["secret_access_key"] == secret


@pytest.mark.parametrize("secret", ["a%(region)s", "`x", '"""x', "x\\", "käse"])
def test_what_rclone_would_read_as_something_else_is_refused(secret):
    with pytest.raises(Refused, match=r"^secret_access_key of the mount holds characters") as refused:
        service(credentials={**KEYS, "secret_access_key": secret})
    assert secret not in str(refused.value)


def test_options_take_the_place_of_ours():
    words = service(options={"vfs_cache_mode": "off", "s3-chunk-size": "16M", "exclude": ["a", "b"]}).command
    assert "--vfs-cache-mode=off" in words
    assert "--vfs-cache-mode=writes" not in words
    assert words[-3:] == ["--s3-chunk-size=16M", "--exclude=a", "--exclude=b"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"options": {"config": "/x"}}, "rclone option config: the unit names its own"),
        ({"options": {"cache-dir": "/x"}}, "rclone option cache-dir: give the folder in cache.path"),
        ({"options": {"daemon": True}}, "rclone option daemon: "),
        ({"options": {"s3-secret-access-key": "s3cr3t"}}, "rclone option s3-secret-access-key: give it in credentials"),
        ({"options": {"azureblob_key": "s3cr3t"}}, "rclone option azureblob-key: give it in credentials"),
        ({"options": {"o": "nosuid"}}, "rclone option o: rclone hands none on to FUSE"),
        (
            {**AZURE, "endpoint": "http://h:1/myaccount", "credentials": {"sas_token": "s3cr3t"}},
            "rclone cannot use a SAS token at http://h:1/myaccount",
        ),
    ],
)
def test_what_rclone_cannot_do_is_refused(wrong, message):
    with pytest.raises(Refused) as refused:
        service(**wrong)
    assert message in str(refused.value)
    assert "s3cr3t" not in str(refused.value)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real S3 server with the bucket `my-bucket`, and its endpoint."""
    folder = tmp_path_factory.mktemp("s3")
    (folder / "my-bucket" / "a").mkdir(parents=True)
    (folder / "my-bucket" / "a" / "file").write_text("x")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keys = "px-local,px-local-secret"
    process = subprocess.Popen(
        [RCLONE, "serve", "s3", f"--addr=127.0.0.1:{port}", f"--auth-key={keys}", "--config=/dev/null", str(folder)],
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


@pytest.fixture
def run(tmp_path, server):
    """Run the check or the mount itself of a mount with the real rclone; what it said, and its exit code."""

    def running(what, **more):
        mount = {**MOUNT, "path": str(tmp_path / "nowhere"), "endpoint": server, "credentials": KEYS, **more}
        place = Place(str(tmp_path), str(tmp_path / "cache"), "/usr/local/lib/px-storage")
        made = rclone.service(RCLONE, mount, place)
        for file in made.files:
            (tmp_path / file.name).write_text(file.text)
        # As a unit has it: no HOME.
        environment = {"PATH": "/usr/bin:/bin", **made.environment}
        done = subprocess.run(
            getattr(made, what), env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        lines = [line for line in map(rclone.readable, (done.stdout + done.stderr).splitlines()) if line]
        return done.returncode, rclone.reason(lines, mount)

    return running


@pytest.mark.parametrize("prefix", ["", "a", "a/b/not-there-yet"])
def test_a_bucket_that_is_there_can_be_mounted(run, prefix):
    assert run("check", prefix=prefix) == (0, None)


def test_a_bucket_that_is_not_there_is_an_error(run):
    code, reason = run("check", bucket="no-such-bucket")
    assert (code != 0, reason) == (True, "bucket no-such-bucket does not exist")


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"credentials": {**KEYS, "secret_access_key": "wrong"}}, "bucket my-bucket: the credentials are not accepted"),
        ({"credentials": {**KEYS, "access_key_id": "wrong"}}, "bucket my-bucket: the credentials are not accepted"),
        ({"endpoint": "http://127.0.0.1:9"}, "http://127.0.0.1:9 cannot be reached: connection refused"),
        ({"endpoint": "http://h.invalid"}, "http://h.invalid cannot be reached: its name is not known here"),
    ],
)
def test_why_a_bucket_cannot_be_mounted(run, more, reason):
    code, found = run("check", **more)
    assert (code != 0, found) == (True, reason)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"read_only": True, "uid": 0, "gid": 33, "file_mode": "0640", "dir_mode": "750"},
        {"cache": {"size_mib": 100, "metadata_seconds": 5}},
        {"cache": {"metadata_seconds": 0}, "options": {"transfers": 8, "exclude": ["*.tmp", "b"]}},
    ],
)
def test_rclone_knows_every_flag(run, more):
    """Up to the mount point, which is not there: flags and configuration have been read by then."""
    code, reason = run("command", **more)
    assert code != 0
    assert "directory does not exist" in reason or "no such file or directory" in reason


def test_wrong_options_are_named(run):
    assert run("command", options={"no-such": 1})[1] == "rclone does not know the option --no-such"
    assert run("command", options={"dir-cache-time": "soon"})[1] == (
        "soon is not a value for the rclone option --dir-cache-time"
    )


@pytest.mark.parametrize(("dirty", "waits"), [("true", True), ("false", False), (None, False)])
def test_a_stop_waits_for_what_is_still_to_be_uploaded(tmp_path, dirty, waits):
    settle = rclone.service(RCLONE, MOUNT, Place("/x", str(tmp_path), "/y")).settle
    if dirty:
        (tmp_path / "vfsMeta" / "s3").mkdir(parents=True)
        (tmp_path / "vfsMeta" / "s3" / "file").write_text(f'{{\n\t"Size": 2,\n\t"Dirty": {dirty}\n}}')
    process = subprocess.Popen(settle)
    time.sleep(0.8)
    assert (process.poll() is None) == waits
    if waits:
        (tmp_path / "vfsMeta" / "s3" / "file").write_text('{\n\t"Dirty": false\n}')
    assert process.wait(5) == 0


def test_log_lines_are_readable():
    for start in ("2026/11/22 20:16:41 ", "<3>", ""):
        assert rclone.readable(start + "ERROR : error listing: directory not found") == (
            "ERROR: error listing: directory not found"
        )
    assert rclone.readable("2026/11/22 20:16:41 INFO  : vfs cache: cleaned: objects 0") == ""
    assert rclone.readable("      --uid uint32      Override the uid field") == ""
    assert rclone.readable("2026/11/22 20:16:41 NOTICE: Failed to lsf with 2 errors: last error was: x") == ""
    raw = 'ERROR : IO error: StatusCode: 0, RequestID: , HostID: , Get "http://h/b?max-keys=1&x=": no'
    assert rclone.readable(raw) == 'ERROR: IO error: StatusCode: 0, Get "http://h/b": no'
