"""Text files, read and written whole or not at all."""

import contextlib
import os
import tempfile
from typing import Dict, Optional


def read(path: str) -> str:
    """Return the text of a file; empty where there is none. Bytes that are no UTF-8 are kept as they are."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def mode(path: str) -> Optional[int]:
    """Return the permissions of a file, None where there is none."""
    try:
        return os.stat(path).st_mode & 0o7777
    except (FileNotFoundError, NotADirectoryError):
        return None


def write(path: str, text: str, permissions: int) -> None:
    """Write a file in one step: who reads it meanwhile, or after a crash, finds the old text or the new one."""
    folder, name = os.path.split(path)
    descriptor, temporary = tempfile.mkstemp(prefix="." + name + ".", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(file.fileno(), permissions)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def remove(path: str) -> bool:
    """Remove a file; return whether there was one."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def diff(path: str, before: str, after: str) -> Dict[str, str]:
    """Return a change as Ansible shows it."""
    return {"before_header": path, "before": before, "after_header": path, "after": after}
