"""npm packages that tests use, installed once into the cache outside of the checkout by the Node of extra `local`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local import record
from ansible_collections.px.storage.plugins.module_utils.local.bucket_servers.azurite import find_node

_KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible" / "tests" / "node"
VERSIONS = {"@microsoft/jest-sarif": "1.0.0-beta.0", "yaml-language-server": "2.0.0"}
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


def node() -> list[str]:
    """Return the beginning of Node's command line."""
    return find_node().node


def installed(name: str) -> Path:
    """Return the folder of a package, after installing it where it is missing."""
    target = _KEPT / f"{name.replace('/', '+')}-{VERSIONS[name]}"
    with record.lock(_KEPT, ".lock"):
        if not target.is_dir():
            _install(name, target)
    return target / "node_modules" / name


def _install(name: str, target: Path) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    command = [*find_node().npm, "install", f"--prefix={temporary}", *_OPTIONS, f"{name}@{VERSIONS[name]}"]
    subprocess.run(command, cwd=temporary, stdin=subprocess.DEVNULL, check=True)
    temporary.rename(target)
