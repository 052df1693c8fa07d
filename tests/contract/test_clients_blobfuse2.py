"""blobfuse2 as the tests run it, real or stand-in, against azurite: command line, configuration, failures, mount."""

from __future__ import annotations

import base64
import datetime as dt
import filecmp
import hashlib
import hmac
import json
import os
import signal
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from clients import build, mounts, servers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: it mounts")
stand_in_only = pytest.mark.skipif(build.which("blobfuse2") == "real", reason="says what the stand-in says")


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    return servers.fusermount(tmp_path_factory.mktemp("fuse"))


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Azurite's, with a container `files`."""
    port = servers.free_port()
    with servers.azure(tmp_path_factory.mktemp("azure"), port):
        address = f"http://127.0.0.1:{port}/{servers.ACCOUNT}"
        servers.make_container(address, "files")
        yield address


@pytest.fixture
def blobfuse2(tmp_path, programs):
    client = mounts.Client(build.client("blobfuse2"), tmp_path, programs)
    yield client
    client.end()


@pytest.fixture
def path(tmp_path):
    (tmp_path / "mnt").mkdir()
    return tmp_path / "mnt"


@pytest.fixture
def config(tmp_path, endpoint, request):
    """A function that writes a configuration, with some keys changed or (None) left out; its values by dotted key."""

    def write(**changes):
        keys = {
            "foreground": True,
            "logging.type": "base",
            "logging.file-path": str(tmp_path / "log"),
            "file_cache.path": str(tmp_path / "cache"),
            "libfuse.attribute-expiration-sec": 0,
            "azstorage.type": "block",
            "azstorage.account-name": servers.ACCOUNT,
            "azstorage.container": "files",
            "azstorage.subdirectory": request.node.name.partition("[")[0],
            "azstorage.endpoint": endpoint,
            "azstorage.use-http": True,
            "azstorage.mode": "key",
            "azstorage.account-key": servers.ACCOUNT_KEY,
        }
        keys.update(changes)
        lines, top = [], [key for key in keys if "." not in key]
        lines += [f"{key}: {json.dumps(keys[key])}" for key in top if keys[key] is not None]
        for section in dict.fromkeys(key.partition(".")[0] for key in keys if "." in key):
            lines.append(f"{section}:")
            inner = [key for key in keys if key.startswith(f"{section}.") and keys[key] is not None]
            lines += [f"  {key.partition('.')[2]}: {json.dumps(keys[key])}" for key in inner]
        file = tmp_path / "config.yaml"
        file.write_text("\n".join(lines) + "\n")
        return f"--config-file={file}"

    return write


# The command line.


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["--account-name=x"], "unknown flag: --account-name"),
        (["--endpoint", "x"], "unknown flag: --endpoint"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--config-file"], "flag needs an argument: --config-file"),
        (["--attr-timeout=soon"], 'invalid argument "soon" for "--attr-timeout" flag'),
        (["-o", "ro,--foo=1"], "unknown flag: --foo"),
    ],
)
def test_a_wrong_flag_ends_the_process(blobfuse2, path, arguments, said):
    ended = blobfuse2.run("mount", path, *arguments)
    assert ended.returncode in (1, 2)
    assert said in ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "missing command options"),
        (["mount"], "Error: accepts 1 arg(s), received 0"),
        (["mount", "/a", "/b"], "Error: accepts 1 arg(s), received 2"),
        (["mount", "/a", "-o", "nofail"], "Error: invalid FUSE options. Allowed FUSE configurations are: "),
        (["mount", "/a", "-o", "rw,_netdev"], "Error: invalid FUSE options."),
        (["/a", "-o", "uid=root"], "Error: invalid FUSE options."),
        (["mount", "/no/such/folder", "-o", "rw,nodev,allow_other"], "Error: mount directory does not exist"),
        (["mount", "/a", "--config-file=/no/such/file.yaml"], "Error: invalid config file ["),
    ],
)
def test_a_wrong_command_ends_with_1_on_stderr(blobfuse2, arguments, said):
    ended = blobfuse2.run(*arguments)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert not ended.stdout


