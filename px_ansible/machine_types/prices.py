"""Reads the machine types: the data that px-ansible brings, and the user's own beside it."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from px_ansible.errors import PrerequisiteError
from px_ansible.machine_types.model import MachineType, PriceList

_DATA = Path(__file__).parent / "data"
_OF_A_TYPE = {field.name for field in fields(MachineType)} - {"date", "region"}
_NEEDED = {"name": str, "vcpus": int | float, "memory_gib": int | float}
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
    except (OSError, ValueError, TypeError) as error:
        raise PrerequisiteError(
            f"The machine types in {users} cannot be used: {error}",
            hint=f"mend it, or remove it: rm {users}; it has the form of {ours}",
        ) from error
    before = {} if theirs.get("replace") else _types(data)
    return PriceList(provider, theirs.get("source") or str(users), {**before, **types}, str(users))


def _types(data: Any) -> dict[str, MachineType]:
    if not isinstance(data, dict) or not isinstance(data.get("types"), list):
        raise TypeError("it has no list 'types'")
    if not isinstance(data.get("date"), str):
        raise TypeError("it has no 'date', the day that the prices are of")
    head = {"date": data["date"], "region": data.get("region")}
    types = [_type(number, one, head) for number, one in enumerate(data["types"], start=1)]
    return {one.name: one for one in types}


def _type(number: int, one: Any, head: dict[str, Any]) -> MachineType:
    if not isinstance(one, dict):
        raise TypeError(f"type {number} is not an object")
    if unknown := sorted(one.keys() - _OF_A_TYPE):
        raise ValueError(f"type {number} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(_OF_A_TYPE))}")
    for key, kind in _NEEDED.items():
        if not isinstance(one.get(key), kind):
            raise TypeError(f"type {number} needs {key!r}")
    for key in ("usd_per_hour", "spot_usd_per_hour"):
        if not isinstance(one.get(key), int | float | None):
            raise TypeError(f"{key!r} of {one['name']!r} is not a number")
    if one.setdefault("arch", "x86_64") not in _ARCHITECTURES:
        raise ValueError(f"'arch' of {one['name']!r} is none of {', '.join(_ARCHITECTURES)}")
    return MachineType(**one, **head)
