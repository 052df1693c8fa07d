"""The machines are what the scenarios take them for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host


def test_the_release_is_the_one_that_the_name_says(host: Host) -> None:
    assert f"{host.system_info.distribution}-{host.system_info.release.split('.')[0]}" == host.backend.host


def test_systemd_runs_and_has_nothing_to_complain_about(host: Host) -> None:
    assert host.run("systemctl is-system-running --wait").stdout.strip() == "running"


def test_fuse_is_there(host: Host) -> None:
    assert host.file("/dev/fuse").exists
    assert host.run("fusermount3 --version").rc == 0


def test_the_bucket_server_can_be_reached(host: Host) -> None:
    ask = "import urllib.request as u; print(u.urlopen('http://buckets.px.internal:4443/storage/v1/b/molecule').status)"
    assert host.check_output("python3 -c %s", ask) == "200"


def test_the_machines_know_each_other_by_address(host: Host) -> None:
    for name in host.backend.ansible_runner.get_hosts("all"):
        address = host.backend.ansible_runner.get_variables(name)["ansible_host"]
        assert host.run(f"timeout 5 bash -c '</dev/tcp/{address}/22'").rc == 0