def test_the_version_is_on_stdout(blobfuse2):
    ended = blobfuse2.run("--version")
    assert (ended.returncode, ended.stdout) == (0, "blobfuse2 version 2.5.5\n")


# The configuration.


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"azstorage.account-name": None}, "account name not provided"),
        ({"azstorage.container": None}, "container name not provided"),
        ({"azstorage.type": "blob"}, "invalid account type"),
        ({"azstorage.mode": "secret"}, "invalid auth mode"),
        ({"azstorage.account-key": None}, "storage key not provided"),
        ({"azstorage.mode": "sas"}, "SAS key not provided"),
        ({"azstorage.mode": "spn", "azstorage.tenantid": "t"}, "Client ID, Tenant ID or Client Secret not provided"),
        ({"azstorage.mode": "msi", "azstorage.appid": "a", "azstorage.objid": "b"}, "are mutually exclusive"),
        ({"file_cache.path": None}, "[tmp-path not set]"),
        ({"azstorage.use-http": "yes"}, "config error in azstorage"),
        ({"components": ["libfuse", "file_cache", "block_cache", "azstorage"]}, "exclude each other"),
        ({"logging.level": "loud"}, "invalid log level"),
    ],
)
def test_a_wrong_configuration_is_refused(blobfuse2, path, config, changes, said):
    ended = blobfuse2.run("mount", path, config(**changes))
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: ")
    assert said in ended.stderr
    assert not ended.stdout
    assert not mounts.mounted(path)


@stand_in_only
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"azstorage.account": "x"}, "unknown config key 'azstorage.account'"),
        ({"file_cache.max-size": 1}, "unknown config key 'file_cache.max-size'"),
        ({"read_only": True}, "unknown config key 'read_only'"),
        ({"azure.container": "x"}, "unknown config key 'azure'"),
        ({"azstorage.type": None}, "azstorage.type must be block"),
        ({"azstorage.type": "adls"}, "azstorage.type must be block"),
        ({"azstorage.mode": "msi"}, "azstorage.mode msi asks Azure for a token"),
        (
            {"azstorage.mode": "spn", **{f"azstorage.{key}": "x" for key in ("tenantid", "clientid", "clientsecret")}},
            "azstorage.mode spn asks Azure for a token",
        ),
        ({"azstorage.use-http": False}, "http:// without use-http"),
    ],
)
def test_the_stand_in_says_what_it_refuses_of_its_own(blobfuse2, path, config, changes, said):
    ended = blobfuse2.run("mount", path, config(**changes))
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: stand-in: ")
    assert said in ended.stderr


@stand_in_only
def test_home_or_a_working_directory_is_needed(blobfuse2, path, config, tmp_path):
    ended = blobfuse2.run("mount", path, config(), HOME=None)
    assert ended.returncode == 1
    assert "HOME is not set and default-working-dir is not given" in ended.stderr
    blobfuse2.start("mount", path, config(), f"--default-working-dir={tmp_path}/work", path=path, HOME=None)


def test_flags_go_before_environment_and_environment_before_file(blobfuse2, path, config):
    wrong_file = config(**{"azstorage.container": "wrong-file"})
    in_file = blobfuse2.run("mount", path, wrong_file)
    assert "/wrong-file\n" in in_file.stderr
    environment = {"AZURE_STORAGE_ACCOUNT_CONTAINER": "wrong-variable"}
    in_environment = blobfuse2.run("mount", path, wrong_file, **environment)
    assert "/wrong-variable\n" in in_environment.stderr
    blobfuse2.start("mount", path, wrong_file, "--container-name=files", path=path, **environment)


