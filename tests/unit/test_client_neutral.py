"""What every client does in the same way with what a mount asks for."""

from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse.clients import CLIENTS, neutral
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Place, Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused

PLACE = Place("/etc/px-mounts/data", "/var/cache/px-mounts/data", "/usr/local/lib/px-storage")
PAIRS = [(client, store) for client in CLIENTS.values() for store in client.STORES]
SECRET = "S3cr3t/S3cr3t+S3cr3t=="  # noqa: S105
KEYS = {
    "gcs": [{"service_account_key": json.dumps({"type": "service_account", "private_key": SECRET})}],
    "s3": [
        {"access_key_id": "AKIA", "secret_access_key": SECRET},
        {"access_key_id": "AKIA", "secret_access_key": "x", "session_token": SECRET},
    ],
    "azure": [
        {"account_key": SECRET},
        {"sas_token": f"?sv=2025&sig={SECRET}"},
        {"tenant_id": "t", "client_id": "c", "client_secret": SECRET},
        {"managed_identity_client_id": "11111111-2222"},
    ],
}
KEYS["spaces"] = KEYS["s3"]


def mount_of(store, **more):
    plain = {"path": "/data", "bucket": "my-bucket", "store": store}
    plain.update({"azure": {"account": "myaccount"}, "spaces": {"region": "nyc3"}}.get(store, {}))
    return {**plain, **more}


def service(client, store, **more) -> Service:
    return client.service("/usr/local/bin/" + client.NAME, mount_of(store, **more), PLACE)


def test_the_table_of_clients():
    assert list(CLIENTS) == ["gcsfuse", "goofys", "blobfuse2", "rclone"]
    for name, client in CLIENTS.items():
        assert name == client.NAME
        assert client.STOP_SECONDS >= 20
        assert client.version_of("/bin/x")[0] == "/bin/x"


@pytest.mark.parametrize(("client", "store"), PAIRS)
def test_the_store_of_a_client_by_default_is_its_first(client, store):
    first = mount_of(client.STORES[0])
    assert client.service("x", {**first, "store": None}, PLACE) == client.service("x", first, PLACE)


@pytest.mark.parametrize("client", CLIENTS.values())
def test_every_other_store_is_refused_with_the_client_that_mounts_it(client):
    for store in {"gcs", "s3", "spaces", "azure"} - set(client.STORES):
        with pytest.raises(Refused, match=f"^{client.NAME} cannot mount store {store}$") as refused:
            service(client, store)
        named = refused.value.hint.removeprefix("use ").split(" or ")
        assert all(store in CLIENTS[name].STORES for name in named)
        assert set(named) == {other.NAME for other in CLIENTS.values() if store in other.STORES}
    with pytest.raises(Refused, match="cannot mount store ftp"):
        service(client, "ftp")


@pytest.mark.parametrize(("client", "store"), PAIRS)
def test_the_same_mount_is_the_same_service(client, store):
    """Otherwise a second run would restart it."""
    for keys in KEYS[store]:
        made = [service(client, store, credentials=dict(order)) for order in itertools.permutations(keys.items())]
        assert all(one == made[0] for one in made)


@pytest.mark.parametrize(("client", "store"), PAIRS)
def test_secrets_are_in_secret_files_only(client, store):
    for keys in KEYS[store]:
        made = service(client, store, credentials=keys)
        visible = [*made.command, *(made.check or []), *(made.settle or []), *made.environment.values()]
        visible += [file.text for file in made.files if not file.secret]
        assert SECRET not in "\n".join(visible)
        if SECRET in str(keys):
            held = "".join(file.text for file in made.files if file.secret)
            assert SECRET in held
        assert all(file.name == file.name.strip("/") and "/" not in file.name for file in made.files)


@pytest.mark.parametrize(("client", "store"), PAIRS)
def test_missing_and_empty_settings_say_nothing(client, store):
    names = ("prefix", "read_only", "uid", "gid", "file_mode", "dir_mode", "endpoint", "anonymous", "cache")
    names += ("credentials", "before", "options")
    unsaid = dict.fromkeys(names)
    unsaid["credentials"] = dict.fromkeys(("account_key", "access_key_id", "service_account_key"))
    unsaid["cache"] = dict.fromkeys(("path", "size_mib", "metadata_seconds"))
    assert service(client, store, **unsaid) == service(client, store)


