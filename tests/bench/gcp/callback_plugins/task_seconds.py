"""Note what each task took on each host: a line of JSON each, for the benchmark to add up."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Write a line per task and host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_seconds"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[tuple[str, str], float] = {}

    def v2_runner_on_start(self, host, task) -> None:
        self._began[host.name, task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result) -> None:
        self._note(result, "ok")

    def v2_runner_on_skipped(self, result) -> None:
        self._note(result, "skipped")

    def v2_runner_on_failed(self, result, ignore_errors=False) -> None:
        self._note(result, "failed")

    def _note(self, result, state: str) -> None:
        now = time.monotonic()
        began = self._began.pop((result._host.name, result._task._uuid), now)
        line = {"task": result._task.name, "state": state, "seconds": now - began}
        with Path(os.environ["PX_BENCH_TASKS"]).open("a") as file:
            file.write(json.dumps(line) + "\n")
