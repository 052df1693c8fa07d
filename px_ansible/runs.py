"""The folders of a cluster's runs: made, cleaned, counted; and the ones that a killed px-ansible left."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from px_ansible.errors import PrerequisiteError

if TYPE_CHECKING:
    from pathlib import Path

# Of each kind, so that a `status --watch` does not push out the provision that explains what it sees.
KEPT = 20
LOOKS = ("checks", "list", "status")
# leash.py gives Ansible 10 seconds to end before it kills it.
_PATIENCE = 20.0


def new(folder: Path, command: str) -> Path:
    """Make the folder for a run of `command` under `folder`, and clean up behind the runs before it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    word = re.sub(r"[^A-Za-z0-9]+", "-", command).strip("-") or "run"
    while True:
        # Names sort by time, so no two may have the same.
        now = datetime.now(UTC)
        moment = f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03d}Z"
        made = folder / f"{moment}-{word}"
        if not any(folder.glob(f"{moment}-*")):
            with suppress(FileExistsError):
                made.mkdir(mode=0o700)
                break
        time.sleep(0.001)
    earlier = [run for run in all_runs(folder) if run != made]
    for run in earlier:
        _scrub(run)
    alike = [run for run in earlier if only_looked(run) == only_looked(made)]
    for run in alike[: max(0, len(alike) - KEPT + 1)]:
        if not is_alive(run):
            shutil.rmtree(run, ignore_errors=True)
    return made


def all_runs(folder: Path) -> list[Path]:
    """Return the runs' folders, oldest first."""
    return sorted(run for run in folder.iterdir() if run.is_dir()) if folder.is_dir() else []


def only_looked(run: Path) -> bool:
    """Say whether the run was one that changes nothing."""
    return run.name.partition("-")[2] in LOOKS


def wait_for_abandoned(folder: Path) -> None:
    """Wait until no run goes on whose px-ansible was killed; only the holder of the cluster's lock may ask."""
    deadline = time.monotonic() + _PATIENCE
    for run in all_runs(folder):
        while is_alive(run):
            if time.monotonic() > deadline:
                raise PrerequisiteError(
                    f"Ansible still works for a px-ansible that is gone: {run}",
                    hint="Run this again when it has ended; `ps` shows it as leash.py.",
                )
            time.sleep(0.1)


def is_alive(run: Path) -> bool:
    """Say whether the run's Ansible still works: leash.py keeps the lifeline locked as long as it does."""
    try:
        lifeline = os.open(run / "lifeline", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lifeline, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lifeline)
    return False


def _scrub(run: Path) -> None:
    """Remove what a killed run could leave: the environment of its Ansible, and results that nobody read."""
    for file in run.glob("artifacts/*/command"):
        file.unlink(missing_ok=True)
    if not is_alive(run):
        for events in run.glob("artifacts/*/job_events"):
            shutil.rmtree(events, ignore_errors=True)
        (run / "lifeline").unlink(missing_ok=True)
