"""Settings of the clouds' own command lines, for defaults; what cannot be read has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def section(path: Path, name: str) -> Mapping[str, str]:
    """Return the settings of one section of a file, none where there is no such file or section."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    import configparser  # noqa: PLC0415 - most computers have no such file, and `validate` is waited for

    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {key: (value or "").strip() for key, value in parser.items(name)} if parser.has_section(name) else {}
