"""The config and credentials of one mount: files in a folder of its own that only root can read."""

import os
import re
import shutil
from typing import Dict, List, NamedTuple, Optional, Sequence

from ansible_collections.px.storage.plugins.module_utils.fuse import text_file
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import File

FOLDER_MODE = 0o700
FILE_MODE = 0o600
# What stands in a diff for a secret. Two words, so that a change of it is seen as one.
SHOWN = "(a secret)\n"
SHOWN_OTHER = "(another secret)\n"
_DIRTY = re.compile(r'"Dirty":\s*true')


class Change(NamedTuple):
    """A file that is not as wanted. `before` is None where it is missing, `file` where it is not wanted."""

    path: str
    before: Optional[str]
    file: Optional[File]

    @property
    def restarts(self) -> bool:
        """Whether a running client has to be started again for it.

        For one that is no longer wanted its unit has changed as well, or the files that are.
        """
        return self.file is not None and not self.file.live and self.before != self.file.text


def compare(folder: str, wanted: Sequence[File]) -> List[Change]:
    """Return what differs in a mount's folder: files to write, and those that are no longer wanted."""
    changes = []
    for file in wanted:
        path = os.path.join(folder, file.name)
        there = text_file.mode(path)
        before = None if there is None else text_file.read(path)
        if before != file.text or there != FILE_MODE:
            changes.append(Change(path, before, file))
    names = {file.name for file in wanted}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        # Folders are the client's own, such as a working folder.
        if name not in names and not os.path.isdir(path):
            changes.append(Change(path, text_file.read(path), None))
    return changes


def open_to_others(folder: str) -> bool:
    """Whether the folder is there and not for root alone."""
    return os.path.isdir(folder) and text_file.mode(folder) != FOLDER_MODE


def apply(folder: str, changes: Sequence[Change]) -> None:
    """Make the folder and its files as wanted."""
    os.makedirs(folder, mode=FOLDER_MODE, exist_ok=True)
    os.chmod(folder, FOLDER_MODE)
    for change in changes:
        if change.file is None:
            text_file.remove(change.path)
        else:
            text_file.write(change.path, change.file.text, FILE_MODE)


def make_cache(folder: str) -> None:
    """Make the folder of a disk cache for root alone; the folders above it are everybody's as usual."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    if not os.path.isdir(folder):
        os.mkdir(folder, FOLDER_MODE)
    os.chmod(folder, FOLDER_MODE)


def not_uploaded(cache: str) -> int:
    """Return how many files of a disk cache the store does not have yet. Only rclone keeps such, and notes it there."""
    found = 0
    for folder, _, names in os.walk(os.path.join(cache, "vfsMeta")):
        found += sum(1 for name in names if _DIRTY.search(text_file.read(os.path.join(folder, name))))
    return found


def remove_tree(folder: str) -> bool:
    """Remove a folder of ours and what is in it; return whether there was one."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        return False
    # A file that a client is just taking away itself is no failure.
    shutil.rmtree(folder, ignore_errors=True)
    return not os.path.isdir(folder)


def diffs(changes: Sequence[Change]) -> List[Dict[str, str]]:
    """Return the changes as Ansible shows them, without a secret. A file nobody wants any more counts as one."""
    return [_diff(change) for change in changes]


def _diff(change: Change) -> Dict[str, str]:
    if change.file is not None and not change.file.secret:
        return text_file.diff(change.path, change.before or "", change.file.text)
    before = "" if change.before is None else SHOWN
    if change.file is None:
        return text_file.diff(change.path, before, "")
    same = change.before in (None, change.file.text)
    return text_file.diff(change.path, before, SHOWN if same else SHOWN_OTHER)
