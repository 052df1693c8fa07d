"""Wait until a mount answers, or it is certain that it will not."""

import time
from typing import Dict, Optional

from ansible_collections.px.storage.plugins.module_utils.fuse import health, systemctl
from ansible_collections.px.storage.plugins.module_utils.fuse.mount import Mount
from ansible_collections.px.storage.plugins.module_utils.fuse.mountpoint import Answer

_PAUSE = 0.1


def wait(mount: Mount, began: float, timeout: float, *, leaving: Optional[str]) -> None:
    """Wait until the mount answers a listing; fail with the client's own reason where it will not.

    `leaving` is the run of the unit that is on its way out: it says nothing about the next.
    """
    restarts = None
    answer = None
    while True:
        left = timeout - (time.monotonic() - began)
        properties = systemctl.show([mount.unit])[mount.unit]
        if properties.get("InvocationID") != leaving:
            count = int(properties.get("NRestarts") or 0)
            restarts = count if restarts is None else restarts
            seen = health.look(mount.path, properties, max(left, 1))
            answer = seen.answer or answer
            if seen.state == "mounted":
                mount.answers(time.monotonic() - began, properties)
                return
            looping = seen.state == "failed" and count - restarts >= health.RESTARTS_OF_A_LOOP
            if looping or (seen.answer is not None and seen.answer.error and not seen.answer.dead):
                _give_up(mount, properties, f"{mount.client} cannot start", answer, settle=0.3)
                return
        if left <= 0:
            _give_up(mount, properties, f"no answer within {timeout:g} s", answer)
            return
        time.sleep(_PAUSE)


def _give_up(
    mount: Mount,
    properties: Dict[str, str],
    what: str,
    answer: Optional[Answer],
    *,
    settle: float = 0.0,
) -> None:
    mount.journal = health.said(mount.client, mount.unit, properties, settle=settle)
    fallback = f"a listing fails: {answer.reason}" if answer is not None and answer.error else ""
    reason = health.why(mount.client, mount.journal, mount.wanted, fallback)
    timed_out = what.startswith("no answer") and reason
    mount.fail(f"{what}: {reason}" if timed_out else reason or what, f"journalctl -u {mount.unit}")
