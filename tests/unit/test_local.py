"""The pure parts of the local provider; what they do with machines is proved in tests/e2e."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.px.storage.plugins.module_utils.local import bucket_server, image, network, record, service
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers import azurite
from ansible_collections.px.storage.plugins.module_utils.local.cluster import converge, info
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError, last_lines


@pytest.fixture
def layout(tmp_path):
    return record.Layout(str(tmp_path / "state"), "demo")


@pytest.fixture
def quiet_network(monkeypatch):
    """A computer with one network, which is in nobody's way."""
    monkeypatch.setattr(network, "networks_in_use", lambda **_: [ipaddress.ip_network("192.0.2.0/24")])
    monkeypatch.setattr(network, "interfaces", lambda: {"lo", "eth0"})


def test_a_network_is_chosen_once(layout, quiet_network):
    first = network.choose(layout)
    assert network.choose(layout) == first
    assert ipaddress.ip_network(first["subnet"]).subnet_of(network.POOL)
    assert len(f"vb-{first['bridge']}-254") <= 15
    assert network.gateway(first).endswith(".1")


def test_a_network_that_another_one_took_is_chosen_anew(layout, quiet_network, monkeypatch):
    first = network.choose(layout)
    taken = ipaddress.ip_network(first["subnet"]).supernet(new_prefix=22)
    monkeypatch.setattr(network, "networks_in_use", lambda **_: [taken])
    second = network.choose(layout)
    assert second["bridge"] == first["bridge"]
    assert not ipaddress.ip_network(second["subnet"]).overlaps(taken)


def test_two_clusters_never_share_a_network(tmp_path, quiet_network):
    entries = [network.choose(record.Layout(str(tmp_path), f"c{number}")) for number in range(40)]
    assert len({entry["subnet"] for entry in entries}) == 40
    assert len({entry["bridge"] for entry in entries}) == 40


def test_no_network_left_is_an_error(layout, quiet_network, monkeypatch):
    monkeypatch.setattr(network, "networks_in_use", lambda **_: [network.POOL])
    with pytest.raises(LocalError, match=r"no free network in 198\.18\.0\.0/15"):
        network.choose(layout)


def test_the_networks_of_this_computer_are_seen():
    assert ipaddress.ip_network("127.0.0.0/8") in network.networks_in_use()
    assert "lo" in network.interfaces()


def test_records_are_private_and_whole(layout):
    record.write(layout.record, {"a": 1})
    assert record.read(layout.record) == {"a": 1}
    assert layout.record.stat().st_mode & 0o777 == 0o600
    for folder in (layout.folder, layout.folder.parent, layout.state):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert record.read(layout.folder / "none.json") is None


def test_hosts_are_listed_by_number(layout):
    for number in (10, 2, 1):
        record.write(layout.machine(f"demo-{number}") / "machine.json", {})
    (layout.machines / "demo-3").mkdir()
    assert layout.hosts() == ["demo-1", "demo-2", "demo-10"]


def test_nothing_is_found_where_nothing_is(layout):
    assert info(layout) == {"hosts": [], "shared": []}
    assert not layout.state.exists()


def test_the_key_of_an_image_follows_its_content(monkeypatch):
    before = image.key("debian-12")
    assert before != image.key("debian-13")
    monkeypatch.setattr(image, "PACKAGES", image.PACKAGES + ",vim")
    assert image.key("debian-12") != before


def test_an_image_with_more_packages_is_another_whatever_their_order():
    more = image.key("debian-12", ("sudo", "curl"))
    assert more == image.key("debian-12", ("curl", "sudo")) != image.key("debian-12")


def test_overlay_paths_are_escaped():
    assert image.lower_of("/a:b,c\\d") == "/a\\:b\\,c\\\\d"


