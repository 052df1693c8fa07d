"""The rules of what a cloud offers: region, zone, image, disk, spot, labels, and who logs in.

What the file's own provider cannot use is an issue. Where the command line takes another provider, it is left aside
instead, with a note: every px.yaml can be tried elsewhere.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible.config import labels, values, words
from px_ansible.config.clients import misspelt
from px_ansible.config.problem import Problem
from px_ansible.providers import OPTIONAL, PROVIDERS
from px_ansible.schema import bundled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.errors import Issue
    from px_ansible.providers import Cloud, Provider
    from px_ansible.source import Source

_OF_ONE_CLOUD = ("region", "zone", "machine_type")
_GIB, _TIB = 1024, 1024 * 1024


def issues_of(source: Source, block: Mapping[str, Any], provider: Provider) -> Iterator[Issue]:
    """Yield the issues of the keys of `cluster` that depend on the provider that the file is written for."""
    for problem in (*problems_of(provider, block), *_own_problems(provider, block)):
        at = source.at_key if problem.of_key else source.at_value
        yield at(("cluster", *problem.at), problem.message, problem.hint, rule=problem.rule)


def problems_of(provider: Provider, block: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a provider cannot use of the keys that are not for every provider."""
    for key in OPTIONAL:
        value = block.get(key)
        if value is None or value is False or value in ("", {}, []):
            continue
        if key not in provider.offers:
            message = f"provider {provider.name!r} has no {key!r}"
            yield Problem((key,), message, provider.instead.get(key, "take it out"), "not-offered", of_key=True)
        elif key == "image":
            yield from _image(provider, value)
        elif provider.cloud and key in _RULES:
            yield from _RULES[key](provider.cloud, value, block)


def left_aside(block: Mapping[str, Any], provider: Provider, own: str | None) -> dict[tuple[str | int, ...], str]:
    """Return the places below `cluster` that mean nothing to a provider the file is not written for, with the reasons.

    A region or a machine type of one cloud is none of another, however it looks.
    """
    aside: dict[tuple[str | int, ...], str] = {problem.at: problem.message for problem in problems_of(provider, block)}
    if ("image",) in aside:
        aside["image",] = f"provider {provider.name!r} takes {provider.default_image}"
    whose = f"it was written for provider {own!r}" if own else "the file leaves open which cloud it is of"
    if provider.cloud:
        aside |= {(key,): whose for key in _OF_ONE_CLOUD if key in block}
    if own and own in block:
        aside[own,] = whose
    order: list[str | int] = list(block)
    # What is inside of something that is left aside goes with it.
    return {
        at: aside[at]
        for at in sorted(aside, key=lambda at: order.index(at[0]))
        if not any(at[:depth] in aside for depth in range(1, len(at)))
    }


def named_region(fields: Mapping[str, Any], cloud: Cloud, zones: Any = None) -> str | None:
    """Return the region that px.yaml names, or that of its zone, or of the first of `zones`, or None."""
    if isinstance(fields.get("region"), str):
        return str(fields["region"])
    first = zones[0] if isinstance(zones, list) and zones else None
    return next(filter(None, (_region_in(zone, cloud) for zone in (fields.get("zone"), first))), None)


def default_region(cloud: Cloud) -> tuple[str, str]:
    """Return the region where px.yaml names none, and where it comes from: empty for the cloud's own default."""
    for place, region in cloud.configured(os.environ, Path.home()):
        if re.fullmatch(cloud.region, region):
            return region, place
    return cloud.default_region, ""


def notes_of(region: str, origin: str | None, cloud: Cloud) -> Iterator[str]:
    """Yield where a region comes from that nobody reads in px.yaml, and what could not be checked."""
    if origin:
        yield f"region {region}: from {origin}"
    if region not in cloud.regions:
        yield words.not_known("region", region, cloud.regions)