@pytest.mark.parametrize(("client", "store"), PAIRS)
def test_credentials_of_another_store_are_refused(client, store):
    for other in {"gcs", "s3", "azure"} - ({"s3"} if store == "spaces" else {store}):
        for keys in KEYS[other]:
            with pytest.raises(Refused, match=rf"^credentials\.\w+ is not for store {store}$") as refused:
                service(client, store, credentials=keys)
            assert SECRET not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize(
    ("store", "keys", "message"),
    [
        ("s3", {"access_key_id": "a"}, "credentials.secret_access_key is missing"),
        ("s3", {"secret_access_key": SECRET}, "credentials.access_key_id is missing"),
        ("s3", {"session_token": SECRET}, "credentials.access_key_id is missing"),
        ("s3", {"access_key_id": "", "secret_access_key": SECRET}, "credentials.access_key_id is empty"),
        ("s3", {"access_key_id": "a", "secret_access_key": SECRET + " x"}, "credentials.secret_access_key holds white"),
        (
            "azure",
            {"account_key": SECRET, "sas_token": SECRET},
            "credentials account_key, sas_token exclude each other",
        ),
        ("azure", {"tenant_id": "a", "client_secret": SECRET}, "credentials.client_id is missing"),
    ],
)
def test_incomplete_credentials_are_refused_without_their_values(store, keys, message):
    with pytest.raises(Refused) as refused:
        neutral.credentials(store, mount_of(store, credentials=keys))
    assert str(refused.value).startswith(message)
    assert SECRET not in str(refused.value) + str(refused.value.hint)


def test_the_line_end_of_a_secret_file_is_no_part_of_it():
    keys = {"access_key_id": "a\n", "secret_access_key": f" {SECRET}\n"}
    assert neutral.credentials("s3", mount_of("s3", credentials=keys))["secret_access_key"] == SECRET


@pytest.mark.parametrize(("client", "store"), PAIRS)
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bucket": "s3://my-bucket"}, "'s3://my-bucket' is not the name of a bucket"),
        ({"bucket": "--help"}, "'--help' is not the name of a bucket"),
        ({"bucket": "a/b"}, "'a/b' is not the name of a bucket"),
        ({"prefix": "a/../b"}, "write it in its plain form"),
        ({"prefix": "a\nb"}, "cannot be printed"),
        ({"endpoint": "buckets.local:9000"}, "is not a URL"),
        ({"endpoint": "http://h:1/%(x)s y"}, "is not a URL"),
        ({"cache": {"metadata_seconds": -1}}, "cache.metadata_seconds -1 is not a whole number from 0 on"),
        ({"cache": {"metadata_seconds": "soon"}}, "cache.metadata_seconds 'soon' is not"),
        ({"options": {"": 1}}, "''"),
        ({"options": {"x\ny": 1}}, ""),
    ],
)
def test_what_no_client_can_do_is_refused(client, store, wrong, message):
    with pytest.raises(Refused) as refused:
        service(client, store, **wrong)
    assert message in str(refused.value)


@pytest.mark.parametrize(("client", "store"), PAIRS)
def test_settings_without_a_meaning_for_the_store_are_refused(client, store):
    if store not in ("s3", "spaces"):
        with pytest.raises(Refused, match=f"region us-east-1: store {store} has none"):
            service(client, store, region="us-east-1")
    if store == "azure":
        with pytest.raises(Refused, match="account is missing"):
            service(client, store, account=None)
        with pytest.raises(Refused, match=r"'My\.Account' is not the name of a storage account"):
            service(client, store, account="My.Account")
    else:
        with pytest.raises(Refused, match=f"account x: store {store} has none"):
            service(client, store, account="x")
    if store == "spaces":
        with pytest.raises(Refused, match="region is missing"):
            service(client, store, region=None)
        assert service(client, store, region=None, endpoint="http://h:1")


@pytest.mark.parametrize("client", [client for client in CLIENTS.values() if client.NAME != "goofys"])
def test_a_disk_cache_has_a_folder_of_its_own(client):
    """The client may empty it, and two mounts that name one folder share nothing."""
    store = client.STORES[0]
    own = service(client, store, cache={"path": "/mnt/ssd"})
    assert own.cache == "/mnt/ssd/data"
    assert service(client, store, cache={"size_mib": 100}).cache == PLACE.cache
    everything = "\n".join([*own.command, *(file.text for file in own.files)])
    assert "/mnt/ssd/data" in everything
    assert PLACE.cache not in everything
    with pytest.raises(Refused, match=r"cache\.size_mib 0 is not a whole number from 1 on"):
        service(client, store, cache={"size_mib": 0})


@pytest.mark.parametrize("client", CLIENTS.values())
def test_reasons_need_no_more_than_what_a_unit_says(client):
    about = {"path": "/data", "bucket": "my-bucket", "endpoint": "http://{odd}:1"}
    assert client.reason([], about) is None
    assert client.reason(["nothing in particular"], about) is None
    said = "x: dial tcp 1.2.3.4:1: connect: connection refused"
    assert client.reason([said], about) == "http://{odd}:1 cannot be reached: connection refused"
    assert client.reason(["mount: fuse device not found"], about) == (
        "/dev/fuse is missing: load the kernel's fuse module"
    )
    about["endpoint"] = ""
    assert "cannot be reached" in client.reason([said], about)
