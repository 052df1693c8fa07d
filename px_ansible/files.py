"""Files that px.yaml names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def named(folder: Path, text: str) -> Path:
    """Return a file as px.yaml names it: relative paths begin at `folder`, and `~` is the home of whoever runs this."""
    # Path.expanduser() raises where there is no such user; os.path leaves the text as it is.
    return folder.absolute() / os.path.expanduser(text)  # noqa: PTH111
