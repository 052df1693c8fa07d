"""References between resources: full and partial URLs, taken apart and found."""

from __future__ import annotations

import re

from emulators.gce import errors
from emulators.gce.world import BASE, HOSTS

_PATH = re.compile(
    r"projects/(?P<project>[^/]+)/(?:global|zones/[^/]+|regions/[^/]+)/(?P<collection>[A-Za-z]+)/(?:family/)?[^/]+"
)


def parse(value: str, collection: str, project: str, field: str, scope: str = "") -> str:
    """Return the path that a reference names: a URL of either host, `projects/...`, `global/...`, `zones/...`.

    A bare name is taken where `scope` says so: some fields do, most do not.
    """
    path = value
    for host in HOSTS:
        path = path.removeprefix(host)
    if path.startswith(("global/", "zones/", "regions/")):
        path = f"projects/{project}/{path}"
    elif scope and re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", path):
        path = f"projects/{project}/{scope}/{collection}/{path}"
    match = _PATH.fullmatch(path)
    if not match:
        raise errors.invalid(field, value, "The URL is malformed.")
    if match["collection"] != collection:
        raise errors.invalid(field, value, f"Unexpected resource collection '{match['collection']}'.")
    return path


def link(path: str) -> str:
    return BASE + path


def region_of(zone: str) -> str:
    """Return the region of a zone: us-central1 of us-central1-a."""
    return zone.rpartition("-")[0]
