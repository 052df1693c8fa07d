"""Where goofys answers otherwise than rclone does: writes that are not sequential, links, a missing bucket."""

import errno
import struct
import threading
import time

from standin import relay

_HANDLE = struct.Struct("<Q")


class GoofysRules(relay.Rules):
    """Appending and writing at random fail with EOPNOTSUPP, at the write and at the close."""

    def __init__(self, bucket_is_there):
        """`bucket_is_there` is asked until it says so; until then nothing can be listed."""
        self._failed = set()
        self._missing = threading.Event()
        if not bucket_is_there():
            self._missing.set()
            threading.Thread(target=self._wait_for, args=[bucket_is_there], daemon=True).start()

    def _wait_for(self, bucket_is_there):
        while not bucket_is_there():
            time.sleep(1)
        self._missing.clear()

    def request(self, operation, body):
        if self._missing.is_set() and operation in _NEED_THE_BUCKET:
            # goofys' word for NoSuchBucket.
            return errno.ENXIO
        if operation in (relay.SYMLINK, relay.MKNOD):
            return errno.ENOSYS
        if operation == relay.RELEASE:
            self._failed.discard(_HANDLE.unpack_from(body)[0])
        return None

    def answer(self, operation, request, error, body):
        if operation == relay.WRITE and error in (errno.ESPIPE, errno.EPERM):
            self._failed.add(_HANDLE.unpack_from(request)[0])
            return errno.EOPNOTSUPP
        if operation == relay.FLUSH and error == errno.EPERM:
            # rclone would not have opened it at all; goofys minds only what was written.
            return errno.EOPNOTSUPP if _HANDLE.unpack_from(request)[0] in self._failed else 0
        return error


_NEED_THE_BUCKET = (relay.LOOKUP, relay.READDIR, relay.READDIRPLUS, relay.CREATE, relay.MKDIR)
