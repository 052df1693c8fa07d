"""Firewall rules. What a rule leaves out matters: without a source it is open to the whole internet."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from emulators.gce import errors, lists
from emulators.gce.call import Call, handles
from emulators.gce.compute import common

_PROTOCOLS = ("tcp", "udp", "icmp", "esp", "ah", "sctp", "ipip", "all")
_WITH_PORTS = ("tcp", "udp", "sctp", "6", "17", "132")
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
_SOURCES = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
_TAKEN = (
    "allowed", "denied", "description", "destinationRanges", "direction", "disabled", "logConfig", "priority",
    *_SOURCES, "targetServiceAccounts", "targetTags",
)  # fmt: skip


@handles("compute.firewalls.get", "compute.firewalls.get")
def get(call: Call) -> dict[str, Any]:
    return call.cloud.world.get(common.path_of(call, "firewalls")).data


@handles("compute.firewalls.list", "compute.firewalls.list")
def list_(call: Call) -> dict[str, Any]:
    return lists.one_scope(call, "firewall", [one.data for one in call.cloud.world.of("firewalls", call.project.id)])


@handles("compute.firewalls.insert", "compute.firewalls.create", "compute.networks.updatePolicy")
def insert(call: Call) -> dict[str, Any]:
    path = common.new_path(call, "firewalls")
    if call.cloud.world.find(path) is None:
        call.cloud.quotas.require(call.project.id, "FIREWALLS")
    network = common.reference(
        call, call.body.get("network", "global/networks/default"), "networks", "resource.network"
    )
    data = {"network": network.link, **rule(call.body)}
    return common.insert(call, path, data, {network.path})


@handles("compute.firewalls.patch", "compute.firewalls.update", "compute.networks.updatePolicy")
def patch(call: Call) -> dict[str, Any]:
    resource = call.cloud.world.get(common.path_of(call, "firewalls"))
    merged = {key: resource.data[key] for key in _TAKEN if key in resource.data} | call.body
    return _replace(call, "patch", resource, merged)


@handles("compute.firewalls.update", "compute.firewalls.update", "compute.networks.updatePolicy")
def update(call: Call) -> dict[str, Any]:
    return _replace(call, "update", call.cloud.world.get(common.path_of(call, "firewalls")), call.body)


def _replace(call: Call, kind: str, resource: Any, body: dict[str, Any]) -> dict[str, Any]:
    network = common.reference(call, body.get("network", resource.data["network"]), "networks", "resource.network")
    if network.link != resource.data["network"]:
        raise errors.invalid("resource.network", body["network"], "Network of a firewall rule cannot be changed.")
    new = rule(body)

    def apply() -> None:
        for key in _TAKEN:
            resource.data.pop(key, None)
        resource.data.update(new)

    return common.change(call, kind, resource, apply)


@handles("compute.firewalls.delete", "compute.firewalls.delete", "compute.networks.updatePolicy")
def delete(call: Call) -> dict[str, Any]:
    return common.delete(call, common.path_of(call, "firewalls"))


def rule(body: dict[str, Any]) -> dict[str, Any]:
    """Return a rule as it will be, with what it leaves out."""
    data = {"direction": "INGRESS", "priority": 1000, "disabled": False, "logConfig": {"enable": False}}
    data |= {key: body[key] for key in _TAKEN if key in body}
    if bool(data.get("allowed")) == bool(data.get("denied")):
        raise errors.invalid("resource", "", "Exactly one of 'allowed' and 'denied' must be specified.")
    if not 0 <= data["priority"] <= 65535:
        raise errors.invalid("resource.priority", data["priority"], "Must be between 0 and 65535.")
    _check_sides(data)
    for key in ("allowed", "denied"):
        for index, one in enumerate(data.get(key, [])):
            _check_protocol(one, f"resource.{key}[{index}]")
    for key in ("sourceRanges", "destinationRanges"):
        for index, one in enumerate(data.get(key, [])):
            _check_range(one, f"resource.{key}[{index}]")
    for key in ("sourceTags", "targetTags"):
        for index, one in enumerate(data.get(key, [])):
            if not re.fullmatch(common.NAME, one):
                raise errors.not_matching(f"resource.{key}[{index}]", one, common.NAME)
    return data


def _check_sides(data: dict[str, Any]) -> None:
    ingress = data["direction"] == "INGRESS"
    wrong = [key for key in (("destinationRanges",) if ingress else _SOURCES) if key in data and not ingress]
    if wrong:
        raise errors.invalid(f"resource.{wrong[0]}", data[wrong[0]], f"Cannot be set on {data['direction']} rules.")
    if ("sourceTags" in data or "targetTags" in data) and (
        "sourceServiceAccounts" in data or "targetServiceAccounts" in data
    ):
        raise errors.invalid("resource", "", "Tags and service accounts cannot be used in one rule.")
    if ingress and not any(data.get(key) for key in _SOURCES):
        data["sourceRanges"] = ["0.0.0.0/0"]
    if not ingress and not data.get("destinationRanges"):
        data["destinationRanges"] = ["0.0.0.0/0"]


def _check_protocol(one: dict[str, Any], field: str) -> None:
    protocol = one.get("IPProtocol", "")
    if not protocol:
        raise errors.required(f"{field}.IPProtocol")
    if protocol.lower() not in _PROTOCOLS and not (protocol.isdigit() and int(protocol) <= 255):
        raise errors.invalid(f"{field}.IPProtocol", protocol, "Invalid IP protocol.")
    for index, ports in enumerate(one.get("ports", [])):
        match = _PORTS.fullmatch(ports)
        if not match or int(match[1]) > int(match[2] or match[1]) or int(match[2] or match[1]) > 65535:
            raise errors.invalid(f"{field}.ports[{index}]", ports, "Ports may be an integer or a range.")
        if protocol.lower() not in _WITH_PORTS:
            raise errors.invalid(f"{field}.ports[{index}]", ports, f"Ports cannot be specified for '{protocol}'.")


def _check_range(text: str, field: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise errors.invalid(field, text, "Must be a valid CIDR address range.") from None
