"""One wanted mount on its way through a run, and its result."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ansible_collections.px.storage.plugins.module_utils.fuse import unit
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Refused
from ansible_collections.px.storage.plugins.module_utils.fuse.systemctl import SystemctlError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Mount:
    """A wanted mount: what was found, what is to do, and what became of it."""

    def __init__(self, client: str, wanted: dict[str, Any]) -> None:
        self.client = client
        path = str(wanted["path"])
        self.path = path.rstrip("/") if path.strip("/") else path
        self.wanted = {**wanted, "path": self.path}
        self.state = wanted.get("state") or "present"
        self.unit = unit.name(self.path)
        self.before = ""
        self.after = ""
        self.properties: dict[str, str] = {}
        self.actions: list[str] = []
        self.rolling = False
        self.set_off = False
        self.ready = False
        self.seconds: float | None = None
        self.error: str | None = None
        self.hint: str | None = None
        self.journal: list[str] = []

    def fail(self, error: str, hint: str | None = None) -> None:
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
            self.actions, self.after = [], self.before
            self.fail(str(refused), refused.hint)
        except SystemctlError as error:
            self.fail(str(error), f"systemctl status {self.unit}")
        except OSError as error:
            self.fail(str(error))

    @property
    def invocation(self) -> str:
        """The run of the unit that was seen last."""
        return self.properties.get("InvocationID", "")

    def answers(self, seconds: float, properties: dict[str, str]) -> None:
        """Note that the mount answered."""
        self.ready, self.seconds, self.properties = True, seconds, properties

    def result(self) -> dict[str, Any]:
        """Return the mount's part of the module's result."""
        return {
            "path": self.path,
            "bucket": self.wanted.get("bucket") or "",
            "client": self.client,
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

    def diff(self) -> dict[str, str] | None:
        """Return the unit's text before and after, where it changes."""
        if self.before == self.after:
            return None
        file = f"{unit.FOLDER}/{self.unit}"
        return {"before_header": file, "before": self.before, "after_header": file, "after": self.after}
