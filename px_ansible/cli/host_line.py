"""What is known of a host while a run goes on: what Progress notes, and the live view draws."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# The host of the inventory that stands for this computer.
SHARED = "localhost"


@dataclass
class HostLine:
    """What is known of one host."""

    name: str
    step: str = ""
    status: str = "waiting"  # working, waiting, done, failed, stopped
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    changed: int = 0

    def seconds(self) -> float:
        """Return how long the host has been worked on, waits for others at the end not counted."""
        return (self.ended or time.monotonic()) - self.began


def shown_name(host: str) -> str:
    """Return what a host is called on the screen: what runs on this computer is for all of them."""
    return "all hosts" if host == SHARED else host
