"""How a run went, in its folder: run.json (command, when, exit code, counts) and report.json; and finding one again."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from px_ansible import runs, whole_file
from px_ansible.errors import EXIT_CONTROL_C, PxError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from px_ansible.report import Report

VERSION = 1
_FAILED = ("failed", "unreachable")


@dataclass
class RunRecord:
    """One run; without `ended` it goes on, or was killed."""

    folder: Path
    command: str
    began: datetime
    ended: datetime | None = None
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def begin(cls, folder: Path, command: str) -> Self:
        """Note that a run begins."""
        record = cls(folder, command, datetime.now(UTC))
        record._write()
        return record

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return what a run's folder says; where its run.json is missing, its name says the rest."""
        data: dict[str, Any] = {}
        with suppress(OSError, ValueError):
            data = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        moment, _, word = folder.name.partition("-")
        began, ended = data.get("began"), data.get("ended")
        return cls(
            folder,
            data.get("command") or word,
            datetime.fromisoformat(began) if began else _moment(moment),
            datetime.fromisoformat(ended) if ended else None,
            data.get("exit_code"),
            data.get("counts") or {},
        )

    def end(self, report: Report, exit_code: int) -> None:
        """Note how it ended, and keep its report."""
        self.ended, self.exit_code = datetime.now(UTC), exit_code
        self.counts = {
            "hosts": sum(name != "localhost" for name in report.hosts),
            "changed": report.changed,
            "failed": len(report.failed),
            "unreachable": len(report.unreachable),
        }
        self._write()
        self.keep(report)

    def end_with(self, report: Report, error: BaseException) -> None:
        """Note what broke it off."""
        code = error.code if isinstance(error, SystemExit) else None
        code = EXIT_CONTROL_C if isinstance(error, KeyboardInterrupt) else code
        code = error.exit_code if isinstance(error, PxError) else code
        # A state folder that is full, or gone, must not hide the error.
        with suppress(OSError):
            self.end(report, code if isinstance(code, int) else 1)

    def keep(self, report: Report) -> None:
        """Keep the report; it may know more later than when the run ended."""
        self._put("report.json", report.as_data())

    @property
    def name(self) -> str:
        """What the run is called: the name of its folder."""
        return self.folder.name

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        return (self.ended - self.began).total_seconds() if self.ended else None

    @property
    def state(self) -> str:
        """How it ended, in a word or two."""
        if self.exit_code is not None:
            return "ok" if self.exit_code == 0 else f"exit {self.exit_code}"
        return "running" if runs.is_alive(self.folder) else "killed"

    def as_data(self) -> dict[str, Any]:
        """Return the run as plain data."""
        data = asdict(self) | {"folder": str(self.folder), "run": self.name, "state": self.state}
        seconds = self.seconds
        return data | {
            "began": self.began.isoformat(timespec="milliseconds"),
            "ended": self.ended.isoformat(timespec="milliseconds") if self.ended else None,
            "seconds": None if seconds is None else round(seconds, 1),
        }

    def report(self) -> dict[str, Any] | None:
        """Return the report as `Report.as_data` wrote it, None where the run was killed before."""
        try:
            data: dict[str, Any] = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return data

    def failed_steps(self) -> Iterator[Mapping[str, Any]]:
        """Yield the events of the journal that say that a step failed."""
        with suppress(OSError), (self.folder / "events.jsonl").open(encoding="utf-8") as journal:
            for line in journal:
                # A killed run may have written half of its last line.
                with suppress(ValueError):
                    event = json.loads(line)
                    if event["kind"] in _FAILED:
                        yield event

    def _write(self) -> None:
        data = {name: value for name, value in self.as_data().items() if name not in ("folder", "run", "state")}
        self._put("run.json", {"version": VERSION, **data})

    def _put(self, name: str, data: Mapping[str, Any]) -> None:
        whole_file.write(self.folder / name, json.dumps(data, indent=1))


def _moment(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def pick(folders: Sequence[Path], which: str) -> RunRecord:
    """Return a run: `last`, `-1`, `-2` (of those that change something), or the begin of a run's name."""
    changing = [folder for folder in folders if not runs.only_looked(folder)] or list(folders)
    if not changing:
        raise UsageError("there has been no run yet", hint="px-ansible provision")
    if which == "last":
        return RunRecord.read(changing[-1])
    if counted := re.fullmatch(r"(?:last)?-(\d+)", which):
        back = int(counted[1])
        if 1 <= back <= len(changing):
            return RunRecord.read(changing[-back])
        raise UsageError(f"there are only {len(changing)} runs", hint="px-ansible runs lists them")
    found = [folder for folder in folders if folder.name.startswith(which)]
    exact = [folder for folder in found if folder.name == which]
    if len(exact or found) == 1:
        return RunRecord.read((exact or found)[0])
    if found:
        names = ", ".join(folder.name for folder in found[:5])
        raise UsageError(f"{len(found)} runs begin with {which!r}: {names}", hint="write more of the name")
    raise UsageError(f"there is no run {which!r}", hint="px-ansible runs --all lists them; `last`, -1 and -2 go too")
