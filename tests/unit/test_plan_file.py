"""Plans as files: what is kept, what is refused, and how every difference is said."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from px_ansible.config import load
from px_ansible.errors import UsageError
from px_ansible.machine_types import Choice, MachineType
from px_ansible.plans import Found, FoundHost, SharedThing, make_plan
from px_ansible.plans import file as plan_file
from px_ansible.plans.data import as_data
from px_ansible.providers import PROVIDERS

KEY = "ssh-ed25519 AAAAC3"
PX_YAML = """\
cluster: {name: demo, nodes: 2, memory_per_node: 512 MiB}
/data: {source: gs://data, store: gcs}
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "px.yaml").write_text(PX_YAML)
    return load(tmp_path / "px.yaml", provider="local")


@pytest.fixture
def kept(tmp_path):
    """Return what keeps a plan and reads it again."""

    def keep(plan):
        plan_file.write(tmp_path / "demo.plan", plan)
        return plan_file.read(tmp_path / "demo.plan")

    return keep


def hosts(config, *names, **other):
    attributes = {**PROVIDERS[config.provider].attributes(config), "key": KEY, **other}
    return tuple(FoundHost(name, "running", "198.18.0.2", attributes) for name in names)


def refusal(kept, plan):
    with pytest.raises(UsageError) as caught:
        plan_file.require_same(kept, plan)
    assert caught.value.message == f"the plan {kept.file} is out of date, and nothing was done"
    assert caught.value.hint == f"px-ansible plan --out {kept.file}, and look at it"
    return list(caught.value.log)


def test_there_and_back(config, kept, tmp_path):
    plan = make_plan(config, Found(hosts=hosts(config, "demo-1")), KEY)
    found = kept(plan)
    assert (found.px_yaml, found.provider) == (tmp_path / "px.yaml", "local")
    assert found.plan == json.loads(json.dumps(as_data(plan)))
    plan_file.require_same(found, plan)


def test_the_file_is_for_its_user_alone_even_where_one_was_open_to_all(config, tmp_path):
    file = tmp_path / "demo.plan"
    file.write_text('{"kind": "px-ansible plan"}')
    file.chmod(0o666)
    plan_file.write(file, make_plan(config, Found()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo.plan", "px.yaml"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(config, tmp_path):
    (tmp_path / "demo.plan").symlink_to(tmp_path / "other.plan")
    plan_file.write(tmp_path / "other.plan", make_plan(config, Found()))
    before = (tmp_path / "other.plan").stat()
    plan_file.write(tmp_path / "demo.plan", make_plan(config, Found()))
    assert not (tmp_path / "demo.plan").is_symlink()
    assert (tmp_path / "other.plan").stat() == before


@pytest.mark.parametrize("place", ["nowhere/demo.plan", "px.yaml/demo.plan"])
def test_a_place_that_cannot_be_written(config, tmp_path, place):
    with pytest.raises(UsageError, match="cannot be written") as caught:
        plan_file.write(tmp_path / place, make_plan(config, Found()))
    assert caught.value.hint.startswith("--out FILE")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["px.yaml"]


def test_no_secret_is_in_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_SECRET", "hunter2")
    (tmp_path / "px.yaml").write_text(
        "cluster: {name: demo, provider: local}\n"
        "/s3:\n"
        "  source: s3://bucket\n"
        "  endpoint: http://127.0.0.1:9000\n"
        "  credentials: {access_key_id: {env: MY_SECRET}, secret_access_key: {env: MY_SECRET}}\n"
    )
    file = tmp_path / "demo.plan"
    plan_file.write(file, make_plan(load(tmp_path / "px.yaml"), Found()))
    assert "hunter2" not in file.read_text()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no plan of px-ansible"),
        ("{", "is no plan of px-ansible"),
        ("[" * 100_000, "is no plan of px-ansible"),
        ("\udce9", "is no plan of px-ansible"),
        ("3", "is no plan of px-ansible"),
        ('{"version": 1, "plan": {}}', "is no plan of px-ansible"),
        ('{"kind": "px-ansible plan"}', "was written by another px-ansible (version None, this one knows 1)"),
        (
            '{"kind": "px-ansible plan", "version": 2}',
            "was written by another px-ansible (version 2, this one knows 1)",
        ),
        ('{"kind": "px-ansible plan", "version": 1}', "is damaged"),
    ],
)
def test_what_is_no_plan(tmp_path, text, why):
    file = tmp_path / "demo.plan"
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError) as caught:
        plan_file.read(file)
    assert str(file) in caught.value.message
    assert why in caught.value.message
    again = "make one: px-ansible plan --out demo.plan"
    if "no plan" not in why:
        again = f"px-ansible plan --out {file}, and look at it"
    assert caught.value.hint == again


@pytest.mark.parametrize("text", ["", "cluster:\n  nodes: 2\n", "{}", "[" * 100_000, '{"kind": "other"}'])
def test_what_is_no_plan_is_not_overwritten(config, tmp_path, text):
    file = tmp_path / "some.yaml"
    file.write_text(text)
    with pytest.raises(UsageError, match="is there already, and is no plan"):
        plan_file.write(file, make_plan(config, Found()))
    assert file.read_text() == text


@pytest.mark.parametrize(("make", "stays"), [(os.mkfifo, Path.is_fifo), (os.mkdir, Path.is_dir)])
def test_a_device_or_a_folder_is_not_replaced_by_a_plan(config, tmp_path, make, stays):
    # As root, the rename would replace /dev/stdout.
    make(tmp_path / "place")
    with pytest.raises(UsageError, match="is there already, and is no plan"):
        plan_file.write(tmp_path / "place", make_plan(config, Found()))
    assert stays(tmp_path / "place")


