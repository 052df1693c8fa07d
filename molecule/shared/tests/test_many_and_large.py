"""A thousand files and a large one: written by one machine, read by the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Until
    from testinfra.host import Host

testinfra_hosts = ["ansible://debian-12"]
MANY = 1000


def test_a_thousand_files_are_listed(host: Host, other: Host, folder: str, until: Until) -> None:
    # The shell's own echo: what takes time is to be the mount.
    host.check_output(
        f"cd /data/{folder} && seq {MANY} | xargs -P 8 -n 125 sh -c 'for one; do echo $one > file-$one; done' _"
    )
    assert until(other, f"ls /data/{folder} | grep -c file-", str(MANY)) == str(MANY)
    assert other.check_output(f"cat /data/{folder}/file-{MANY}") == str(MANY)


def test_a_large_file_arrives_whole(host: Host, other: Host, folder: str, until: Until) -> None:
    host.check_output("head -c 64M /dev/urandom > /var/tmp/large")
    host.check_output(f"cp /var/tmp/large /data/{folder}/large")
    checksum = host.check_output("sha256sum < /var/tmp/large")
    assert until(other, f"sha256sum < /data/{folder}/large", checksum) == checksum
    host.check_output("rm /var/tmp/large")
