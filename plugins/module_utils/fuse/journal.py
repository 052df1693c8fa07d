"""What a unit's client said, as lines that a person can read."""

from __future__ import annotations

import subprocess
import time

_READ = 60
_LIMIT = 10


def lines(unit: str, invocation: str, *, settle: float = 0.0) -> list[str]:
    """Return the last lines of the unit's latest run, oldest first; of the run before where it is mute.

    `settle` waits for lines that a client wrote just before its end: they reach the journal a little later.
    """
    time.sleep(settle)
    found = _read(f"_SYSTEMD_INVOCATION_ID={invocation}") if invocation else []
    return found or _read(f"_SYSTEMD_UNIT={unit}")


def _read(match: str) -> list[str]:
    try:
        done = subprocess.run(
            ["journalctl", "--no-pager", "--quiet", "--output=cat", f"--lines={_READ}", "_TRANSPORT=stdout", match],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired):
        # The journal only explains: without it there is less to say, and nothing else is wrong.
        return []
    return [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
