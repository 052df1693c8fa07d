"""The rclone that serves the objects: unpacked once per host, one process per mount.

rclone believes that it mounts. The `fusermount3` that it finds first in PATH is ours and hands it a socket instead of
/dev/fuse; behind that socket is relay.py, in the stand-in's own process.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import zipfile
from pathlib import Path

from standin import StandInLimit

# Tried in this order; on some systems /run is mounted noexec.
_FOLDERS = ("/run/px-test-clients", "/var/tmp/px-test-clients")
_FUSERMOUNT = """\
#!/usr/bin/python3 -IS
import array, os, socket, sys
if "-u" not in sys.argv:
    to = socket.socket(fileno=int(os.environ["_FUSE_COMMFD"]))
    descriptor = array.array("i", [int(os.environ["STANDIN_SOCKET"])])
    to.sendmsg([b"\\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptor)])
"""
# For uploads that the cache still has. Whoever waits for the client's end has a limit of its own.
_UPLOAD_SECONDS = 300
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def _own(folder):
    """Return the folder, made if missing; None where it is not ours alone or nothing can be executed in it."""
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        found = os.lstat(folder)
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return Path(folder) if ours and not os.statvfs(folder).f_flag & os.ST_NOEXEC else None


def folder():
    """Return the folder of what is unpacked on this host."""
    for candidate in (*_FOLDERS, f"{tempfile.gettempdir()}/px-test-clients-{os.geteuid()}"):
        found = _own(candidate)
        if found:
            return found
    raise StandInLimit("no folder in which rclone could be unpacked: tried " + ", ".join(_FOLDERS))


def _put(path, write):
    """Make an executable file, whole or not at all; several may do so at once."""
    if path.exists():
        return
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        write(file)
    os.chmod(temporary, 0o700)
    os.rename(temporary, path)


def unpack():
    """Return the folder with `rclone` and our `fusermount3`, unpacked by the first stand-in that starts."""
    with zipfile.ZipFile(Path(__file__).parents[1]) as archive:
        digest = archive.read("rclone.sha256").decode().strip()[:16]
        shim = _FUSERMOUNT.encode()
        place = folder() / f"{digest}-{hashlib.sha256(shim).hexdigest()[:8]}"
        place.mkdir(mode=0o700, exist_ok=True)

        def rclone(file):
            with archive.open("rclone") as source:
                shutil.copyfileobj(source, file, 1 << 20)

        _put(place / "rclone", rclone)
        _put(place / "fusermount3", lambda file: file.write(shim))
    return place


def _die_with_parent():
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Backend:
    """An rclone process that serves one remote to a socket of FUSE messages."""

    def __init__(self, remote, source, flags, environment):
        """Start it.

        Args:
            remote: the remote's keys (`type`, ...), which go through the environment: no secret is in argv.
            source: bucket or container, with its prefix.
            flags: more of rclone's flags.
            environment: more of its environment; nothing of ours is passed on.
        """
        place = unpack()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._mountpoint = tempfile.mkdtemp(prefix="mount-", dir=place)
        self._log = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - lives as long as rclone
        passed = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
        variables = {name: os.environ[name] for name in passed if name in os.environ}
        variables.update(environment, PATH=str(place), HOME=str(place), STANDIN_SOCKET=str(theirs.fileno()))
        variables.update({f"RCLONE_CONFIG_REMOTE_{key.upper()}": value for key, value in remote.items()})
        self.process = subprocess.Popen(
            [str(place / "rclone"), "mount", f"remote:{source}", self._mountpoint, "--config", "/dev/null", *flags],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - no threads yet
            start_new_session=True,
        )
        theirs.close()

    def log(self):
        """Return the last lines that rclone wrote."""
        self._log.seek(max(0, self._log.seek(0, 2) - 4000))
        return self._log.read().splitlines()[-20:]

    def end(self):
        """Let rclone finish its uploads and end it."""
        with contextlib.suppress(OSError):
            # A close would not wake the thread that reads from it.
            self.socket.shutdown(socket.SHUT_RDWR)
        try:
            self.process.wait(_UPLOAD_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self._mountpoint, ignore_errors=True)
