"""goofys' log lines: stderr with -f, syslog without."""

import os
import socket
import sys
import time


class Log:
    """`to_syslog` is switched on in the daemon."""

    def __init__(self):
        self._syslog = None

    def use_syslog(self):
        """Write to syslog from here on."""
        self._syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._syslog.connect("/dev/log")
        except OSError:
            sys.stderr.write("panic: Unable to connect to local syslog daemon\n")
            os._exit(2)

    def __call__(self, level, text, name="main"):
        if self._syslog:
            self._syslog.send(f"<14>goofys[{os.getpid()}]: {name}.{level} {text}".encode())
            return
        now = time.time()
        stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1e6):06d}"
        sys.stderr.write(f"{stamp} {name}.{level} {text}\n")
        sys.stderr.flush()


log = Log()
