"""IAM policies on single resources: read, modify, write, with an etag that is checked."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.gce import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONDITIONS = 3  # the version of policies that may have conditions
_KINDS = ("user", "serviceAccount", "group", "domain", "projectOwner", "projectEditor", "projectViewer")
_ALL = ("allUsers", "allAuthenticatedUsers")


def _etag(count: int) -> str:
    """Return a count as Google's etags look: a protocol buffer of one number."""
    assert 0 < count < 2**14
    number = bytes([count]) if count < 2**7 else bytes([count & 0x7F | 0x80, count >> 7])
    return base64.b64encode(b"\x08" + number).decode()


@dataclass
class Policy:
    """The policy of one resource."""

    bindings: list[dict[str, Any]] = field(default_factory=list)
    count: int = 1
    version: int = 1

    @property
    def etag(self) -> str:
        return _etag(self.count)

    def of(self, role: str) -> list[str]:
        """Return the members that have a role without condition."""
        return [
            one for each in self.bindings if each["role"] == role and "condition" not in each for one in each["members"]
        ]

    def roles(self, member: str) -> list[str]:
        return [one["role"] for one in self.bindings if member in one["members"]]

    def shown(self, version: int) -> dict[str, Any]:
        """Return it as a reader sees it; conditions are hidden from one who asks for version 1."""
        bindings = [
            {"role": one["role"] + ("_withcond_hidden" if "condition" in one and version < CONDITIONS else "")}
            | {"members": list(one["members"])}
            | ({"condition": one["condition"]} if "condition" in one and version >= CONDITIONS else {})
            for one in self.bindings
        ]
        shown_version = CONDITIONS if version >= CONDITIONS and any("condition" in one for one in bindings) else 1
        return {"version": shown_version, "etag": self.etag, **({"bindings": bindings} if bindings else {})}

    def replace(
        self,
        wanted: dict[str, Any],
        roles: Mapping[str, Any],
        account_exists: Callable[[str], bool],
        conflict: Callable[[], Exception],
    ) -> None:
        """Write it anew; refused where somebody else has, and where a binding cannot be."""
        if wanted.get("etag") and wanted["etag"] != self.etag:
            raise conflict()
        version = wanted.get("version", 1)
        if version not in (0, 1, CONDITIONS):
            raise errors.ApiError(400, f"Invalid policy version: {version}.", "invalid")
        bindings: list[dict[str, Any]] = []
        for one in wanted.get("bindings", []):
            role, members = one.get("role", ""), one.get("members", [])
            if role not in roles and not re.fullmatch(r"projects/[^/]+/roles/[\w.]+", role):
                raise errors.ApiError(400, f"Role {role} is not supported for this resource.", "invalid")
            if "condition" in one and version < CONDITIONS:
                raise errors.ApiError(400, "Policies with conditions must have version 3.", "invalid")
            for member in members:
                self._check(member, account_exists)
            if members:
                kept = {"role": role, "members": sorted(set(members))}
                bindings.append(kept | ({"condition": one["condition"]} if "condition" in one else {}))
        self.bindings = bindings
        self.count += 1

    def _check(self, member: str, account_exists: Callable[[str], bool]) -> None:
        if member in _ALL:
            return
        if member.startswith("deleted:"):
            if any(member in one["members"] for one in self.bindings):
                return
            raise errors.ApiError(400, f"Invalid argument: {member} is not in the policy.", "invalid")
        kind, _, who = member.partition(":")
        if kind not in _KINDS or not who:
            message = f"The member {member} is of an unknown type. Please set a valid type prefix for the member."
            raise errors.ApiError(400, message, "invalid")
        if kind == "serviceAccount" and not account_exists(who):
            raise errors.ApiError(400, f"Service account {who} does not exist.", "invalid")

    def account_is_gone(self, email: str, unique_id: str) -> None:
        """Rename the member whose account has been deleted, as Google does: the binding stays."""
        for one in self.bindings:
            gone = f"deleted:serviceAccount:{email}?uid={unique_id}"
            one["members"] = [gone if member == f"serviceAccount:{email}" else member for member in one["members"]]
