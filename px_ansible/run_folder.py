"""The folder of one run: laid out for Ansible, closed to others, and tidied when the run has ended."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from px_ansible.content import link_collection
from px_ansible.errors import PrerequisiteError
from px_ansible.lookups import Template
from px_ansible.run_environment import ANSIBLE_CFG

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATE_MARKS = ("{{", "{%", "{#")
# SSH binds its sockets under a longer name first; all in all it must not exceed 108 bytes.
_LONGEST_PLACE = 40


def make_scratch() -> Path:
    """Make the folder for what only the run needs: SSH sockets, temporary files."""
    place = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="px-", dir=place if len(place) <= _LONGEST_PLACE else "/tmp"))  # noqa: S108


def lay_out(folder: Path, inventory: Mapping[str, Any], content: Path | None) -> Path:
    """Fill the folder of the run and return the inventory's path."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        link_collection(folder / "collections", content)
        hosts = folder / "inventory" / "hosts.json"
        hosts.parent.mkdir(mode=0o700)
        _write(hosts, json.dumps(literal(inventory), indent=1))
        _write(folder / "ansible.cfg", ANSIBLE_CFG)
        _close_to_others(folder)
    except OSError as error:
        raise PrerequisiteError(f"The folder for the run cannot be written: {error}") from error
    return hosts


def literal(value: Any) -> Any:
    """Mark what Ansible would take for a template as plain text: an inventory file is trusted otherwise."""
    if isinstance(value, Template):
        return str(value)
    if isinstance(value, str):
        return {"__ansible_unsafe": value} if any(mark in value for mark in _TEMPLATE_MARKS) else value
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [literal(item) for item in value]
    return value


def tidy(folder: Path, scratch: Path, artifacts: Path) -> None:
    """Remove what was needed only while the run lasted."""
    shutil.rmtree(scratch, ignore_errors=True)
    (artifacts / "command").unlink(missing_ok=True)
    (folder / "lifeline").unlink(missing_ok=True)
    # Left here: results of events that were never read, because the run was stopped.
    shutil.rmtree(artifacts / "job_events", ignore_errors=True)
    _close_to_others(folder)


def _close_to_others(folder: Path) -> None:
    for place, folders, files in os.walk(folder):
        for name in folders:
            if not Path(place, name).is_symlink():
                Path(place, name).chmod(0o700)
        for name in files:
            if not Path(place, name).is_symlink():
                Path(place, name).chmod(0o600)
    folder.chmod(0o700)


def private_file(path: Path) -> TextIO:
    """Open a file that is nobody else's from its first byte."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")


def _write(path: Path, text: str) -> None:
    with private_file(path) as file:
        file.write(text)
