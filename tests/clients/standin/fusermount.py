"""Mounting and unmounting through the host's real fusermount, whose refusals are its own."""

import array
import os
import shutil
import socket
import subprocess


class NotMounted(Exception):
    """fusermount refused; it said why on stderr."""


def mount(program, options, path):
    """Mount and return the descriptor of /dev/fuse.

    Args:
        program: `fusermount` or `fusermount3`.
        options: of fusermount's -o, such as `allow_other` and `fsname=bucket`.
        path: the mount point.

    Raises:
        NotMounted: it is not installed or refuses.
    """
    if not shutil.which(program):
        raise NotMounted(f'exec: "{program}": executable file not found in $PATH')
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [program, "-o", ",".join(_escaped(option) for option in options), "--", path],
            env={**os.environ, "_FUSE_COMMFD": str(theirs.fileno())},
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        descriptors = array.array("i")
        _, ancillary, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(descriptors.itemsize))
        for level, kind, data in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(data[: descriptors.itemsize])
        code = process.wait()
    if code or not descriptors:
        raise NotMounted(f"{program}: exit status {code}")
    os.set_inheritable(descriptors[0], False)
    return descriptors[0]


def _escaped(option):
    return option.replace("\\", "\\\\").replace(",", "\\,")


def unmount(program, path, *flags):
    """Unmount; return None, or what the program says against it."""
    ended = subprocess.run(
        [program, "-u", *flags, "--", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return None if ended.returncode == 0 else ended.stdout.strip()


def mounted(path):
    """Return the (source, type) of what is mounted at the path, the uppermost one; None if nothing is."""
    found = [(source, kind) for source, target, kind in _mounts() if target == os.path.normpath(path)]
    return found[-1] if found else None


def of_source(name):
    """Return the paths at which FUSE mounts of that source are."""
    return [target for source, target, kind in _mounts() if source == name and kind.startswith("fuse")]


def _mounts():
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
        return [tuple(_unescaped(word) for word in line.split()[:3]) for line in file]


def _unescaped(word):
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        word = word.replace(code, character)
    return word
