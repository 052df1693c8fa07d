"""Where the collection (roles, playbooks, plugins) is: inside the wheel, or the checkout around this package.

Editable installs do not get hatchling's force-include, so the checkout itself is the second place. Nothing
else in px_ansible knows that there are two.
"""

from __future__ import annotations

from pathlib import Path

COLLECTION = "px.storage"


def root() -> Path:
    """Return the folder that holds galaxy.yml, roles/, playbooks/ and plugins/."""
    package = Path(__file__).resolve().parent
    packaged = package / "_content"
    return packaged if packaged.is_dir() else package.parent


def link_collection(folder: Path, content: Path | None = None) -> Path:
    """Make `folder` a collections path that holds px.storage, and return it.

    Ansible finds a collection by its place only, `ansible_collections/<namespace>/<name>`; a link puts it there
    wherever it is installed.
    """
    link = folder.joinpath("ansible_collections", *COLLECTION.split("."))
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    link.symlink_to(content or root(), target_is_directory=True)
    return folder
