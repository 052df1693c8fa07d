"""goofys: a neutral mount as its command line and files, and its log in words."""

from __future__ import annotations

import configparser
import json

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import aws_credentials
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import goofys
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Place
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

MOUNT = {"path": "/data", "bucket": "my-bucket"}
PLACE = Place("/etc/px-mounts/data", "/var/cache/px-mounts/data", "/usr/local/lib/px-storage")
KEYS = {"access_key_id": "AKIA", "secret_access_key": "s3cr3t", "session_token": None}


def service(**more):
    return goofys.service("/usr/local/bin/goofys", {**MOUNT, **more}, PLACE)


def test_a_plain_mount():
    plain = service()
    assert " ".join(plain.command) == ("/usr/local/bin/goofys -f --region=us-east-1 -o allow_other my-bucket /data")
    assert (plain.notify, plain.cache, plain.check) == (False, None, None)


def test_every_neutral_setting_has_its_flag():
    words = service(
        prefix="/a/b/",
        read_only=True,
        uid=0,
        gid=33,
        file_mode="640",
        dir_mode="0750",
        endpoint="http://localhost:8333",
        region="eu-west-1",
        cache={"metadata_seconds": 5},
    ).command
    assert words == [
        "/usr/local/bin/goofys",
        "-f",
        "--region=eu-west-1",
        "--endpoint=http://localhost:8333",
        "--uid=0",
        "--gid=33",
        "--file-mode=0640",
        "--dir-mode=0750",
        "--stat-cache-ttl=5s",
        "--type-cache-ttl=5s",
        "-o",
        "allow_other",
        "-o",
        "ro",
        "my-bucket:a/b",
        "/data",
    ]


def test_spaces_are_at_their_region():
    words = service(store="spaces", region="nyc3").command
    assert words[2:4] == ["--region=nyc3", "--endpoint=https://nyc3.digitaloceanspaces.com"]
    assert "--endpoint=http://h:1" in service(store="spaces", region="nyc3", endpoint="http://h:1").command


def test_the_credentials_come_from_a_program_in_every_case():
    """goofys 0.24 cannot ask a metadata service that wants tokens, and never reads keys in a file again."""
    for keys in (None, KEYS):
        made = service(credentials=keys)
        assert made.programs == (aws_credentials.NAME,)
        assert made.environment["AWS_CONFIG_FILE"] == "/etc/px-mounts/data/aws.conf"
        config = configparser.ConfigParser()
        config.read_string(made.files[0].text)
        assert made.files[0].name == "aws.conf"
        assert dict(config["default"]) == {"credential_process": "/usr/local/lib/px-storage/aws-credentials"}


def test_no_other_credentials_are_read():
    plain = service()
    assert plain.environment["AWS_SHARED_CREDENTIALS_FILE"] not in [PLACE.folder + "/" + f.name for f in plain.files]
    assert "PX_AWS_CREDENTIALS" not in plain.environment
    assert len(plain.files) == 1


def test_keys_are_a_file_that_may_change_while_goofys_runs():
    made = service(credentials=KEYS)
    assert made.environment["PX_AWS_CREDENTIALS"] == "/etc/px-mounts/data/credentials.json"
    config, keys = made.files
    assert (keys.name, keys.live, keys.secret) == ("credentials.json", True, True)
    assert (config.live, config.secret) == (False, False)
    assert json.loads(keys.text) == {"AccessKeyId": "AKIA", "SecretAccessKey": "s3cr3t"}
    other = service(credentials={**KEYS, "session_token": "t"})
    assert json.loads(other.files[1].text)["SessionToken"] == "t"
    # Nothing but the file differs: rotated keys are no reason to restart.
    assert other._replace(files=made.files) == made


def test_options_take_the_place_of_ours():
    words = service(
        file_mode="0600",
        options={
            "file-mode": "666",
            "cheap": True,
            "debug_s3": True,
            "http_timeout": "2m30s",
            "region": "x-1",
            "o": ["nosuid", "ro"],
        },
    ).command
    assert words[2:-2] == [
        "--region=x-1",
        "--file-mode=0666",
        "--cheap=true",
        "--debug_s3=true",
        "--http-timeout=2m30s",
        *("-o", "allow_other", "-o", "nosuid", "-o", "ro"),
    ]