def _own_problems(provider: Provider, block: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems inside of the provider's own block that its schema cannot say."""
    own = block.get(provider.name)
    if not isinstance(own, dict):
        return
    of_schema = bundled()["$defs"][f"provider-{provider.name}"]
    for key, needed in of_schema.get("dependentRequired", {}).items():
        missing = [name for name in needed if name not in own]
        if key in own and missing and not misspelt(own, missing[0], of=f"provider-{provider.name}"):
            message = f"{key!r} says nothing without {words.join(map(repr, missing), 'and')}"
            yield Problem((provider.name, key), message, f"add beside it: {missing[0]}", "missing-key", of_key=True)
    zones, cloud = own.get("zones"), provider.cloud
    if cloud and isinstance(zones, list):
        region = named_region(block, cloud, zones) or cloud.default_region
        for index, zone in enumerate(zones):
            if isinstance(zone, str) and not re.fullmatch(cloud.zone.format(region=re.escape(region)), zone):
                message = f"there is no zone {words.quote(zone)} in the region {words.quote(region)}"
                hint = cloud.zone_form.format(region=region)
                yield Problem((provider.name, "zones", index), message, hint, "unknown-zone")


def _region_in(zone: Any, cloud: Cloud) -> str | None:
    """Return the region that is part of a zone's name, or None."""
    found = re.fullmatch(cloud.zone.format(region=f"(?P<region>{cloud.region})"), str(zone))
    return found.groupdict().get("region") if found else None


def _image(provider: Provider, value: Any) -> Iterator[Problem]:
    if not isinstance(value, str) or value in provider.images:
        return
    # A short name that others have is none of the cloud's own, however it looks.
    short = any(value in other.images for other in PROVIDERS.values())
    if provider.cloud and not short and re.fullmatch(provider.cloud.image, value):
        return
    own = f", or {provider.cloud.image_form}" if provider.cloud else ""
    close = words.meant(value, provider.images)
    hint = f"did you mean {close!r}? It has " if close else "it has "
    hint += words.join(provider.images, "and") + own
    yield Problem(("image",), f"provider {provider.name!r} has no image {words.quote(value)}", hint, "unknown-image")


def _region(cloud: Cloud, value: Any, _block: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(value, str) or re.fullmatch(cloud.region, value):
        return
    message = f"no region is called {words.quote(value)}: a region is called {cloud.default_region}, for example"
    default = f"the default is {cloud.default_region}: leave 'region' out for it"
    hint = words.hint(value, cloud.regions, otherwise=default)
    if inside := _region_in(value, cloud):
        message = f"{words.quote(value)} is a zone, and not a region"
        hint = f"write 'zone: {value}', or 'region: {inside}'"
    yield Problem(("region",), message, hint, "unknown-region")


def _zone(cloud: Cloud, value: Any, block: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return
    named = block.get("region")
    region = named if isinstance(named, str) and re.fullmatch(cloud.region, named) else None
    if named is not None and region is None:  # an issue of its own
        return
    if re.fullmatch(cloud.zone.format(region=re.escape(region) if region else cloud.region), str(value)):
        return
    message = f"there is no zone {words.quote(value)}" + (f" in the region {words.quote(region)}" if region else "")
    yield Problem(("zone",), message, cloud.zone_form.format(region=region or cloud.default_region), "unknown-zone")


def _disk(cloud: Cloud, value: Any, _block: Mapping[str, Any]) -> Iterator[Problem]:
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return
    least, most = cloud.disk_gib
    mib = values.size_mib(value)
    if mib is None or not least * _GIB <= mib <= most * _GIB:
        largest = f"{most * _GIB // _TIB} TiB" if most * _GIB % _TIB == 0 else f"{most} GiB"
        message = f"'disk_size' must be from {least} GiB to {largest} in this cloud, not {words.quote(value)}"
        hint = "write a number of GiB, or a size: 100, 100GB, 100 GiB, 1 TB"
        yield Problem(("disk_size",), message, hint, "disk-size")


def _spot(cloud: Cloud, value: Any, block: Mapping[str, Any]) -> Iterator[Problem]:
    named = block.get("machine_type")
    if value is True and isinstance(named, str) and re.fullmatch(cloud.no_spot, named):
        hint = "take 'spot' out, or take another machine type"
        yield Problem(("spot",), f"{named} is not sold as spot", hint, "no-spot")


def _labels(cloud: Cloud, value: Any, _block: Mapping[str, Any]) -> Iterator[Problem]:
    yield from labels.problems_of(cloud.labels, value)


def _ssh(cloud: Cloud, value: Any, _block: Mapping[str, Any]) -> Iterator[Problem]:
    user = value.get("user") if isinstance(value, dict) else None
    if isinstance(user, str) and user in cloud.no_users:
        message = f"nobody can log in to the hosts of this cloud as {words.quote(user)}"
        yield Problem(("ssh", "user"), message, "take 'user' out, or write another name", "ssh-user")


_RULES = {"disk_size": _disk, "labels": _labels, "region": _region, "spot": _spot, "ssh": _ssh, "zone": _zone}