def test_the_environment_alone_is_enough_for_the_account(blobfuse2, path, config, endpoint):
    names = ("account-name", "account-key", "endpoint", "container", "mode")
    file = config(**{f"azstorage.{name}": None for name in names})
    blobfuse2.start(
        "mount",
        path,
        file,
        path=path,
        AZURE_STORAGE_ACCOUNT=servers.ACCOUNT,
        AZURE_STORAGE_ACCESS_KEY=servers.ACCOUNT_KEY,
        AZURE_STORAGE_BLOB_ENDPOINT=endpoint,
        AZURE_STORAGE_ACCOUNT_CONTAINER="files",
    )


# What fails.


def test_a_wrong_key_and_a_missing_container_are_told_before_the_mount(blobfuse2, path, config):
    key = base64.b64encode(b"wrong").decode()
    wrong = blobfuse2.run("mount", path, config(**{"azstorage.account-key": key}))
    missing = blobfuse2.run("mount", path, config(**{"azstorage.container": "missing"}))
    for ended, code in ((wrong, "ERROR CODE: AuthorizationFailure"), (missing, "ERROR CODE: ContainerNotFound")):
        assert ended.returncode == 1
        assert "failed to initialize new pipeline [failed to authenticate azstorage credentials with" in ended.stderr
        assert code in ended.stderr
    assert key not in wrong.stderr
    assert not mounts.mounted(path)


def test_an_endpoint_that_refuses_is_tried_again_and_told(blobfuse2, path, config):
    endpoint = f"http://127.0.0.1:{servers.free_port()}/{servers.ACCOUNT}"
    retries = {"azstorage.max-retries": 1, "azstorage.retry-backoff-sec": 1}
    ended = blobfuse2.run("mount", path, config(**{"azstorage.endpoint": endpoint, **retries}))
    assert ended.returncode == 1
    assert "Connection refused" in ended.stderr or "connection refused" in ended.stderr


def test_the_mount_point_is_looked_at_before_the_account(blobfuse2, path, config):
    without_account = config(**{"azstorage.account-name": None})
    (path / "mine").write_text("")
    assert "Error: mount directory is not empty" in blobfuse2.run("mount", path, without_account).stderr
    missing = blobfuse2.run("mount", path / "missing", without_account)
    assert "Error: mount directory does not exist" in missing.stderr
    (path / "mine").unlink()
    assert "account name not provided" in blobfuse2.run("mount", path, without_account).stderr


def test_a_cache_that_is_not_empty_is_refused_or_cleaned(blobfuse2, path, config, tmp_path):
    (tmp_path / "cache" / "old").mkdir(parents=True)
    ended = blobfuse2.run("mount", path, config())
    assert ended.returncode == 1
    assert "temp directory not empty" in ended.stderr
    on_itself = blobfuse2.run("mount", path, config(**{"file_cache.path": str(path)}))
    assert "tmp-path is same as mount path" in on_itself.stderr
    blobfuse2.start("mount", path, config(**{"file_cache.cleanup-on-start": True}), path=path)
    assert not (tmp_path / "cache" / "old").exists()


# The mount.


def test_files_are_read_written_appended_and_the_mount_ends_with_unmount(blobfuse2, path, config, tmp_path):
    process = blobfuse2.start("mount", path, config(**{"allow-other": True}), path=path)
    assert mounts.mounted(path) == ("blobfuse2", "fuse")
    large = tmp_path / "large"
    large.write_bytes(os.urandom(64 << 20))
    subprocess.run(["cp", large, path / "large"], check=True)
    (path / "folder").mkdir()
    with (path / "folder" / "file").open("w") as file:
        file.write("one\n")
    with (path / "folder" / "file").open("a") as file:
        file.write("two\n")
    with (path / "folder" / "file").open("r+") as file:
        file.seek(1)
        file.write("X")
    assert (path / "large").stat().st_mode & 0o777 == 0o777
    twice = blobfuse2.run("mount", path, config(**{"file_cache.path": str(tmp_path / "other")}))
    assert "Error: directory is already mounted" in twice.stderr
    ended = blobfuse2.run("unmount", path)
    assert (ended.returncode, ended.stdout) == (0, f"Successfully unmounted {path}\n")
    # It first ends its uploads.
    assert process.wait(60) == 0
    assert not list((tmp_path / "cache").iterdir())
    assert not process.log.read_text()
    # What was written is in the container, not in a cache.
    blobfuse2.start("mount", path, config(**{"libfuse.default-permission": 0o640}), path=path)
    assert (path / "folder" / "file").read_text() == "oXe\ntwo\n"
    assert filecmp.cmp(large, path / "large", shallow=False)
    assert (path / "large").stat().st_mode & 0o777 == 0o640


