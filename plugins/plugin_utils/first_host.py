"""One host tries for all: the first that comes runs a module, and the others take its answer.

The hosts of a run are processes that share the controller's temporary folder, which is new with every run.
"""

from __future__ import annotations

import fcntl
import json
import typing as t
from pathlib import Path

from ansible import constants


def once(name: str, run: t.Callable[[], dict[str, t.Any]]) -> tuple[dict[str, t.Any], bool]:
    """Return what `run` returned for the first host that called with this name, and whether it was this one.

    The others wait. An answer that says nothing of the thing itself (the host could not be reached) is not kept: the
    next host runs it then.
    """
    folder = Path(constants.DEFAULT_LOCAL_TMP)
    kept = folder / f"once-{name}.json"
    with (folder / f"once-{name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if kept.exists():
            answer: dict[str, t.Any] = json.loads(kept.read_text(encoding="utf-8"))
            return answer, False
        answer = run()
        if not answer.get("unreachable") and "answers" in answer:
            kept.write_text(json.dumps(answer), encoding="utf-8")
        return answer, True
