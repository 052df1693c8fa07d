"""Whose the files of a mount are that does not say so."""

import pwd
from typing import Any, Dict

ROOT = ("", "root")


class UnknownUserError(Exception):
    """A user that this host does not have."""


def owned(wanted: Dict[str, Any], owner: str) -> Dict[str, Any]:
    """Return a wanted mount with the numbers of its owner, where it is silent.

    Raises:
        UnknownUserError: where the host has no such user.
    """
    if owner in ROOT or (wanted.get("state") or "present") != "present":
        return wanted
    if wanted.get("uid") is not None and wanted.get("gid") is not None:
        return wanted
    try:
        user = pwd.getpwnam(owner)
    except KeyError:
        raise UnknownUserError(f"there is no user {owner} on this host") from None
    numbers = {"uid": user.pw_uid, "gid": user.pw_gid}
    return {**wanted, **{key: number for key, number in numbers.items() if wanted.get(key) is None}}