@pytest.mark.parametrize("text", ["{}", '{"version": 1}'])
def test_a_plan_of_another_version_is_overwritten(config, kept, tmp_path, text):
    file = tmp_path / "demo.plan"
    file.write_text(json.dumps({"kind": "px-ansible plan", **json.loads(text)}))
    kept(make_plan(config, Found()))


@pytest.mark.parametrize("key", ["px_yaml", "provider", "config", "plan"])
@pytest.mark.parametrize("other", [None, 3, [], ["x"], {"hosts": 1}, {"hosts": ["x"], "shared": [], "mounts": []}])
def test_a_damaged_plan_is_said_to_be_so(config, kept, tmp_path, key, other):
    kept(make_plan(config, Found()))
    file = tmp_path / "demo.plan"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: other}))
    with pytest.raises(UsageError, match=r"is damaged") as caught:
        plan_file.read(file)
    assert caught.value.hint


@pytest.mark.parametrize("key", ["hosts", "mounts", "shared", "machine", "cost"])
@pytest.mark.parametrize("other", ["x", 3, [3], [{"name": "demo-1"}], [{"name": "demo-1", "action": "explode"}]])
def test_a_damaged_part_of_a_plan_is_too(config, kept, tmp_path, key, other):
    kept(make_plan(config, Found()))
    file = tmp_path / "demo.plan"
    data = json.loads(file.read_text())
    data["plan"][key] = other
    file.write_text(json.dumps(data))
    with pytest.raises(UsageError, match=r"is damaged"):
        plan_file.read(file)


def test_a_plan_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read: No such file or directory"):
        plan_file.read(tmp_path / "demo.plan")


def test_a_host_that_went_is_said(config, kept):
    found = Found(hosts=hosts(config, "demo-1", "demo-2"))
    then = kept(make_plan(config, found, KEY))
    now = make_plan(config, replace(found, hosts=found.hosts[:1]), KEY)
    assert refusal(then, now) == ["demo-2: the plan keeps it, now it would be created"]


def test_a_host_that_came_and_one_that_is_gone_are_said(config, kept):
    before, after = hosts(config, "demo-1", "demo-2", "demo-3"), hosts(config, "demo-1", "demo-2", "demo-4")
    then = kept(make_plan(config, Found(hosts=before), KEY))
    assert refusal(then, make_plan(config, Found(hosts=after), KEY)) == [
        "demo-3: the plan removes it (px.yaml asks for 2), now it is not there",
        "demo-4: the plan does not have it, now it would be removed (px.yaml asks for 2)",
    ]


def test_a_change_for_another_reason_is_another_change(config, kept):
    then = kept(make_plan(config, Found(hosts=hosts(config, "demo-1", "demo-2", memory_mib=256)), KEY))
    now = make_plan(
        config, Found(hosts=(*hosts(config, "demo-1", memory_mib=256), *hosts(config, "demo-2", memory_mib=300))), KEY
    )
    assert refusal(then, now) == [
        "demo-2: the plan changes it (memory_mib 256 -> 512), now it would be changed (memory_mib 300 -> 512)"
    ]


def test_a_mount_that_was_applied_since_is_said(config, kept):
    found = Found(hosts=hosts(config, "demo-1", "demo-2"))
    planned = make_plan(config, found, KEY)
    then = kept(planned)
    now = make_plan(config, replace(found, applied=tuple(planned.applied())), KEY)
    assert refusal(then, now) == ["/data (gcsfuse): the plan creates it, now it would be kept"]


def test_a_client_to_leave_is_not_hidden_by_the_one_to_come(config, kept):
    applied = ({"path": "/data", "bucket": "data", "source": "gs://data", "client": "rclone", "digest": ""},)
    then = kept(make_plan(config, Found(applied=applied)))
    now = make_plan(config, Found())
    assert refusal(then, now) == ["/data (rclone): the plan removes it, now it is not there"]


def test_what_hosts_share_is_compared_too(config, kept):
    network = SharedThing("network 198.18.0.0/24", "running")
    then = kept(make_plan(config, Found(shared=(network,))))
    now = make_plan(config, Found(shared=(replace(network, state="stopped"),)))
    assert refusal(then, now) == ["network 198.18.0.0/24: the plan keeps it, now it would be started"]


def test_another_px_yaml_is_refused_and_another_comment_is_not(config, kept, tmp_path):
    then = kept(make_plan(config, Found()))
    config.file.write_text(f"# of no account\n{PX_YAML}")
    plan_file.require_same(then, make_plan(load(config.file, provider="local"), Found()))
    config.file.write_text(PX_YAML.replace("gcs}", "gcs, read_only: true}"))
    now = make_plan(load(config.file, provider="local"), Found())
    assert refusal(then, now) == [f"{tmp_path / 'px.yaml'}: it says something else than it did"]


def test_the_project_may_move(config, kept, tmp_path):
    then = kept(make_plan(config, Found()))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "px.yaml").write_text(PX_YAML)
    plan_file.require_same(then, make_plan(load(elsewhere / "px.yaml", provider="local"), Found()))


def test_another_price_or_machine_type_is_said(config, kept, tmp_path):
    def of(name, price):
        machine = MachineType(name, 4, 16, "x86_64", "2026-11-01", None, price)
        return make_plan(replace(config, machine=Choice(name, machine, "the cheapest")), Found())

    then = kept(of("acme-4", 0.1))
    plan_file.require_same(then, of("acme-4", 0.1))
    assert refusal(then, of("acme-5", 0.2)) == [
        "machine type: the plan says acme-4 at $0.1 an hour, now it would be acme-5 at $0.2 an hour"
    ]
