"""blobfuse2: a neutral mount as its command line and configuration, and its log in words."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import blobfuse2, blobfuse2_keys, yaml_text
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Place
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused
from hypothesis import given
from hypothesis import strategies as st

MOUNT = {"path": "/data", "bucket": "my-container", "account": "myaccount"}
PIPELINE = "Error: failed to initialize new pipeline [failed to authenticate azstorage credentials with error "
PLACE = Place("/etc/px-mounts/data", "/var/cache/px-mounts/data", "/usr/local/lib/px-storage")


def service(**more):
    return blobfuse2.service("/usr/bin/blobfuse2", {**MOUNT, **more}, PLACE)


def config(**more):
    made = service(**more)
    assert [file.name for file in made.files] == ["config.yaml"]
    read = yaml.safe_load(made.files[0].text)
    for section, keys in read.items():
        known = blobfuse2_keys.KEYS[blobfuse2_keys.TOP] | set(blobfuse2_keys.KEYS)
        assert section in known
        if isinstance(keys, dict):
            assert set(keys) <= blobfuse2_keys.KEYS[section]
    return read


def test_a_plain_mount():
    plain = service()
    assert plain.command == [
        "/usr/bin/blobfuse2",
        "mount",
        "/data",
        "--config-file=/etc/px-mounts/data/config.yaml",
        "--foreground=true",
        "--disable-version-check=true",
        "--default-working-dir=/run/px-mounts/data",
    ]
    assert plain.cache is None
    assert plain.files[0].secret
    assert not plain.files[0].live
    assert config() == {
        "allow-other": True,
        "read-only": False,
        "logging": {"type": "syslog", "level": "log_warning"},
        "components": ["libfuse", "block_cache", "attr_cache", "azstorage"],
        "libfuse": {"disable-writeback-cache": True},
        "block_cache": {"mem-size-mb": 512, "prefetch": 11},
        "azstorage": {"type": "block", "account-name": "myaccount", "container": "my-container", "mode": "msi"},
    }


def test_every_neutral_setting_has_its_key():
    read = config(
        prefix="/a/b/",
        read_only=True,
        uid=0,
        gid=33,
        endpoint="http://buckets.px.internal:10000/myaccount",
        cache={"size_mib": 4096, "metadata_seconds": 7},
    )
    assert read["read-only"] is True
    assert read["components"] == ["libfuse", "file_cache", "attr_cache", "azstorage"]
    assert read["libfuse"] == {
        "disable-writeback-cache": True,
        "uid": 0,
        "gid": 33,
        "attribute-expiration-sec": 7,
        "entry-expiration-sec": 7,
        "negative-entry-expiration-sec": 7,
    }
    assert read["attr_cache"] == {"timeout-sec": 7}
    assert read["file_cache"] == {"path": PLACE.cache, "cleanup-on-start": True, "max-size-mb": 4096}
    assert "block_cache" not in read
    assert read["azstorage"] == {
        "type": "block",
        "account-name": "myaccount",
        "container": "my-container",
        "endpoint": "http://buckets.px.internal:10000/myaccount",
        "use-http": True,
        "subdirectory": "a/b",
        "mode": "msi",
    }
    assert config(endpoint="https://h")["azstorage"]["use-http"] is False


@pytest.mark.parametrize(
    ("keys", "section"),
    [
        ({"account_key": "a+/=="}, {"mode": "key", "account-key": "a+/=="}),
        ({"sas_token": "?sv=1&sig=a%2B"}, {"mode": "sas", "sas": "?sv=1&sig=a%2B"}),
        (
            {"tenant_id": "t", "client_id": "0123", "client_secret": "~x: #'\"\\y"},
            {"mode": "spn", "tenantid": "t", "clientid": "0123", "clientsecret": "~x:#'\"\\y"},
        ),
        ({"managed_identity_client_id": "i"}, {"mode": "msi", "appid": "i"}),
    ],
)
def test_credentials(keys, section):
    keys = {name: value.replace(" ", "") for name, value in keys.items()}
    read = config(credentials=keys)["azstorage"]
    assert {name: read.get(name) for name in section} == section
    secret_names = {"account-key", "sas", "tenantid", "clientid", "clientsecret", "appid"}
    assert not (secret_names - set(section)) & set(read)


def test_options_take_the_place_of_ours():
    read = config(
        options={
            "attr_cache.timeout-sec": "30",
            "block_cache.mem-size-mb": 2048,
            "libfuse.disable-writeback-cache": "false",
            "logging.level": "log_debug",
            "lazy-write": True,
            "azstorage.mode": "azcli",
            "azstorage.tier": "cool",
            "libfuse.umask": "0022",
        }
    )
    assert read["attr_cache"] == {"timeout-sec": 30}
    assert read["block_cache"]["mem-size-mb"] == 2048
    assert read["libfuse"]["disable-writeback-cache"] is False
    assert read["libfuse"]["umask"] == "0022"
    assert read["logging"] == {"type": "syslog", "level": "log_debug"}
    assert read["lazy-write"] is True
    assert (read["azstorage"]["mode"], read["azstorage"]["tier"]) == ("azcli", "cool")
    assert config(options={"components": ["libfuse", "block_cache", "azstorage"]})["components"][2] == "azstorage"


@pytest.mark.parametrize(
    ("wrong", "message", "hint"),
    [
        ({"anonymous": True}, "blobfuse2 cannot ask without credentials", "use client rclone"),
        ({"file_mode": "0644"}, "blobfuse2 cannot set file_mode", "use client rclone"),
        ({"dir_mode": "0755"}, "blobfuse2 cannot set dir_mode", "use client rclone"),
        ({"options": {"attr-cache.timeout-sec": 1}}, "no section 'attr-cache'", "did you mean attr_cache?"),
        (
            {"options": {"attr_cache.timeout": 1}},
            "no config key 'attr_cache.timeout'",
            "did you mean attr_cache.timeout-sec?",
        ),
        ({"options": {"lazy-writes": 1}}, "no config key 'lazy-writes'", "did you mean lazy-write?"),
        ({"options": {"mem-size-mb": 1}}, "no config key 'mem-size-mb'", "did you mean block_cache.mem-size-mb?"),
        ({"options": {"foreground": False}}, "option foreground: the unit keeps", None),
        (
            {"options": {"azstorage.account-key": "s3cr3t"}},
            "option azstorage.account-key: give it in credentials",
            None,
        ),
        ({"options": {"azstorage.container": "x"}}, "it is the mount's bucket", None),
        ({"options": {"file_cache.path": "/x"}}, "give the folder in cache.path", None),
        ({"options": {"file_cache.timeout-sec": 5}}, "options of file_cache have no effect", "give cache.size_mib"),
        (
            {"cache": {"size_mib": 1}, "options": {"block_cache.prefetch": 5}},
            "options of block_cache have no effect",
            None,
        ),
        ({"options": {"attr_cache.timeout-sec": {"a": 1}}}, "dict is not a value for it", None),
    ],
)
def test_what_blobfuse2_cannot_do_is_refused(wrong, message, hint):
    with pytest.raises(Refused) as refused:
        service(**wrong)
    assert message in str(refused.value)
    assert "s3cr3t" not in str(refused.value)
    assert hint is None or hint in refused.value.hint


@given(st.text(min_size=1).filter(lambda text: text.strip() != ""))
def test_any_text_is_read_back_as_text(value):
    """What a YAML reader would take for a number, a date or a bool is in quotes."""
    encoded = yaml_text.text({"section": {"key": value, "list": [value]}})
    assert yaml.safe_load(encoded) == {"section": {"key": value, "list": [value]}}


@pytest.mark.parametrize("value", ["yes", "off", "null", "0644", "1e3", "~", "2026-11-22", "- x", "a: b", "#x", ""])
def test_words_of_yaml_are_read_back_as_text(value):
    assert yaml.safe_load(yaml_text.text({"key": value})) == {"key": value}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "Sun Nov 22 20:16:41 UTC 2026 : blobfuse2[1] : [/data] LOG_ERR [azstorage.go (120)]: AzStorage::Start : no",
            "ERR: AzStorage::Start : no",
        ),
        ("[/data] LOG_WARNING [file.go (1)]: slow", "WARNING: slow"),
        ("LOG_ERR [file.go (1)]: bad", "ERR: bad"),
        ("-" * 80, ""),
        ("LOG_INFO [file.go (1)]: fine", ""),
        ("Error: mount directory is not empty", "Error: mount directory is not empty"),
    ],
)
def test_log_lines_are_readable(line, text):
    assert blobfuse2.readable(line) == text


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            PIPELINE + "[RESPONSE 404: 404 The specified container does not exist. ERROR CODE: ContainerNotFound]]",
            "container my-container does not exist",
        ),
        (
            PIPELINE + "[RESPONSE 403 ERROR CODE: AuthenticationFailed]]",
            "the credentials are not accepted",
        ),
        ("Error: ... ERROR CODE: AuthorizationPermissionMismatch", "no permission to use container my-container"),
        ("ERROR CODE: AuthorizationFailure", "no permission to use container my-container from here, or its cred"),
        ("Error: config error in azstorage [storage key not provided]", "credentials: storage key not provided"),
        ("unknown flag: --foo", "blobfuse2 does not know the option --foo"),
        (
            "Error: config error in file_cache error [tmp-path not set]",
            "config error in file_cache error [tmp-path not set]",
        ),
        ("Error: mount directory is not empty", "/data is not empty"),
        (
            "dial tcp: lookup h: no such host",
            "https://myaccount.blob.core.windows.net cannot be reached: its name is not",
        ),
        ("ERR: something new", "something new"),
        ("nothing", None),
    ],
)
def test_reasons(said, reason):
    found = blobfuse2.reason([said], MOUNT)
    assert found == reason or (reason and found.startswith(reason))
