"""Which versions of px-ansible and of what it runs on are installed here: read from files, nothing is imported."""

from __future__ import annotations

import json
import platform
import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING

from px_ansible import __version__, content

if TYPE_CHECKING:
    from pathlib import Path


def installed(distribution: str) -> str | None:
    """Return the version of a Python distribution, None where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def collection_version(folder: Path) -> str | None:
    """Return the version of the Ansible collection in a folder, None where there is none.

    A collection that was built and installed has a MANIFEST.json, one that is a checkout a galaxy.yml.
    """
    try:
        manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(manifest["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        text = (folder / "galaxy.yml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found = re.search(r"^version:\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
    return found[1] if found else None


def as_data() -> dict[str, dict[str, str | None]]:
    """Return all versions, each with the place it is at where that says something."""
    return {
        "px-ansible": {"version": __version__},
        "python": {"version": platform.python_version(), "path": sys.executable},
        "ansible-core": {"version": installed("ansible-core")},
        "ansible-runner": {"version": installed("ansible-runner")},
        content.COLLECTION: {"version": collection_version(content.root()), "path": str(content.root())},
    }
