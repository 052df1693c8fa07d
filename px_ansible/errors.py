"""Everything that can go wrong and is not a bug, with the exit code that each ends in.

Exit codes: 0 done, 1 unexpected (a bug), 2 usage, 3 px.yaml invalid, 4 prerequisite missing, 5 some hosts
failed, 6 some hosts unreachable, 7 `plan --detailed-exitcode` found something to do, 130 Ctrl-C.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from px_ansible.checks import Check

EXIT_CHANGES = 7
EXIT_CONTROL_C = 130
_MOST_NOTES = 10


class PxError(Exception):
    """An error with a message for the user; `hint` says what to type instead, `log` is what the failed part printed."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None, log: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = tuple(log)
        if hint:
            # Where a program lets it through, the traceback has it.
            self.add_note(f"Try: {hint}")


class UsageError(PxError):
    """The command line asks for something that cannot be."""

    exit_code = 2


@dataclass(frozen=True, order=True, slots=True)
class Issue:
    """One problem of a px.yaml: lines and columns count from 1; line 0 is the file as a whole.

    `path` leads to it through the data, and is empty where there are none. It says nothing that the other fields do
    not: an anchored value that is wrong is wrong once, however many aliases repeat it.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str | None = None
    rule: str = ""
    width: int = 1
    path: tuple[str | int, ...] = field(default=(), compare=False)


class ConfigError(PxError):
    """A px.yaml that is not valid, with all of its problems in file order, and the lines they stand on."""

    exit_code = 3

    def __init__(self, issues: Sequence[Issue], *, lines: Sequence[str] = ()) -> None:
        count = len(issues)
        super().__init__(f"{count} problem{'' if count == 1 else 's'}")
        self.issues = tuple(issues)
        self.lines = tuple(lines)
        for one in self.issues[:_MOST_NOTES]:
            # As above: a program that catches nothing ends with more than a number.
            self.add_note(f"{one.file}:{one.line}:{one.column}: {one.message}" + (f" ({one.hint})" if one.hint else ""))


class PrerequisiteError(PxError):
    """Something that the run needs is not there: a program, a right, a free port, another run's lock.

    `missing` are the things, where there are several, each with its own hint; `log` then says them too.
    """

    exit_code = 4

    def __init__(
        self, message: str, *, hint: str | None = None, log: Sequence[str] = (), missing: Sequence[Check] = ()
    ) -> None:
        said = [line for one in missing for line in (f"{one.name}: {one.found}", one.hint and f"  Try: {one.hint}")]
        super().__init__(message, hint=hint, log=[*log, *filter(None, said)])
        self.missing = tuple(missing)


class RunError(PxError):
    """Some hosts failed."""

    exit_code = 5


class UnreachableError(PxError):
    """Some hosts could not be reached."""

    exit_code = 6
