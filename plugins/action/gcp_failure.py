"""End with what a module of google.cloud failed with, as a sentence and what helps."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.px.storage.plugins.module_utils.gcp import failures


class ActionModule(ActionBase):
    """Runs on the controller. `result` is the result of the task that failed, `doing` what it did."""

    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset({"result", "doing"})

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Fail."""
        super().run(tmp, task_vars)
        return failures.failure(self._task.args["result"], self._task.args.get("doing", ""))
