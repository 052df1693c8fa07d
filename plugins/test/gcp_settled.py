# Apache-2.0 (see LICENSE)
"""Tests of results of google.cloud's modules."""

from __future__ import annotations

import typing as t

from ansible_collections.px.storage.plugins.module_utils.gcp import failures


def gcp_settled(result: t.Mapping[str, t.Any]) -> bool:
    """Tell that another try is of no use: it has succeeded, or it would fail again."""
    return not result.get("failed") or not failures.may_pass(result)


def gcp_no_room(result: t.Mapping[str, t.Any]) -> bool:
    """Tell that the zone had no machine left."""
    return failures.has_no_room(result)


class TestModule:
    """The tests, by name."""

    def tests(self) -> dict[str, t.Callable[[t.Mapping[str, t.Any]], bool]]:
        """Return them."""
        return {"gcp_settled": gcp_settled, "gcp_no_room": gcp_no_room}
