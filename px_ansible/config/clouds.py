"""The rules of what a cloud offers: region, zone, image, disk, spot, labels, and who may connect.

A key that the file's own provider cannot use is an issue. Where the command line takes another provider, it is left
aside instead, with a note: every px.yaml can be tried elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from px_ansible.config import values, words
from px_ansible.providers import OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from px_ansible.errors import Issue
    from px_ansible.providers import Cloud, Provider
    from px_ansible.source import Path, Source

_MIB = 1024


class Problem(NamedTuple):
    """What is wrong with the value of a key, and what to write instead; `of_key` puts it at the key."""

    message: str
    hint: str
    rule: str
    of_key: bool = False


def issues_of(source: Source, block: Mapping[str, Any], provider: Provider) -> Iterator[Issue]:
    """Yield the issues of the keys of `cluster` that depend on the provider that the file is written for."""
    for key in OPTIONAL:
        if problem := problem_of(provider, key, block):
            at = source.at_key if problem.of_key else source.at_value
            yield at(("cluster", key), problem.message, problem.hint, rule=problem.rule)
    if provider.cloud and "labels" in provider.offers:
        yield from _label_issues(source, block.get("labels"), provider.cloud)


def range_issues(source: Source, block: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield the issues of the ranges in `ssh: allow:`."""
    ssh = block.get("ssh")
    allow = ssh.get("allow") if isinstance(ssh, dict) else None
    for index, text in enumerate(allow if isinstance(allow, list) else ()):
        if not isinstance(text, str):
            continue
        at = ("cluster", "ssh", "allow", index)
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            message = f"{words.quote(text)} is no range of addresses"
            yield source.at_value(at, message, "for example: 203.0.113.0/24, or one address", rule="address-range")
            continue
        if "/" in text and str(network.network_address) != text.split("/")[0].lower():
            message = f"{words.quote(text)} names an address inside of a range"
            one = f"{text.split('/')[0]}/{network.max_prefixlen}"
            yield source.at_value(at, message, f"write {network} for the range, or {one}", rule="address-range")


def left_aside(block: Mapping[str, Any], provider: Provider) -> dict[str, str]:
    """Return the keys that were written for another provider and mean nothing to this one, each with the reason."""
    found = {key: problem_of(provider, key, block) for key in OPTIONAL}
    return {key: problem.message for key, problem in found.items() if problem}


def region_of(fields: Mapping[str, Any], cloud: Cloud) -> str:
    """Return the region: the one that is named, or that of the zone, or the cloud's default."""
    if isinstance(fields.get("region"), str):
        return str(fields["region"])
    found = re.fullmatch(cloud.zone.format(region="(?P<region>[a-z0-9-]+?)"), str(fields.get("zone") or ""))
    return (found.groupdict().get("region") if found else None) or cloud.default_region


def notes_of(region: str, cloud: Cloud) -> Iterator[str]:
    """Yield what could not be checked."""
    if region not in cloud.regions:
        close = words.meant(region, cloud.regions)
        meant = f" (did you mean {close!r}?)" if close else ""
        yield f"px-ansible does not know the region {region!r}{meant}"


def problem_of(provider: Provider, key: str, block: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with an optional key for a provider, or None."""
    value = block.get(key)
    if value is None or value is False or value in ({}, []):
        return None
    if key not in provider.offers:
        message = f"provider {provider.name!r} has no {key!r}"
        return Problem(message, provider.instead.get(key, "take it out"), "not-offered", of_key=True)
    rules = {"image": _image, "zone": _zone, "disk_size": _disk, "spot": _spot}
    rule = rules.get(key)
    return rule(provider, value, block) if rule else None


def _image(provider: Provider, value: Any, _block: Mapping[str, Any]) -> Problem | None:
    if not isinstance(value, str) or value in provider.images:
        return None
    if provider.cloud and re.fullmatch(provider.cloud.image, value):
        return None
    own = f", or {provider.cloud.image_form}" if provider.cloud else ""
    close = words.meant(value, provider.images)
    hint = f"did you mean {close!r}? It has " if close else "it has "
    hint += words.join(provider.images, "and") + own
    return Problem(f"provider {provider.name!r} has no image {words.quote(value)}", hint, "unknown-image")


def _zone(provider: Provider, value: Any, block: Mapping[str, Any]) -> Problem | None:
    cloud = provider.cloud
    if cloud is None or not isinstance(value, str | int) or isinstance(value, bool):
        return None
    region = block.get("region")
    if region is None:
        pattern, shown = cloud.zone.format(region="[a-z]+-[a-z]+-?[a-z]*-?[0-9]+"), cloud.default_region
    elif isinstance(region, str):
        pattern, shown = cloud.zone.format(region=re.escape(region)), region
    else:
        return None
    if re.fullmatch(pattern, str(value)):
        return None
    message = f"there is no zone {words.quote(value)}" + (f" in the region {words.quote(region)}" if region else "")
    return Problem(message, cloud.zone_form.format(region=shown), "unknown-zone")


def _disk(provider: Provider, value: Any, _block: Mapping[str, Any]) -> Problem | None:
    if not isinstance(value, int | float | str) or isinstance(value, bool) or provider.cloud is None:
        return None
    least, most = provider.cloud.disk_gib
    mib = values.size_mib(value)
    if mib is not None and least * _MIB <= mib <= most * _MIB:
        return None
    message = (
        f"'disk_size' must be from {least} GiB to {most} GiB on provider {provider.name!r}, not {words.quote(value)}"
    )
    return Problem(message, "write a number of GiB, or a size: 100, 100GB, 100 GiB, 1 TB", "disk-size")


def _spot(provider: Provider, value: Any, block: Mapping[str, Any]) -> Problem | None:
    named = block.get("machine_type")
    if value is not True or provider.cloud is None or not isinstance(named, str):
        return None
    if not re.fullmatch(provider.cloud.no_spot, named):
        return None
    return Problem(f"{named} is not sold as spot", "take 'spot' out, or take another machine type", "no-spot")


def _label_issues(source: Source, labels: Any, cloud: Cloud) -> Iterator[Issue]:
    rules = cloud.labels
    for key, value in labels.items() if isinstance(labels, dict) else ():
        at: Path = ("cluster", "labels", key)
        taken = next((start for start in ("px-", *rules.taken) if key.lower().startswith(start)), None)
        if taken:
            whose = "px-ansible" if taken == "px-" else "the cloud"
            message = f"labels that begin with {taken!r} are for {whose} itself"
            yield source.at_key(at, message, "give it another name", rule="label")
        elif not re.fullmatch(rules.key, key):
            message = f"the name of a label {rules.key_form}, not {words.quote(key)}"
            yield source.at_key(at, message, _nearest(key, rules.key), rule="label")
        if isinstance(value, str) and not re.fullmatch(rules.value, value):
            message = f"the value of a label {rules.value_form}, not {words.quote(value)}"
            yield source.at_value(at, message, _nearest(value, rules.value), rule="label")


def _nearest(text: str, pattern: str) -> str:
    """Return the hint to what is nearly the same and allowed."""
    for plain in (text.lower(), re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")):
        if plain and re.fullmatch(pattern, plain):
            return f"did you mean {plain!r}?"
    return "write it in other words"
