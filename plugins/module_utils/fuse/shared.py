"""What the mounts of a host share: the programs that units call, and the units of the probe."""

import contextlib
import os
import sys
from typing import Dict, List, NamedTuple, Set

from ansible_collections.px.storage.plugins.module_utils.fuse import aws_credentials, places, probe, text_file


class SharedFile(NamedTuple):
    """A file that mounts share."""

    path: str
    text: str
    permissions: int

    @property
    def right(self) -> bool:
        """Whether it is as it shall be."""
        return text_file.mode(self.path) == self.permissions and text_file.read(self.path) == self.text

    @property
    def is_unit(self) -> bool:
        """Whether systemd has to read it."""
        return os.path.dirname(self.path) == places.SHARED_UNITS


def wanted(programs: Set[str], *, probed: bool) -> List[SharedFile]:
    """Return the files for mounts that call these programs, and for the probe where one of them is probed."""
    texts = {}
    if aws_credentials.NAME in programs:
        texts[aws_credentials.NAME] = aws_credentials.text(_interpreter())
    if probed:
        texts[probe.NAME] = probe.program(places.RUN)
    files = [SharedFile(os.path.join(places.PROGRAMS, name), text, 0o755) for name, text in sorted(texts.items())]
    if probed:
        for name, text in ((probe.SERVICE, probe.service_text(places.PROGRAMS)), (probe.TIMER, probe.timer_text())):
            files.append(SharedFile(os.path.join(places.SHARED_UNITS, name), text, 0o644))
    return files


def _interpreter() -> str:
    # The host's own. Some have none of that name, such as RHEL 8: then the one that runs here.
    usual = "/usr/bin/python3"
    return usual if os.access(usual, os.X_OK) else sys.executable


def diffs(files: List[SharedFile]) -> List[Dict[str, str]]:
    """Return what writing them would change."""
    return [text_file.diff(file.path, text_file.read(file.path), file.text) for file in files]


def write(files: List[SharedFile]) -> List[Dict[str, str]]:
    """Write files; return the changes."""
    changes = diffs(files)
    for file in files:
        os.makedirs(os.path.dirname(file.path), mode=0o755, exist_ok=True)
        text_file.write(file.path, file.text, file.permissions)
    return changes


def remove() -> None:
    """Remove everything shared: the last mount of the host is gone."""
    for name in (probe.SERVICE, probe.TIMER):
        text_file.remove(os.path.join(places.SHARED_UNITS, name))
    for name in (probe.NAME, aws_credentials.NAME):
        text_file.remove(os.path.join(places.PROGRAMS, name))
    # Folders go where they are empty: another's files in them are not ours to take.
    for folder in (places.PROGRAMS, places.SHARED_UNITS, os.path.dirname(places.SHARED_UNITS)):
        with contextlib.suppress(OSError):
            os.rmdir(folder)
