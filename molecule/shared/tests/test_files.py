"""Files on the mounts, as programs on the machines meet them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Until
    from testinfra.host import Host

# As whom the users' own programs run; the machines need no account for it.
AS_OWNER = "setpriv --reuid={uid} --regid={gid} --clear-groups"


def test_what_one_host_writes_the_other_reads(host: Host, other: Host, folder: str, until: Until) -> None:
    # Listed first: of a file that it has written itself, rclone asks the store again only when its folder is listed.
    read = f"ls /data/{folder} > /dev/null; cat /data/{folder}/file"
    host.check_output(f"echo first > /data/{folder}/file")
    assert until(other, read, "first") == "first"
    other.check_output(f"echo second > /data/{folder}/file")
    assert until(host, read, "second") == "second"


def test_names_are_kept_as_they_are(host: Host, other: Host, folder: str, until: Until) -> None:
    names = ["with blank", "Ümläut-日本", ".hidden", "(a)+b=c&d%20e", "first"]
    for name in names:
        host.check_output("printf content > %s", f"/data/{folder}/{name}")
    listed = "\n".join(sorted(names))
    assert until(other, f"cd /data/{folder} && LC_ALL=C.UTF-8 ls -A | LC_ALL=C sort", listed) == listed


def test_renamed_and_removed_is_so_for_the_other(host: Host, other: Host, folder: str, until: Until) -> None:
    host.check_output(f"cd /data/{folder} && mkdir sub && echo content > sub/old && mv sub/old sub/new && rm first")
    assert until(other, f"cd /data/{folder} && find . -type f", "./sub/new") == "./sub/new"
    host.check_output(f"rm /data/{folder}/sub/new")
    assert until(other, f"cd /data/{folder}/sub && find . -type f", "") == ""


def test_files_belong_to_whom_the_mount_says(host: Host, folder: str, variables: dict[str, Any]) -> None:
    owner, modes = variables["scenario_owner"], variables["scenario_modes"]
    host.check_output(f"echo content > /data/{folder}/file")
    file, dir_ = host.file(f"/data/{folder}/file"), host.file(f"/data/{folder}")
    assert (file.uid, file.gid) == (dir_.uid, dir_.gid) == (owner["uid"], owner["gid"])
    if modes:
        assert (file.mode, dir_.mode) == (int(modes["file_mode"], 8), int(modes["dir_mode"], 8))


def test_the_owner_reads_and_writes(host: Host, folder: str, variables: dict[str, Any]) -> None:
    run = AS_OWNER.format(**variables["scenario_owner"])
    host.check_output(f"{run} sh -c 'echo mine > /data/{folder}/mine'")
    assert host.check_output(f"{run} cat /data/{folder}/mine") == "mine"


def test_adding_to_a_file_and_writing_into_it(host: Host, folder: str, variables: dict[str, Any]) -> None:
    host.check_output(f"echo 12345678 > /data/{folder}/file")
    added = host.run(f"echo 9 >> /data/{folder}/file")
    written = host.run(f"printf x | dd of=/data/{folder}/file bs=1 seek=3 conv=notrunc status=none")
    # Neither may seem to succeed and be lost.
    if variables["scenario_appends"]:
        assert (added.rc, written.rc) == (0, 0), (added.stderr, written.stderr)
        assert host.check_output(f"cat /data/{folder}/file") == "123x5678\n9"
    else:
        assert added.rc != 0
        assert written.rc != 0
        assert host.check_output(f"cat /data/{folder}/file") == "12345678"


@pytest.mark.parametrize("command", ["touch {}/new", "rm {}/content", "mkdir {}/new", "sh -c 'echo x > {}/content'"])
def test_a_read_only_mount_refuses_to_write(host: Host, content: str, until: Until, command: str) -> None:
    assert until(host, "cat /data-read-only/content", content) == content
    done = host.run(command.format("/data-read-only"))
    assert done.rc != 0
    assert "Read-only file system" in done.stderr
    assert host.check_output("cat /data/content") == content


def test_a_prefix_shows_what_is_below_it(host: Host, other: Host, folder: str, until: Until) -> None:
    host.check_output(f"mkdir /team-a/{folder} && echo below > /team-a/{folder}/file")
    assert until(other, f"cat /data/team-a/{folder}/file", "below") == "below"
    assert not host.file("/team-a/data").exists
