"""One wanted mount on its way through a run, and its result."""

import contextlib
from typing import Any, Dict, Iterator, List, Optional

from ansible_collections.px.storage.plugins.module_utils.fuse import files, places, text_file, unit
from ansible_collections.px.storage.plugins.module_utils.fuse.clients.service import Service
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused
from ansible_collections.px.storage.plugins.module_utils.fuse.systemctl import SystemctlError


class Mount:
    """A wanted mount: what was found, what is to do, and what became of it."""

    def __init__(self, client: str, wanted: Dict[str, Any]) -> None:
        self.client = client
        path = str(wanted["path"])
        self.path = path.rstrip("/") if path.strip("/") else path
        self.wanted = dict(wanted, path=self.path)
        self.state = wanted.get("state") or "present"
        self.unit = unit.name(self.path)
        self.slug = unit.slug(self.unit)
        self.place = places.of(self.slug)
        # What is wanted of the host for it, and what is there: the unit's text, and files that differ.
        self.service: Service = Service([])
        self.before = ""
        self.after = ""
        self.files: List[files.Change] = []
        self.properties: Dict[str, str] = {}
        # What is to do, in words, and what of it is to be known.
        self.actions: List[str] = []
        self.rolling = False
        self.set_off = False
        # Changes of files that are not the mount's own, as Ansible shows them.
        self.other_diffs: List[Dict[str, str]] = []
        self.version = ""
        self.ready = False
        self.seconds: Optional[float] = None
        self.error: Optional[str] = None
        self.hint: Optional[str] = None
        self.warning: Optional[str] = None
        self.journal: List[str] = []

    def fail(self, error: str, hint: Optional[str] = None) -> None:
        """Note why the mount is not as wanted; the first reason counts."""
        if self.error is None:
            self.error, self.hint = error, hint
        self.ready = False

    @contextlib.contextmanager
    def failing(self) -> Iterator[None]:
        """Let what goes wrong inside be this mount's error, so that the others go on."""
        try:
            yield
        except Refused as refused:
            # Nothing was done, so nothing shall read as if it had been.
            self.actions, self.after, self.files = [], self.before, []
            self.fail(str(refused), refused.hint)
        except SystemctlError as error:
            self.fail(str(error), f"systemctl status {self.unit}")
        except OSError as error:
            self.fail(str(error))

    @property
    def invocation(self) -> str:
        """The run of the unit that was seen last."""
        return self.properties.get("InvocationID", "")

    @property
    def running(self) -> bool:
        """Whether systemd keeps the client up."""
        return self.properties.get("ActiveState") in ("active", "activating", "reloading")

    def will(self, what: str) -> bool:
        """Whether an action that begins with these words is to be done."""
        return any(action.startswith(what) for action in self.actions)

    def answers(self, seconds: float, properties: Dict[str, str]) -> None:
        """Note that the mount answered."""
        self.ready, self.seconds, self.properties = True, seconds, properties

    def result(self) -> Dict[str, Any]:
        """Return the mount's part of the module's result."""
        return {
            "path": self.path,
            "bucket": self.wanted.get("bucket") or "",
            "client": self.client,
            "version": self.version,
            "unit": self.unit,
            "state": self.state,
            "changed": bool(self.actions),
            "actions": self.actions,
            "ready": self.ready,
            "seconds": round(self.seconds or 0.0, 3),
            "error": self.error,
            "hint": self.hint,
            "journal": self.journal,
        }

    def complaint(self) -> str:
        """Return the error with the path it is about."""
        error = self.error or ""
        return error if error.startswith(self.path) else f"{self.path}: {error}"

    def diffs(self) -> List[Dict[str, str]]:
        """Return what changes, file by file, without secrets."""
        found = []
        if self.before != self.after:
            found.append(text_file.diff(f"{unit.FOLDER}/{self.unit}", self.before, self.after))
        return found + files.diffs(self.files) + self.other_diffs
