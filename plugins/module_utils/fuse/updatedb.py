"""Keep updatedb out of the mounts: it lists every file of a host for `locate`, and a bucket's bill shows that."""

import os
import re
from typing import Dict, Iterable, List, Optional

from ansible_collections.px.storage.plugins.module_utils.fuse import text_file

FILE = "/etc/updatedb.conf"
_LINE = re.compile(r'^(?P<head>[ \t]*PRUNEPATHS[ \t]*=[ \t]*")(?P<paths>[^"\n]*)(?P<tail>".*\n?)', re.MULTILINE)


def names(path: str) -> bool:
    """Whether updatedb leaves the path out by its name."""
    text = _text()
    return text is not None and path in _paths(text)


def passes(path: str) -> bool:
    """Whether updatedb leaves the path out already: by its name or that of a folder above; or there is no updatedb."""
    text = _text()
    return text is None or any((path + "/").startswith(one.rstrip("/") + "/") for one in _paths(text))


def change(add: Iterable[str], remove: Iterable[str], *, check: bool) -> Optional[Dict[str, str]]:
    """Add paths to PRUNEPATHS and take others out; return the change, None where there is none."""
    before = _text()
    if before is None:
        return None
    after = edited(before, list(add), list(remove))
    if after == before:
        return None
    if not check:
        # Through a link, and with the permissions it had.
        path = os.path.realpath(FILE)
        text_file.write(path, after, text_file.mode(path) or 0o644)
    return text_file.diff(FILE, before, after)


def edited(text: str, add: List[str], remove: List[str]) -> str:
    """Return the text of updatedb.conf with other PRUNEPATHS, and everything else as it was."""
    paths = _paths(text)
    kept = [path for path in paths if path not in remove]
    new = kept + [path for path in add if path not in kept]
    if new == paths:
        return text
    found = _LINE.search(text)
    if found is None:
        return text + ("" if text.endswith("\n") or not text else "\n") + 'PRUNEPATHS="' + " ".join(new) + '"\n'
    line = found.group("head") + " ".join(new) + found.group("tail") if new else ""
    return text[: found.start()] + line + text[found.end() :]


def _paths(text: str) -> List[str]:
    found = _LINE.search(text)
    return found.group("paths").split() if found else []


def _text() -> Optional[str]:
    return text_file.read(FILE) if os.path.isfile(FILE) else None
