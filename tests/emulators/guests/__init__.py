"""Instances of an emulated cloud as machines that really boot, with what the API has told each and no more."""

from emulators.guests.guest import Agent, Guest
from emulators.guests.site import Site

__all__ = ["Agent", "Guest", "Site"]
