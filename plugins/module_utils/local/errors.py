"""The one exception of this package; the modules turn it into `fail_json`."""

from __future__ import annotations

import re


class LocalError(Exception):
    """Something on this computer is not as needed; `hint` says what to do, `log` holds what failed said last."""

    def __init__(self, message: str, hint: str | None = None, log: list[str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.log = log or []

    def result(self) -> dict[str, object]:
        """Return the keyword arguments of `fail_json`."""
        return {"msg": self.message, "hint": self.hint, "log": self.log}


def last_lines(path: str, count: int = 12) -> list[str]:
    """Return the last `count` non-empty lines of a log, without colours and control characters."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()[-20_000:]
    except FileNotFoundError:
        return []
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    lines = ("".join(char for char in line if char.isprintable()).strip() for line in text.splitlines())
    return [line for line in lines if line][-count:]
