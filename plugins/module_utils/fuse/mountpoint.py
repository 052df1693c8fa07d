"""Mount points: what may become one, what is mounted there, and whether it answers."""

import ctypes
import errno
import os
import platform
import posixpath
import re
import select
import signal
import time
from typing import List, NamedTuple, Optional, Set

_EXACTLY = frozenset(("/", "/home", "/root", "/run", "/tmp", "/var"))  # noqa: S108
_AND_BELOW = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/sbin",
    "/sys",
    "/usr",
)
_ALLOWED = re.compile(r"[\w./@+,:=~-]+")
_GETDENTS64 = {"x86_64": 217, "aarch64": 61, "riscv64": 61, "ppc64le": 202, "s390x": 220}


class Refused(Exception):  # noqa: N818
    """What was asked for is not done, and why; `hint` is what helps."""

    def __init__(self, message: str, hint: Optional[str] = None) -> None:
        super().__init__(message)
        self.hint = hint


class Entry(NamedTuple):
    """One line of the mount table."""

    path: str
    fstype: str
    source: str


class Answer(NamedTuple):
    """What a listing said: `error` is 0, an errno, or None where nothing was said within the limit."""

    error: Optional[int]
    seconds: float

    @property
    def ok(self) -> bool:
        """The listing worked."""
        return self.error == 0

    @property
    def hung(self) -> bool:
        """Nobody answered."""
        return self.error is None

    @property
    def dead(self) -> bool:
        """The client behind the mount is gone."""
        return self.error in (errno.ENOTCONN, errno.ECONNABORTED)

    @property
    def reason(self) -> str:
        """The error in words."""
        return "no answer" if self.error is None else os.strerror(self.error)


def check_path(path: str, what: str = "mount path") -> None:
    """Refuse a path that must not be a mount point, whatever is there. `what` names it, in messages.

    Raises:
        Refused: It is relative, not in its plain form, or a folder of the system.

    """
    if not path.startswith("/"):
        raise Refused(f"{path}: a {what} starts with /")
    if posixpath.normpath(path) != path or path.startswith("//"):
        raise Refused(f"{path}: write the path in its plain form, {posixpath.normpath('/' + path.lstrip('/'))}")
    if not _ALLOWED.fullmatch(path):
        raise Refused(f"{path!r}: a {what} holds letters, digits and . _ - + @ , : = ~ only")
    if path in _EXACTLY or any(path == top or path.startswith(top + "/") for top in _AND_BELOW):
        raise Refused(f"{path} is a folder of the system", "choose a folder of its own, such as /data")


def check_free(path: str, entries: List[Entry], own: Set[str]) -> None:
    """Refuse a mount point that is in use. `own` are the paths of our own units.

    A mount whose client is gone (ENOTCONN) is nobody's any more: the unit clears it before it starts.

    Raises:
        Refused: It lies in a FUSE mount, is somebody else's mount, no folder, a link, or holds files.

    """
    for above in (entry for entry in entries if path.startswith(entry.path.rstrip("/") + "/")):
        if above.fstype.startswith("fuse"):
            raise Refused(f"{path} lies inside the mount {above.path} ({above.source})")
    here = mounted(path, entries)
    if here is not None:
        if path in own or listing(path, 5).dead:
            return
        raise Refused(f"{path} is already a mount of something else: {here.source} ({here.fstype})", f"findmnt {path}")
    if os.path.realpath(path) != path:
        raise Refused(f"{path} leads through a link to {os.path.realpath(path)}: name that folder instead")
    if not os.path.lexists(path):
        return
    if not os.path.isdir(path):
        raise Refused(f"{path} is a file", f"ls -l {path}")
    held = len(os.listdir(path))
    if held:
        what = "1 entry" if held == 1 else f"{held} entries"
        raise Refused(f"{path} is not empty ({what}): a mount would hide its files", f"ls -A {path}")


def table() -> List[Entry]:
    """Read the mount table. Unlike stat, this never waits for a client."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        return [_entry(line) for line in lines]


def _entry(line: str) -> Entry:
    head, _, tail = line.partition(" - ")
    fstype, source = tail.split()[:2]
    return Entry(_unescape(head.split()[4]), fstype, _unescape(source))


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)


def mounted(path: str, entries: List[Entry]) -> Optional[Entry]:
    """Return what is mounted at the path: the uppermost, where mounts are stacked."""
    return next((entry for entry in reversed(entries) if entry.path == path), None)


def listing(path: str, limit: float) -> Answer:
    """List the folder in a child process, and give up on it after the limit.

    A process that asks a hung FUSE mount sits in the kernel, out of reach even of SIGKILL, until the client
    answers or dies. So the child is never waited for, and it holds none of our files: a caller at the far
    end of ssh would wait for it.
    """
    began = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _let_go_of_all_but(writing)
            os.write(writing, b"%d" % _list_error(path))
        finally:
            os._exit(0)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], max(limit, 0.05))
        said = os.read(reading, 16) if ready else b""
    finally:
        os.close(reading)
    if not ready:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, os.WNOHANG)
        return Answer(None, time.monotonic() - began)
    os.waitpid(child, 0)
    return Answer(int(said) if said else errno.EIO, time.monotonic() - began)


def _let_go_of_all_but(keep: int) -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, keep)
    os.closerange(keep + 1, 1024)


def _list_error(path: str) -> int:
    """Return the errno of a listing, 0 if it worked.

    The system call itself, not os.listdir: glibc's readdir reads ENOENT as the end of the folder, and that is
    gcsfuse's answer for a bucket that does not exist. `ls` shows such a mount as an empty folder.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        number = _GETDENTS64.get(platform.machine())
        if number is None:
            with os.scandir(path) as entries:
                next(entries, None)
            return 0
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(32768)
        if libc.syscall(ctypes.c_long(number), folder, buffer, ctypes.c_size_t(len(buffer))) >= 0:
            return 0
        return ctypes.get_errno() or errno.EIO
    except OSError as error:
        return error.errno or errno.EIO
