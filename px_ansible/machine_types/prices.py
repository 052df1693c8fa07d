"""Reads the machine types: the data that px-ansible brings, and the user's own beside it."""

from __future__ import annotations

import json
import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible.errors import PrerequisiteError
from px_ansible.machine_types.model import MachineType, PriceList

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DATA = Path(__file__).parent / "data"
_NEEDED = ("name", "vcpus", "memory_gib")
_ARCHITECTURES = ("x86_64", "aarch64")


def users_file(provider: str) -> Path:
    """Return where a user's own machine types of a provider are looked for; PX_MACHINE_TYPES names another folder."""
    if folder := os.environ.get("PX_MACHINE_TYPES"):
        return Path(folder) / f"{provider}.json"
    import platformdirs  # noqa: PLC0415 - most commands need none of it

    return platformdirs.user_config_path("px-ansible") / "machine-types" / f"{provider}.json"


def price_list(provider: str) -> PriceList | None:
    """Return the machine types of a provider, those of the user's file in place of ours; None where it has none.

    A user's file with `"replace": true` is taken alone.

    Raises:
        PrerequisiteError: where the user's file is not what it should be.
    """
    ours = _DATA / f"{provider}.json"
    if not ours.is_file():
        return None
    file = users_file(provider)
    try:
        return _joined(provider, ours, file, file.stat().st_mtime_ns)
    except FileNotFoundError:
        return _joined(provider, ours, None, 0)


@cache
def _joined(provider: str, ours: Path, users: Path | None, _changed: int) -> PriceList:
    data = json.loads(ours.read_text(encoding="utf-8"))
    if users is None:
        return PriceList(provider, data["source"], _types(data))
    try:
        theirs = json.loads(users.read_text(encoding="utf-8"))
        types = _types(theirs)
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise PrerequisiteError(
            f"The machine types in {users} cannot be used: {error}",
            hint=f"mend it (docs/machine-types.md has its form), or remove it: rm {users}",
        ) from error
    before = {} if theirs.get("replace") else _types(data)
    return PriceList(provider, theirs.get("source") or str(users), {**before, **types}, str(users))


def _types(data: Any) -> dict[str, MachineType]:
    if not isinstance(data, dict) or not isinstance(data.get("types"), list):
        raise TypeError("it has no list 'types'")
    if not isinstance(data.get("date"), str):
        raise TypeError("it has no 'date', the day that the prices are of")
    if not _is_day(data["date"]):
        raise ValueError("its 'date' is not a day such as 2026-11-25")
    if not isinstance(data.get("region"), str | None):
        raise TypeError("its 'region' is not the name of a region")
    head = {"date": data["date"], "region": data.get("region")}
    types = [_type(number, one, head) for number, one in enumerate(data["types"], start=1)]
    return {one.name: one for one in types}


def _type(number: int, one: Any, head: dict[str, Any]) -> MachineType:
    if not isinstance(one, dict):
        raise TypeError(f"type {number} is not an object")
    if unknown := sorted(one.keys() - _FORMS.keys()):
        raise ValueError(f"type {number} has the unknown key {unknown[0]!r}; known are {', '.join(_FORMS)}")
    for key in _NEEDED:
        if key not in one:
            raise ValueError(f"type {number} needs {key!r}")
    for key, value in one.items():
        is_right, words = _FORMS[key]
        if not is_right(value) and (value is not None or key in _NEEDED):
            raise ValueError(f"{key!r} of type {number}, {one['name']!r}, is not {words}")
    says = {key: value for key, value in one.items() if value is not None}
    return MachineType(**{"arch": _ARCHITECTURES[0], **says, **head})


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_positive(value: Any) -> bool:
    # True is 1 to Python; JSON's NaN and Infinity are numbers to it.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: isinstance(value, str) and value != "", "a text"),
    "vcpus": (_is_positive, "a number above 0"),
    "memory_gib": (_is_positive, "a number above 0"),
    "arch": (lambda value: value in _ARCHITECTURES, f"one of {', '.join(_ARCHITECTURES)}"),
    "usd_per_hour": (_is_positive, "a number above 0"),
    "spot_usd_per_hour": (_is_positive, "a number above 0"),
    "shared": (lambda value: isinstance(value, bool), "true or false"),
    "gpu": (lambda value: isinstance(value, str), "a text"),
    "disk_gib": (_is_positive, "a number above 0"),
}