@pytest.mark.parametrize(
    ("wrong", "message", "hint"),
    [
        ({"anonymous": True}, "goofys cannot be told to ask without credentials", "use client rclone"),
        ({"cache": {"size_mib": 10}}, "goofys has no disk cache of its own", "use client rclone"),
        ({"cache": {"path": "/ssd"}}, "goofys has no disk cache of its own", "use client rclone"),
        ({"options": {"cache": "/ssd"}}, "goofys option cache: it needs another program, catfs", None),
        ({"options": {"f": True}}, "goofys option f: ", None),
        ({"options": {"profile": "x"}}, "goofys option profile: give the keys in credentials", None),
        ({"options": {"stat-cache-ttl": 60}}, "stat-cache-ttl: 60 is not a duration", "write it with its unit: 60s"),
        ({"options": {"o": "nofail"}}, "goofys option o: nofail is for /etc/fstab", "leave it out"),
        ({"options": {"o": ["nosuid", "_netdev"]}}, "goofys option o: _netdev is for /etc/fstab", "leave it out"),
        ({"options": {"o": "x-systemd.automount"}}, "goofys option o: x-systemd.automount is for", "leave it out"),
        ({"region": "US East"}, "region 'US East' is not the name of a region", None),
    ],
)
def test_what_goofys_cannot_do_is_refused(wrong, message, hint):
    with pytest.raises(Refused) as refused:
        service(**wrong)
    assert message in str(refused.value)
    assert hint is None or hint in refused.value.hint


TIME = "2026/11/22 20:16:41.123456 "


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            TIME + "main.ERROR Unable to access 'b': permission denied",
            "main.ERROR Unable to access 'b': permission denied",
        ),
        (TIME + "main.INFO File system has been successfully mounted.", ""),
        (TIME + "main.FATAL Mounting file system: Mount: initialization failed", ""),
        (
            "Incorrect Usage. flag provided but not defined: -foo",
            "Incorrect Usage. flag provided but not defined: -foo",
        ),
        ("   goofys - Mount an S3 bucket locally", ""),
        ("GLOBAL OPTIONS:", ""),
        ("", ""),
    ],
)
def test_log_lines_are_readable(line, text):
    assert goofys.readable(line) == text


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("main.ERROR Unable to access 'my-bucket': bucket my-bucket does not exist", "bucket my-bucket does not exist"),
        (
            "main.ERROR Unable to access 'my-bucket': permission denied",
            "no permission to use bucket my-bucket, or its credentials are not accepted",
        ),
        (
            "main.ERROR Unable to access 'my-bucket': NoCredentialProviders: no valid providers in chain. Deprecated.",
            "no AWS credentials on this host",
        ),
        ("aws-credentials: this host has no instance profile", "no AWS credentials: this host has no instance profile"),
        (
            "main.ERROR Unable to access 'my-bucket': RequestError: dial tcp 1.2.3.4:1: connect: connection refused",
            "http://h:1 cannot be reached: connection refused",
        ),
        ("Incorrect Usage. flag provided but not defined: -foo", "goofys does not know the option -foo"),
        (
            'Incorrect Usage. invalid value "x" for flag -uid: parse error',
            "x is not a value for the goofys option -uid",
        ),
        ("fusermount: unknown option 'what'", "the kernel refuses the -o option what"),
        (
            "main.ERROR Unable to setup backend: SharedConfigLoadError: failed",
            "the AWS configuration of the mount cannot",
        ),
        ("main.ERROR something new", "something new"),
        ("main.INFO nothing", None),
    ],
)
def test_reasons(said, reason):
    found = goofys.reason([said], {**MOUNT, "endpoint": "http://h:1"})
    assert found == reason or (reason and found.startswith(reason))


def test_the_program_for_the_credentials_knows_best():
    lines = [
        "aws-credentials: this host has no instance profile",
        "main.ERROR Unable to access 'my-bucket': ProcessProviderExecutionError: error in credential_process",
        "caused by: exit status 1",
    ]
    assert goofys.reason(lines, MOUNT) == "no AWS credentials: this host has no instance profile"
    assert goofys.reason(lines[1:], MOUNT) == "no AWS credentials on this host"
