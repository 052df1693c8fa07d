"""Ansible collections: found where a run finds them, without Ansible."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible import content
from px_ansible.checks.model import Check
from px_ansible.checks.python import Line
from px_ansible.run_environment import collections_path
from px_ansible.versions import collection_version

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = ("playbooks", "roles", "plugins", "meta")


def own() -> Check:
    """Return the check of px.storage, the collection that px-ansible carries."""
    top = content.root()
    version = collection_version(top)
    absent = [part for part in _PARTS if not (top / part).is_dir()]
    if version is None or absent:
        what = ", ".join(absent) or "galaxy.yml"
        hint = "pip install --force-reinstall px-ansible"
        return Check("python", content.COLLECTION, "missing", f"{top} has no {what}", hint)
    return Check("python", content.COLLECTION, "ok", f"{version}, {top}")


def folders(name: str) -> Iterator[Path]:
    """Yield the folders that hold a collection, in the order of Ansible's search: the first one counts."""
    places = [*collections_path(), *(Path(path) for path in sys.path if path)]
    for place in places:
        # A path may name the folder itself or what is above it, as Ansible takes both.
        top = place if place.name == "ansible_collections" else place / "ansible_collections"
        folder = top.joinpath(*name.split("."))
        if folder.is_dir():
            yield folder


def check(subject: str, wanted: str, hint: str) -> Check:
    """Return the check of a collection that `wanted` names as a requirement: `amazon.aws>=10`."""
    line = Line(wanted)
    for folder in folders(line.name):
        version = collection_version(folder)
        if version is None:
            return Check(subject, line.name, "warning", f"{folder} does not say its version", hint)
        if not line.takes(version):
            found = f"{version}, {folder}; {line.wanted} is what px-ansible is made for"
            return Check(subject, line.name, "warning", found, hint)
        return Check(subject, line.name, "ok", f"{version}, {folder}")
    return Check(subject, line.name, "missing", "in none of Ansible's collections paths", hint)
