"""The mounts of a cluster alone: brought to what px.yaml says, or taken away. No host is made, changed or removed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from px_ansible import inventory as inventories
from px_ansible.cluster import broken_off
from px_ansible.config import words
from px_ansible.errors import UsageError
from px_ansible.plans import Action, HostPlan, make_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from px_ansible.cluster import Cluster
    from px_ansible.plans import Found, Plan
    from px_ansible.report import Report


def require_hosts(cluster: Cluster, found: Found) -> dict[str, str | None]:
    """Return the hosts that run, name -> address; an error where there is none, or where they take no key."""
    if not found.hosts:
        raise UsageError(f"the cluster {cluster.config.cluster!r} has no hosts", hint="px-ansible provision")
    running = {host.name: host.address for host in found.hosts if host.state == "running"}
    if not running:
        raise UsageError(
            f"no host of the cluster {cluster.config.cluster!r} runs", hint="px-ansible provision starts them"
        )
    cluster.require_key(found)
    return running


def asleep(found: Found) -> list[str]:
    """Return the hosts that are there and do not run."""
    return [host.name for host in found.hosts if host.state != "running"]


def mount_plan(cluster: Cluster, found: Found) -> Plan:
    """Return the plan of `mount`: the mounts of px.yaml, on the hosts that run and that px.yaml wants."""
    running = require_hosts(cluster, found)
    there = {host.name: host.as_data() for host in found.hosts}
    hosts = [
        HostPlan(name, Action.KEEP, None, running[name], there[name])
        for name in cluster.config.hosts
        if name in running
    ]
    if not hosts:
        raise UsageError("none of the hosts that run is in px.yaml", hint="px-ansible plan shows what differs")
    return replace(make_plan(cluster.config, found), hosts=tuple(hosts))


def mount(cluster: Cluster, plan: Plan, found: Found) -> Report:
    """Walk the plan of `mount`."""
    cluster.state.keep_px_yaml(cluster.config.file)
    cluster.expect(plan.applied())
    inventory = inventories.inventory_of(plan, cluster.places(), cluster.public_key())
    outcome, report, record = cluster.run("mount", inventory, len(plan.hosts))
    if not outcome.stats:
        raise report.controller_error() or broken_off(outcome)
    if error := report.controller_error():
        raise error
    left_out = {host.name for host in found.hosts} - {host.name for host in plan.hosts}
    if report.exit_code == 0:
        # A host that was left out still has what the others have lost.
        cluster.state.write_applied([*plan.applied(), *(_uncertain(_leaving(plan, found)) if left_out else [])])
    elif any(one.emulated and one.action is Action.CREATE for one in plan.mounts):
        report.notes.append("a bucket that is emulated here is made by `px-ansible provision`, not by `mount`")
    _finish(report, plan.hosts)
    record.keep(report)
    return report


def known_mounts(cluster: Cluster, found: Found) -> list[Mapping[str, str]]:
    """Return the mounts that the hosts have or may have: those that were applied, and those of px.yaml."""
    planned = make_plan(cluster.config, replace(found, applied=())).applied()
    return sorted({one["path"]: one for one in [*planned, *found.applied]}.values(), key=lambda one: one["path"])


def choose(cluster: Cluster, found: Found, paths: Sequence[str]) -> list[Mapping[str, str]]:
    """Return the mounts to take away: all that were applied, or those at `paths`."""
    known = {one["path"]: one for one in known_mounts(cluster, found)}
    for path in paths:
        if path not in known:
            there = f"there are: {', '.join(known) or 'none'}"
            raise UsageError(f"there is no mount {path!r}", hint=words.hint(path, known, otherwise=there))
    # Where nothing is remembered of the mounts, px.yaml is what they were made from.
    return [known[path] for path in dict.fromkeys(paths)] or list(found.applied)


def unmount(cluster: Cluster, found: Found, mounts: Sequence[Mapping[str, str]]) -> Report:
    """Take mounts away from all hosts that run, and forget them: units, config and credentials go, buckets stay."""
    running = require_hosts(cluster, found)
    gone = {one["path"] for one in mounts}
    others = [one for one in cluster.state.read_applied() if one["path"] not in gone]
    # Before the first host is touched: a run that dies may have taken them from some hosts, and left them on others.
    cluster.state.write_applied([*others, *_uncertain(mounts)])
    inventory = inventories.inventory_to_unmount(cluster.config, running, mounts, cluster.places())
    outcome, report, record = cluster.run("unmount", inventory, len(running))
    if not outcome.stats:
        raise report.controller_error() or broken_off(outcome)
    if report.exit_code == 0 and not asleep(found):
        cluster.state.write_applied(others)
    hosts = tuple(HostPlan(name, Action.KEEP, None, address) for name, address in running.items())
    _finish(report, hosts)
    record.keep(report)
    return report


def _leaving(plan: Plan, found: Found) -> list[Mapping[str, str]]:
    gone = set(plan.mounts_to(Action.REMOVE)) - {one["path"] for one in plan.applied()}
    return [one for one in found.applied if one["path"] in gone]


def _uncertain(mounts: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{**one, "digest": ""} for one in mounts]


def _finish(report: Report, hosts: Sequence[HostPlan]) -> None:
    """Say of every host where it is, and that it runs."""
    report.hosts.pop("localhost", None)
    for planned in hosts:
        if (host := report.hosts.get(planned.name)) is not None:
            host.address = host.address or planned.address
            host.state = "running" if host.state == "ok" else host.state