def test_many_files_are_listed(blobfuse2, path, config):
    blobfuse2.start("mount", path, config(), path=path)
    for number in range(150):
        (path / str(number)).write_text("")
    assert len(list(path.iterdir())) == 150


def test_read_only_refuses_writes(blobfuse2, path, config):
    blobfuse2.start("mount", path, config(**{"read-only": True}), path=path)
    with pytest.raises(OSError, match="Read-only file system"):
        (path / "new").write_text("x")


def test_a_block_cache_is_random_access_without_a_folder(blobfuse2, path, config):
    components = ["libfuse", "block_cache", "attr_cache", "azstorage"]
    keys = {"components": components, "file_cache.path": None, "block_cache.mem-size-mb": 64}
    process = blobfuse2.start("mount", path, config(**keys), path=path)
    (path / "file").write_bytes(bytes(range(256)) * 8192)
    with (path / "file").open("rb") as file:
        file.seek(1 << 20)
        assert file.read(3) == b"\x00\x01\x02"
    subprocess.run(["umount", path], check=True)
    assert process.wait(15) == 0


def test_sigterm_leaves_a_dead_mount_which_the_next_start_takes_away(blobfuse2, path, config):
    """Inferred of the real one: no signal is caught. ExecStop must unmount."""
    file = config(**{"file_cache.cleanup-on-start": True})
    process = blobfuse2.start("mount", path, file, path=path)
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM
    mounts.until(lambda: mounts.dead(path))
    blobfuse2.start("mount", path, file, path=path)
    assert not list(path.iterdir())


def test_in_the_background_it_returns_when_it_is_mounted(blobfuse2, path, config):
    ended = blobfuse2.run("mount", path, config(foreground=False))
    assert ended.returncode == 0
    assert mounts.mounted(path)
    (pid_file,) = (blobfuse2.home / ".blobfuse2").glob("*.pid")
    assert Path(f"/proc/{pid_file.read_text().strip()}/stat").exists()
    assert blobfuse2.run("unmount", path).returncode == 0


def _sas(days: int) -> str:
    """Return an account SAS of azurite's account. Its string to sign is Microsoft's `Create an account SAS`."""
    expiry = (dt.datetime.now(dt.UTC) + dt.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = "2021-08-06"
    fields = [servers.ACCOUNT, "rwdlac", "b", "sco", "", expiry, "", "https,http", version, "", ""]
    text = "\n".join(fields)
    key = base64.b64decode(servers.ACCOUNT_KEY)
    signature = base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    query = {"sv": version, "ss": "b", "srt": "sco", "sp": "rwdlac", "se": expiry, "spr": "https,http"}
    return urllib.parse.urlencode({**query, "sig": signature})


def test_a_sas_opens_the_container_until_it_expires(blobfuse2, path, config):
    keys = {"azstorage.mode": "sas", "azstorage.account-key": None}
    expired = blobfuse2.run("mount", path, config(**{**keys, "azstorage.sas": _sas(-1)}))
    assert expired.returncode == 1
    assert "RESPONSE 403" in expired.stderr
    assert "sig=" not in expired.stderr
    blobfuse2.start("mount", path, config(**{**keys, "azstorage.sas": "?" + _sas(1)}), path=path)
    (path / "file").write_text("by sas\n")
    assert (path / "file").read_text() == "by sas\n"
