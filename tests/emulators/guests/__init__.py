"""Instances of an emulated cloud as machines that really boot, each with what its cloud's API has told it and no more."""

from emulators.guests.guest import Agent, Guest
from emulators.guests.site import Site

__all__ = ["Agent", "Guest", "Site"]
