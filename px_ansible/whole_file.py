"""A file that is written as a whole or not at all, and is nobody else's from its first byte."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a text to a file (0600). What is there, a link too, is replaced and not written to.

    Raises:
        OSError: where it cannot be written; the file is then what it was.
    """
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mkstemp gives 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(new).replace(path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise
