"""What a unit's client said, as lines that a person can read."""

import subprocess
import time
from typing import List

_READ = 60
_LIMIT = 10
# Some clients write to syslog. What systemd itself says is neither.
_CLIENTS_OWN = ("_TRANSPORT=stdout", "_TRANSPORT=syslog")


def lines(unit: str, invocation: str, *, settle: float = 0.0) -> List[str]:
    """Return the last lines of the unit's latest run, oldest first; of the run before where it is mute.

    `settle` waits for lines that a client wrote just before its end: they reach the journal a little later.
    """
    time.sleep(settle)
    found = _read(f"_SYSTEMD_INVOCATION_ID={invocation}") if invocation else []
    return found or _read(f"_SYSTEMD_UNIT={unit}")


def _read(match: str) -> List[str]:
    try:
        done = subprocess.run(
            ["journalctl", "--no-pager", "--quiet", "--output=cat", f"--lines={_READ}", *_CLIENTS_OWN, match],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            universal_newlines=True,
            errors="replace",
            timeout=_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired):
        # The journal only explains: without it there is less to say, and nothing else is wrong.
        return []
    return [line.rstrip() for line in done.stdout.splitlines() if line.strip()]
