"""FUSE messages between the kernel and rclone, in this very process.

So the mount lives and dies with the stand-in's own process as it does with the real client's: stopped, it hangs;
killed, it is dead. And where rclone says no in other words than the real client, `Rules` puts them right.
https://www.kernel.org/doc/html/latest/filesystems/fuse/index.html, include/uapi/linux/fuse.h.
"""

import errno
import os
import struct
import threading
import time

LOOKUP, FORGET, SYMLINK, MKNOD, MKDIR = 1, 2, 6, 8, 9
RENAME, RENAME2 = 12, 45
WRITE, RELEASE, FLUSH, READDIR, CREATE, BATCH_FORGET, READDIRPLUS = 16, 18, 25, 28, 35, 42, 44
_IN = struct.Struct("<IIQQIIIHH")
_OUT = struct.Struct("<IiQ")
# More than any message: 1 MiB of data and its headers.
_LARGEST = (1 << 20) + (1 << 16)
_UPLOAD_SECONDS = 30


class Rules:
    """Says nothing against anything."""

    def request(self, operation, body):
        """Look at a request; return an errno to refuse it, or None."""

    def answer(self, operation, request, error, body):
        """Look at the answer to a request; return the errno to give (0: none)."""
        return error


class Relay:
    """Carries messages until the mount is gone or the backend is; `lost` tells which."""

    def __init__(self, kernel, backend, rules):
        self.ended = threading.Event()
        # Set with the first answer: the backend serves.
        self.serves = threading.Event()
        self.lost = False
        self._kernel, self._backend, self._rules = kernel, backend, rules
        # unique -> (operation, copy of a request's first bytes), of what the backend has not answered.
        self._open = {}
        for direction in (self._requests, self._answers):
            threading.Thread(target=direction, daemon=True).start()

    def _requests(self):
        buffer = bytearray(_LARGEST)
        view = memoryview(buffer)
        while True:
            try:
                size = os.readv(self._kernel, [buffer])
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                break
            if not size:
                break
            _, operation, unique, *_ = _IN.unpack_from(buffer)
            refusal = self._rules.request(operation, view[_IN.size : size])
            if refusal:
                self._write(_OUT.pack(_OUT.size, -refusal, unique))
                continue
            if operation in (RENAME, RENAME2):
                self._finish_uploads()
            if operation not in (FORGET, BATCH_FORGET):
                self._open[unique] = (operation, bytes(view[_IN.size : _IN.size + 64]))
            try:
                self._backend.send(view[:size])
            except OSError:
                break
        self.ended.set()
        self.serves.set()

    def _finish_uploads(self):
        """Wait for files that were closed a moment ago.

        The kernel waits for no RELEASE, and rclone uploads in it: a file that is renamed meanwhile would be lost. The
        real clients have uploaded when close() returns.
        """
        deadline = time.monotonic() + _UPLOAD_SECONDS
        while time.monotonic() < deadline and not self.ended.is_set():
            if not any(operation == RELEASE for operation, _ in list(self._open.values())):
                return
            time.sleep(0.01)

    def _answers(self):
        buffer = bytearray(_LARGEST)
        view = memoryview(buffer)
        while True:
            try:
                size = self._backend.recv_into(buffer)
            except OSError:
                size = 0
            if not size:
                break
            length, error, unique = _OUT.unpack_from(buffer)
            if not unique:
                # A notification, which nobody asked for. To write one may wait for a lock that the kernel holds until
                # this thread has answered a rename.
                continue
            operation, request = self._open.pop(unique, (0, b""))
            wanted = self._rules.answer(operation, request, -error, view[_OUT.size : size])
            if wanted != -error:
                _OUT.pack_into(buffer, 0, length, -wanted, unique)
            self._write(view[:size])
            self.serves.set()
        self.lost = not self.ended.is_set()
        self.ended.set()
        self.serves.set()

    def _write(self, message):
        try:
            os.write(self._kernel, message)
        except OSError as error:
            # ENOENT: the request was interrupted and nobody waits. ENODEV: unmounted, which the other thread sees.
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.EINVAL):
                raise
