"""gcsfuse: a neutral mount as its command line and files, and its log in words."""

from __future__ import annotations

import json

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import gcsfuse
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File, Place
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

MOUNT = {"path": "/px-gcs-bucket", "bucket": "px-gcs-bucket"}
PLACE = Place("/etc/px-mounts/px-gcs-bucket", "/var/cache/px-mounts/px-gcs-bucket", "/usr/local/lib/px-storage")
KEY = '{"type": "service_account", "private_key": "-----BEGIN\\nabc"}'


def service(**more):
    return gcsfuse.service("/usr/local/bin/gcsfuse", {**MOUNT, **more}, PLACE)


def test_a_plain_mount():
    plain = service()
    assert " ".join(plain.command) == (
        "/usr/local/bin/gcsfuse --foreground --implicit-dirs=true --log-format=text --log-severity=warning "
        "-o allow_other px-gcs-bucket /px-gcs-bucket"
    )
    assert plain == plain._replace(environment={}, files=(), notify=False, cache=None, programs=(), check=None)


def test_every_neutral_setting_has_its_flag():
    words = service(
        store="gcs",
        prefix="/a/b/",
        read_only=True,
        uid=0,
        gid=33,
        file_mode="0640",
        dir_mode="750",
        endpoint="http://localhost:4443/storage/v1/",
        anonymous=True,
        cache={"path": None, "size_mib": 2048, "metadata_seconds": 3},
    ).command
    assert {
        "--only-dir=a/b",
        "--uid=0",
        "--gid=33",
        "--file-mode=0640",
        "--dir-mode=750",
        "--custom-endpoint=http://localhost:4443/storage/v1/",
        "--anonymous-access=true",
        "--cache-dir=/var/cache/px-mounts/px-gcs-bucket",
        "--file-cache-max-size-mb=2048",
        "--metadata-cache-ttl-secs=3",
        "--metadata-cache-negative-ttl-secs=3",
    } <= set(words)
    assert words[-6:] == ["-o", "allow_other", "-o", "ro", "px-gcs-bucket", "/px-gcs-bucket"]


def test_metadata_seconds_alone_turn_no_disk_cache_on():
    plain = service(cache={"metadata_seconds": 600})
    assert plain.cache is None
    assert not [word for word in plain.command if "cache-dir" in word]
    assert "--metadata-cache-ttl-secs=600" in plain.command
    assert "--metadata-cache-negative-ttl-secs=5" in plain.command


def test_a_service_account_key_is_a_file():
    made = service(credentials={"service_account_key": KEY, "access_key_id": None})
    assert made.files == (File("key.json", KEY + "\n"),)
    assert made.files[0].secret
    assert "--key-file=/etc/px-mounts/px-gcs-bucket/key.json" in made.command
    assert "BEGIN" not in " ".join(made.command)
    # Ansible reads JSON text where a variable holds nothing else.
    read = service(credentials={"service_account_key": json.loads(KEY)})
    assert json.loads(read.files[0].text) == json.loads(KEY)


def test_options_take_the_place_of_ours():
    words = service(options={"implicit_dirs": False, "log-severity": "trace", "o": "nosuid,ro"}).command
    assert "--implicit-dirs=false" in words
    assert "--implicit-dirs=true" not in words
    assert "--log-severity=trace" in words
    assert [words[at + 1] for at, word in enumerate(words) if word == "-o"] == ["allow_other", "nosuid", "ro"]


def test_a_list_repeats_the_flag():
    words = service(options={"o": ["nosuid", "noexec"], "debug-what": ["a", "b"]}).command
    assert [word for word in words if word.startswith("--debug-what")] == ["--debug-what=a", "--debug-what=b"]
    assert [words[at + 1] for at, word in enumerate(words) if word == "-o"] == ["allow_other", "nosuid", "noexec"]


@pytest.mark.parametrize(
    ("wrong", "message", "hint"),
    [
        ({"store": "s3"}, "gcsfuse cannot mount store s3", "use goofys or rclone"),
        ({"options": {"foreground": False}}, "gcsfuse option foreground: ", None),
        ({"options": {"key-file": "/k"}}, "gcsfuse option key-file: give the key in credentials", None),
        ({"options": {"cache_dir": "/k"}}, "gcsfuse option cache-dir: give the folder in cache.path", None),
        ({"options": {"a b": 1}}, "'a b' is not the name of a gcsfuse option", None),
        ({"options": {"uid": {"a": 1}}}, "gcsfuse option uid: dict is not a value", None),
        ({"file_mode": "9"}, "file_mode '9'", None),
        ({"dir_mode": "rwx"}, "dir_mode 'rwx'", None),
        ({"credentials": {"service_account_key": "not json"}}, "service_account_key is not a key file", "whole JSON"),
    ],
)
def test_what_gcsfuse_cannot_do_is_refused(wrong, message, hint):
    with pytest.raises(Refused) as refused:
        service(**wrong)
    assert message in str(refused.value)
    assert hint is None or hint in refused.value.hint


def test_log_lines_are_readable():
    raw = (
        'time="22/11/2026 05:18:24.781514" severity=WARNING message="Retrying ListObjects for \\"\\": InvocationID: '
        'fad5788e-cfd3-48bb-9765-0e29accd2fc4, Attempt: 2, due to error: Get \\"http://h:1/o?alt=json&prefix=\\": dial '
        'tcp 198.18.77.1:1: connect: connection refused" mount-id=b-65466f3c'
    )
    assert gcsfuse.readable(raw) == (
        'WARNING: Retrying ListObjects for "": Attempt: 2, due to error: Get "http://h:1/o": dial tcp 198.18.77.1:1: '
        "connect: connection refused"
    )
    assert gcsfuse.readable("WARNING: gcsfuse invoked as root. This will cause all files to be owned by") == ""
    assert gcsfuse.readable("Error: unknown flag: --x") == "Error: unknown flag: --x"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("ERROR: ReadDir: storage: bucket doesn't exist: googleapi: Error 404", "bucket px-gcs-bucket does not exist"),
        ("Error: unknown flag: --enable-foo", "gcsfuse does not know the option --enable-foo"),
        (
            "WARNING: dial tcp 1.2.3.4:1: connect: connection refused",
            "http://h:1 cannot be reached: connection refused",
        ),
        ("WARNING: dial tcp: lookup h: no such host", "http://h:1 cannot be reached: its name is not known here"),
        ("ERROR: Caller does not have storage.objects.list access", "no permission to list bucket px-gcs-bucket"),
        ("WARNING: Retrying for error-code 401: Error 401", "bucket px-gcs-bucket: the credentials are not accepted"),
        (
            "Error: BucketHandle: failed to detect credentials: auth: email must be provided",
            "the Google credentials cannot be used: auth: email must be provided",
        ),
        ("Error: newTokenSourceFromPath: unexpected end of JSON input", "the service account key cannot be used"),
        ("Error: mountWithStorageHandle: mount: mount: invalid argument", "the kernel refuses one of the -o options"),
        ("ERROR: something new", "something new"),
        ("INFO: nothing", None),
    ],
)
def test_reasons(said, reason):
    assert gcsfuse.reason([said], {**MOUNT, "endpoint": "http://h:1"}) == reason


def test_the_latest_cause_counts():
    lines = ["Error: unknown flag: --x", "WARNING: connection refused"]
    assert gcsfuse.reason(lines, MOUNT) == "https://storage.googleapis.com cannot be reached: connection refused"
    assert gcsfuse.reason(lines[::-1], MOUNT) == "gcsfuse does not know the option --x"
