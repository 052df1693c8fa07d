"""Files of profiles: the names in them, and never what stands behind."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Unreadable(Exception):  # noqa: N818 - it is a finding that becomes a check
    """A file that is there and cannot be read; its text has the reason, and none of its lines."""


def profiles(path: Path) -> Mapping[str, frozenset[str]]:
    """Return the profiles of a file, each with the names of its keys; none where there is no file."""
    parser = configparser.RawConfigParser(default_section="", strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except (configparser.Error, ValueError):
        raise Unreadable(f"{path} is not a file of profiles") from None
    return {
        name: frozenset(key for key, value in parser.items(name) if (value or "").strip()) for name in parser.sections()
    }
