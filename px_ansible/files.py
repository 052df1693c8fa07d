"""Where px.yaml is, and the files that it names."""

from __future__ import annotations

import os
from pathlib import Path

PX_YAML = "px.yaml"


def nearest() -> Path | None:
    """Return the px.yaml here or in a folder above."""
    here = Path.cwd()
    return next((place / PX_YAML for place in (here, *here.parents) if (place / PX_YAML).is_file()), None)


def named(folder: Path, text: str) -> Path:
    """Return a file as px.yaml names it: relative paths begin at `folder`, and `~` is the home of whoever runs this."""
    # Path.expanduser() raises where there is no such user; os.path leaves the text as it is.
    return folder.absolute() / os.path.expanduser(text)  # noqa: PTH111
