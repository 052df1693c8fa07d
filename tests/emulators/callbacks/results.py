"""What each task of a playbook gave, one JSON document a line, in the file that PX_RESULTS names."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: aggregate
short_description: Results of tasks as lines of JSON
description: [Writes what each task gave, and at last the counts and what set_stats returned.]
"""


class CallbackModule(CallbackBase):
    """The callback; it is on wherever the folder is one of callbacks."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "results"

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self._stream = Path(os.environ["PX_RESULTS"]).open("w", encoding="utf-8")  # noqa: SIM115 - for the whole run

    def _write(self, **line):
        self._stream.write(json.dumps(line, default=str) + "\n")
        self._stream.flush()

    def _result(self, state, result):
        task = result._task
        self._write(state=state, host=result._host.get_name(), task=task.name, action=task.action, data=result._result)

    def v2_runner_on_ok(self, result):
        self._result("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._result("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self._result("skipped", result)

    def v2_playbook_on_stats(self, stats):
        hosts = {host: stats.summarize(host) for host in stats.processed}
        self._write(stats=hosts, returned=stats.custom.get("_run", {}))
