"""Let the first host of a run try the buckets for all, and say what is missing and who can grant it."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ansible.plugins.action import ActionBase
from ansible_collections.px.storage.plugins.module_utils.gcp import buckets
from ansible_collections.px.storage.plugins.plugin_utils import first_host

_OK = 200


class ActionModule(ActionBase):
    """Runs the module on one host, and judges its answer on every host."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return the judgement."""
        super().run(tmp, task_vars)
        asked = hashlib.sha256(json.dumps(self._task.args, sort_keys=True, default=str).encode()).hexdigest()[:16]
        answer, mine = first_host.once(
            f"gcp_bucket_canary-{asked}",
            lambda: t.cast("dict[str, t.Any]", self._execute_module(module_args=self._task.args, task_vars=task_vars)),
        )
        if "answers" not in answer:
            return answer if "failure" not in answer else {"failed": True, "msg": answer["failure"]}
        roles = {one["name"]: buckets.role_for(one) for one in self._task.args["buckets"]}
        refused = [one for one in answer["answers"] if one["status"] != _OK or one["missing"]]
        if not refused:
            return {"changed": False, "account": answer["account"], "tried_here": mine}
        hints = [_hint(one, answer["account"], roles[one["bucket"]]) for one in refused]
        return {
            "failed": True,
            "msg": "; ".join(_sentence(one, answer["account"]) for one in refused),
            "hint": " && ".join(dict.fromkeys(filter(None, hints))) or None,
        }


def _sentence(one: t.Mapping[str, t.Any], account: str) -> str:
    bucket = f"gs://{one['bucket']}"
    if one["missing"]:
        return f"{account} may not use {bucket}: {', '.join(one['missing'])} is missing"
    return f"{bucket} does not answer {account}: {one['message'] or one['status']}"


def _hint(one: t.Mapping[str, t.Any], account: str, role: str) -> str | None:
    return buckets.command(one["bucket"], f"serviceAccount:{account}", role) if one["missing"] else None
