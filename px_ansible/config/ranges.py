"""The addresses that may connect to the hosts: `ssh: allow:`."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any

from px_ansible.config import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from px_ansible.errors import Issue
    from px_ansible.source import Source

_EXAMPLE = "for example: 203.0.113.0/24, or one address"


def issues_of(source: Source, block: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield the issues of the ranges; the whole internet is fine where it is written."""
    ssh = block.get("ssh")
    allow = ssh.get("allow") if isinstance(ssh, dict) else None
    for index, text in enumerate(allow if isinstance(allow, list) else ()):
        if isinstance(text, str) and (problem := problem_of(text)):
            yield source.at_value(("cluster", "ssh", "allow", index), *problem, rule="address-range")


def problem_of(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a range of addresses and what to write instead, or None."""
    try:
        # An address with the name of an interface means something on one computer only.
        network = ipaddress.ip_network(text.replace("%", " "), strict=False)
    except ValueError:
        return f"{words.quote(text)} is no range of addresses", _meant(text)
    address, slash, width = text.partition("/")
    if slash and width != str(network.prefixlen):
        return f"{words.quote(text)} has a mask that clouds do not take", f"write {network}"
    if not slash and int(network.network_address) == 0:
        return f"{words.quote(text)} is no address of a host", f"write {text}/0 where the whole internet may connect"
    if ipaddress.ip_address(address) != network.network_address:
        one = f"{address}/{network.max_prefixlen}"
        return f"{words.quote(text)} names an address inside of a range", f"write {network} for the range, or {one}"
    return None


def normal(ranges: Iterable[str]) -> tuple[str, ...]:
    """Return checked ranges as clouds take them: with a width, in their shortest form, each once."""
    return tuple(dict.fromkeys(str(ipaddress.ip_network(text)) for text in ranges))


def _meant(text: str) -> str:
    plain = text.strip()
    short = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3}){0,2})(?:\.?\*|\.)?(?:/[0-9]+)?", plain)
    parts = short[1].split(".") if short else []
    candidates = [plain, ".".join([*parts, *["0"] * (4 - len(parts))]) + f"/{8 * len(parts)}" if parts else ""]
    fine = next((one for one in candidates if one != text and _is_fine(one)), None)
    return f"did you mean {fine}?" if fine else _EXAMPLE


def _is_fine(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
