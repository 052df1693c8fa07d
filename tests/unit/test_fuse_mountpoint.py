"""Mount points: refusals, the mount table, and listings that never block."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.px.storage.plugins.module_utils.fuse import mountpoint
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Answer, Entry, Refused


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/usr",
        "/usr/x",
        "/etc/x",
        "/home",
        "/var",
        "/proc/1",
        "data",
        "/a/../b",
        "/a//b",
        "//a",
        "/a b",
        '/a"',
        "/a$b",
        "",
    ],
)
def test_paths_that_are_refused(path):
    with pytest.raises(Refused):
        mountpoint.check_path(path)


@pytest.mark.parametrize(
    "path", ["/px-gcs-bucket", "/data/b", "/home/u/x", "/var/lib/x", "/usrx", "/mnt/ä_1.2", "/100%"[:4]]
)
def test_paths_that_are_fine(path):
    mountpoint.check_path(path)


def test_folders_in_use_are_refused(tmp_path):
    empty, full, file, link = (tmp_path / name for name in ("empty", "full", "file", "link"))
    empty.mkdir()
    full.mkdir()
    (full / "x").touch()
    file.touch()
    link.symlink_to(empty)
    mountpoint.check_free(str(empty), [], set())
    mountpoint.check_free(str(tmp_path / "new" / "deep"), [], set())
    for path, why in ((full, "not empty"), (file, "is a file"), (link, "a link"), (link / "in", "a link")):
        with pytest.raises(Refused, match=why):
            mountpoint.check_free(str(path), [], set())


def test_mounts_of_others_are_refused(tmp_path):
    path = str(tmp_path)
    with pytest.raises(Refused, match=r"already a mount of something else: src \(ext4\)"):
        mountpoint.check_free(path, [Entry(path, "ext4", "src")], set())
    mountpoint.check_free(path, [Entry(path, "fuse.gcsfuse", "src")], {path})
    with pytest.raises(Refused, match="lies inside the mount"):
        mountpoint.check_free(path, [Entry(str(tmp_path.parent), "fuse.gcsfuse", "src")], set())
    # A disk above it is where folders are.
    mountpoint.check_free(path, [Entry("/", "overlay", "o"), Entry(str(tmp_path.parent), "ext4", "d")], set())


def test_the_table_of_this_machine():
    entries = mountpoint.table()
    assert mountpoint.mounted("/proc", entries).fstype == "proc"
    assert mountpoint.mounted("/nowhere", entries) is None


def test_a_line_of_the_table():
    line = r"36 35 98:0 / /mnt/a\040b rw,noatime shared:1 master:2 - fuse.gcsfuse my\040bucket rw" + "\n"
    assert mountpoint._entry(line) == Entry("/mnt/a b", "fuse.gcsfuse", "my bucket")


def test_the_uppermost_of_stacked_mounts_counts():
    stacked = [Entry("/a", "ext4", "1"), Entry("/a", "fuse.x", "2"), Entry("/b", "ext4", "3")]
    assert mountpoint.mounted("/a", stacked).source == "2"


def test_listings(tmp_path):
    assert mountpoint.listing(str(tmp_path), 5).ok
    assert mountpoint.listing(str(tmp_path / "none"), 5).error == errno.ENOENT
    (tmp_path / "file").touch()
    assert mountpoint.listing(str(tmp_path / "file"), 5).error == errno.ENOTDIR


def test_a_listing_leaves_no_process_and_no_file_behind(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        mountpoint.listing(str(tmp_path), 5)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


# A FUSE mount whose client never answers, in a mount namespace of its own: the kernel's side of it is all real.
SILENT = """
import ctypes, os, sys
from ansible_collections.px.storage.plugins.module_utils.fuse import mountpoint
path = sys.argv[1]
fuse = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0".encode()
if ctypes.CDLL(None, use_errno=True).mount(b"silent", path.encode(), b"fuse.silent", 6, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
hung = mountpoint.listing(path, 0.5)
assert hung.hung and hung.reason == "no answer" and hung.seconds < 3, hung
try:
    mountpoint.check_free(path, mountpoint.table(), set())
except mountpoint.Refused as refused:
    assert "already a mount of something else: silent" in str(refused), refused
else:
    sys.exit("a mount of somebody else was taken")
if "leave" in sys.argv:
    print("asked", flush=True)
    os._exit(0)
os.close(fuse)
dead = mountpoint.listing(path, 5)
assert dead.dead, dead
mountpoint.check_free(path, mountpoint.table(), set())
print("told apart")
"""


def silent(path, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", sys.executable, "-c", SILENT, str(path), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=environment,
    )


def test_a_hung_mount_and_a_dead_one_are_told_apart(tmp_path):
    done = silent(tmp_path)
    assert (done.stdout, done.stderr) == ("told apart\n", "")


def test_who_asked_over_a_pipe_is_not_kept_waiting(tmp_path):
    """Over ssh a module has ended when its output is closed: the child of a hung listing must not hold it."""
    began = time.monotonic()
    done = silent(tmp_path, "leave")
    assert (done.stdout, done.stderr) == ("asked\n", "")
    assert time.monotonic() - began < 15


def test_a_dead_client_is_told_from_a_missing_bucket():
    assert Answer(errno.ENOTCONN, 0.0).dead
    assert not Answer(errno.ENOENT, 0.0).dead
    assert Answer(errno.ENOTCONN, 0.0).reason == "Transport endpoint is not connected"