def test_a_process_is_known_by_more_than_its_number(tmp_path):
    """After a restart of the computer another process may have our machine's process id."""
    one = service.Service("name", tmp_path, "log")
    boot, pid = service._boot_id(), os.getpid()
    start = service._start_time(pid)
    record.write(one.record, {"groups": [], "boot": boot, "pid": pid, "start": start})
    assert one.running()
    record.write(one.record, {"groups": [], "boot": boot, "pid": pid, "start": "1"})
    assert not one.running()
    record.write(one.record, {"groups": [], "boot": "another", "pid": pid, "start": start})
    assert not one.running()


def test_last_lines_of_a_log_are_printable(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"first\n\n\x1b[32m[  OK  ]\x1b[0m Started\r\n\xff\n")
    assert last_lines(str(log), 2) == ["[  OK  ] Started", "\ufffd"]
    assert last_lines(str(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("buckets", "message"),
    [
        ([("azure", 1, "")], "the azure bucket b needs an account"),
        ([("s3", 1, "acct")], "the s3 bucket b has the account acct, and s3 knows none"),
        ([("s3", 1, ""), ("s3", 2, "")], "the s3 bucket b has port 2, and its store's server 1"),
        ([("s3", 1, ""), ("spaces", 1, "")], "the bucket servers of s3 and spaces cannot share port 1"),
        ([("nfs", 1, "")], "no bucket server for the store nfs on this computer"),
    ],
)
def test_buckets_that_cannot_be_served_are_refused_before_anything_is_made(layout, buckets, message):
    wanted = [{"store": store, "name": "b", "port": port, "account": account} for store, port, account in buckets]
    with pytest.raises(LocalError, match=message):
        converge(layout, wanted, str(layout.state / "cache"))
    assert not layout.state.exists()


def test_a_taken_port_is_told_with_the_key_of_its_store():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {port} of the spaces bucket server is taken by ") as error:
            bucket_server._require_free("127.0.0.1", port, "spaces")
    assert error.value.hint.endswith(f"cluster: {{local: {{spaces_port: {port + 1}}}}}")


@pytest.fixture
def npm(monkeypatch, tmp_path):
    """An npm that takes its time and installs an empty package: the real one fetches 190 MB."""
    calls = tmp_path / "calls"
    script = f'sleep 0.3; echo x >> {calls}; mkdir -p "${{2#--prefix=}}/node_modules"; exit ${{NPM_EXIT:-0}}'
    monkeypatch.setattr(azurite, "find_node", lambda: azurite.Node(["node"], ["sh", "-c", script, "npm"]))
    return calls


def test_azurite_is_installed_once_and_whole(npm, tmp_path):
    with ThreadPoolExecutor() as pool:
        commands = list(pool.map(lambda _: azurite.ensure(str(tmp_path / "cache")), range(4)))
    launcher = tmp_path / "cache" / "azurite" / azurite.VERSION / "start.js"
    assert commands == [["node", str(launcher)]] * 4
    assert launcher.read_text() == azurite.START
    assert npm.read_text().split() == ["x"]


def test_an_install_of_azurite_that_fails_leaves_nothing(npm, tmp_path, monkeypatch):
    monkeypatch.setenv("NPM_EXIT", "3")
    with pytest.raises(LocalError, match=r"npm could not install azurite .* \(exit 3\)"):
        azurite.ensure(str(tmp_path / "cache"))
    assert [path.name for path in (tmp_path / "cache" / "azurite").iterdir()] == [f".{azurite.VERSION}.lock"]


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({}, "needs Node and npm; they are missing"),
        ({"node": "v18.20.4", "npm": ""}, r"Azurite needs Node 20 or newer; .*/node is v18\.20\.4"),
    ],
)
def test_without_the_wheel_the_node_of_the_computer_is_asked(programs, message, monkeypatch, tmp_path):
    for name, says in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho {says}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(azurite.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match=message) as error:
        azurite.find_node()
    assert "px-ansible[local]" in error.value.hint


def test_the_node_of_the_wheel_runs():
    found = azurite.find_node()
    for command in found:
        assert subprocess.run([*command, "--version"], check=True, capture_output=True).stdout
