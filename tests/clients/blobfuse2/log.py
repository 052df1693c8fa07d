"""blobfuse2's log: syslog or a file, never stdout."""

import os
import socket
import time

_SYSLOG, _FILE = 1, 2


class Log:
    """Lines of level LOG_ERR and LOG_WARNING."""

    def __init__(self, settings, folder, path):
        self._mount = path
        self._socket = self._file = None
        kind = settings.get("logging.type", "syslog")
        if kind == "silent" or settings.get("logging.level", "").lower() == "log_off":
            return
        if kind == "syslog":
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            try:
                self._socket.connect("/dev/log")
                return
            except OSError:
                # No syslog here: blobfuse2 falls back to its file.
                self._socket = None
        named = settings.get("logging.file-path", "$HOME/.blobfuse2/blobfuse2.log")
        target = named.replace("$HOME/.blobfuse2", folder) if "$HOME" in named else named
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        self._file = open(target, "a", encoding="utf-8")  # noqa: SIM115 - open as long as the process

    def __call__(self, level, text):
        """Write one line."""
        line = f"[{self._mount}] {level} [stand-in]: {text}"
        if self._socket:
            self._socket.send(f"<11>blobfuse2[{os.getpid()}]: {line}".encode())
        elif self._file:
            stamp = time.strftime("%a %b %e %H:%M:%S %Z %Y")
            self._file.write(f"{stamp} : blobfuse2[{os.getpid()}] : {line}\n")
            self._file.flush()
