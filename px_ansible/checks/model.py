"""What a check comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

State = Literal["ok", "missing", "warning"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a run needs, or that somebody will ask about.

    `found` says what there is and where, or what is wrong, and never holds a secret; `hint` is what to type. `needed`
    is False for what the provider in question does without.
    """

    subject: str
    name: str
    state: State
    found: str = ""
    hint: str | None = None
    needed: bool = True

    def not_needed(self) -> Self:
        """Return the same for somebody who does without it."""
        return replace(self, needed=False)


class Surroundings(NamedTuple):
    """Where credentials are looked for: the environment, the user's home, and what the hardware says of its maker."""

    env: Mapping[str, str]
    home: Path
    dmi: Path

    def maker(self) -> str:
        """Return what the (virtual) hardware of this computer says of itself."""
        return " ".join(filter(None, (self._dmi(name) for name in ("sys_vendor", "product_name", "chassis_asset_tag"))))

    def _dmi(self, name: str) -> str:
        try:
            return (self.dmi / name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""
