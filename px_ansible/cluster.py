"""One cluster and what can be done with it: find, plan, provision, look, destroy. The commands are thin over this."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import platformdirs

from px_ansible import inventory as inventories
from px_ansible import lookups, prerequisites, ssh
from px_ansible.clusters import refuse_renamed
from px_ansible.errors import PrerequisiteError, RunError
from px_ansible.plans import Action, Found, FoundHost, SharedThing, make_plan
from px_ansible.plans.machine import settled
from px_ansible.plans.mounts import is_emulated
from px_ansible.providers import PROVIDERS
from px_ansible.report import CONTROLLER, HostReport, MountReport, Report
from px_ansible.run_record import RunRecord
from px_ansible.runner import run
from px_ansible.state import open_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from px_ansible.config import Config
    from px_ansible.events import Event
    from px_ansible.plans import Plan
    from px_ansible.runner import Outcome
    from px_ansible.state import ClusterState

MOST_FORKS = 50


def unheard(_event: Event) -> None:
    """Take an event and do nothing."""


@dataclass
class Cluster:
    """A cluster of a px.yaml, its state on this computer, and who is told what happens."""

    config: Config
    state: ClusterState
    on_event: Callable[[Event], None] = field(default=unheard)
    verbosity: int = 0

    @classmethod
    def open(
        cls,
        config: Config,
        on_event: Callable[[Event], None] = unheard,
        verbosity: int = 0,
        *,
        asks: bool = True,
    ) -> Self:
        """Return the cluster of a config; PrerequisiteError where its provider cannot work on this computer.

        `asks` is False for what only goes to hosts that are known, for which nobody has to sign in to a cloud.
        """
        prerequisites.require(PROVIDERS[config.provider], asks=asks)
        refuse_renamed(config)
        return cls(config, open_cluster(config.provider, config.cluster, config.file), on_event, verbosity)

    def find(self) -> Found:
        """Ask the provider what exists. Changes nothing."""
        known = {name: host["address"] for name, host in self.state.read_inventory().items()}
        outcome, report, _ = self.run("list", inventories.inventory_to_list(self.config, known))
        if "px_hosts" not in outcome.artifact:
            raise report.controller_error() or broken_off(outcome)
        hosts = tuple(_found_host(one) for one in outcome.artifact["px_hosts"])
        return Found(
            hosts=hosts,
            shared=tuple(SharedThing(one["name"], one["state"]) for one in outcome.artifact["px_shared"]),
            applied=tuple(self.state.read_applied()),
            variables=dict(outcome.artifact.get("px_variables") or {}),
            strangers=frozenset() if self._existing else self._strangers(hosts),
        )

    def _strangers(self, hosts: Sequence[FoundHost]) -> frozenset[str]:
        """Return the hosts whose host keys this computer does not know."""
        known = self.state.folder / "known_hosts"
        return frozenset(host.name for host in hosts if not (known / host.name).is_file())

    def plan(self, found: Found) -> Plan:
        """Return the way from what exists to what px.yaml says."""
        if not found.hosts:
            # The mounts went with the hosts, however those went.
            found = replace(found, applied=())
        # A plan alone makes no key.
        made = found.hosts or self.state.has_key()
        return make_plan(self.config, found, self.public_key() if made else None)

    def require_credentials(self) -> None:
        """Raise PrerequisiteError where a secret or a file that a provision needs cannot be read on this computer."""
        lookups.require([mount for mount in self.config.mounts if not is_emulated(self.config, mount)])
        prerequisites.require_files(self.config)
        if self.config.ssh.key:
            self.public_key()

    def provision(self, plan: Plan, notes: Sequence[str] = ()) -> Report:
        """Walk the plan. Every host goes as far as it can; the report says how far that was, after the `notes`."""
        inventory = inventories.inventory_of(plan, self.places(), self.public_key())
        self.state.keep_px_yaml(self.config.file)
        if plan.changes:
            self.expect(plan.applied())
        outcome, report, record = self.run("provision", inventory, len(plan.hosts))
        if not outcome.stats:
            raise report.controller_error() or broken_off(outcome)
        self._remember_hosts(plan, report)
        report.notes[:0] = notes
        record.keep(report)
        if error := report.controller_error():
            raise error
        if report.exit_code == 0:
            self.state.write_applied(plan.applied())
        return report

    def expect(self, mounts: Sequence[Mapping[str, str]]) -> None:
        """Note the mounts that the hosts may have soon, and have not for sure.

        Before the first host is touched: whatever a run that dies leaves on a host is known, and looked at again.
        """
        unfinished = {one["path"]: {**one, "digest": ""} for one in [*self.state.read_applied(), *mounts]}
        self.state.write_applied(list(unfinished.values()))

    def _remember_hosts(self, plan: Plan, report: Report) -> None:
        """Note the hosts that there are now, with their addresses."""
        hosts: dict[str, dict[str, Any]] = {}
        for planned in plan.hosts:
            host = report.hosts.setdefault(planned.name, HostReport(planned.name, state="unreached"))
            host.address = host.address or planned.address
            if host.state == "ok":
                host.state = "removed" if planned.action is Action.REMOVE else "running"
            if host.state != "removed":
                hosts[planned.name] = {"address": host.address}
        report.hosts = {name: report.hosts[name] for name in sorted(report.hosts, key=lambda name: (len(name), name))}
        self.state.write_inventory(hosts, self.public_key())

    def look(self, found: Found) -> Report:
        """Return every host that px.yaml wants or that exists, with the state of its mounts. Changes nothing."""
        strange = self.strange_hosts(found)
        running = {host.name: host.address for host in found.hosts if host.state == "running"}
        asked = {name: address for name, address in running.items() if name not in strange}
        report = Report()
        record = None
        if asked:
            inventory = inventories.inventory_to_look(self.config, asked, self.places())
            outcome, report, record = self.run("status", inventory, len(asked))
            if not outcome.stats:
                raise broken_off(outcome)
        for name in set(running) & set(strange):
            error, hint = f"it does not take {self._unknown_key}", "px-ansible provision: it brings the key"
            report.hosts[name] = HostReport(name, "unreachable", error=error, hint=hint)
        report.hosts.pop(CONTROLLER, None)
        existing = {host.name: host for host in found.hosts}
        hosts = {}
        for name in dict.fromkeys([*self.config.hosts, *existing]):
            host = report.hosts.get(name) or HostReport(name, existing[name].state if name in existing else "missing")
            host.address = existing[name].address if name in existing else None
            if host.state == "ok":
                host.state = "running"
                _add_missing(host, self.config)
            hosts[name] = host
        report.hosts = hosts
        if record:
            record.keep(report)
        return report

    def strange_hosts(self, found: Found) -> list[str]:
        """Return the hosts that know another SSH key than the cluster's."""
        if not found.hosts:
            return []
        key = self.public_key()
        return [host.name for host in found.hosts if host.attributes.get("key", key) != key]

    def require_key(self, found: Found) -> None:
        """Raise PrerequisiteError where hosts do not take the cluster's SSH key."""
        if strange := self.strange_hosts(found):
            raise PrerequisiteError(
                f"{', '.join(strange)} would not take {self._unknown_key}.",
                hint="px-ansible provision: it brings the key to the hosts, and keeps them as they are",
            )

    @property
    def _unknown_key(self) -> str:
        """What a host does not take that knows another SSH key, and why that can be."""
        if self.config.ssh.key:
            return f"the SSH key {self.config.ssh.key} yet"
        return "the cluster's new SSH key yet: the one that it knows is lost, or was px.yaml's ssh.key"

    def destroy(self, found: Found, *, purge: bool) -> tuple[Report, Found]:
        """Remove all that carries the cluster's name; return the report and what is still there afterwards."""
        config = settled(self.config, found)
        inventory = inventories.inventory_to_destroy(config, found, self.places(), purge=purge)
        outcome, report, _ = self.run("destroy", inventory, len(found.hosts))
        if not outcome.stats:
            raise report.controller_error() or broken_off(outcome)
        self._forget_hosts(report)
        left = self.find()
        if not left.hosts and not left.shared and report.exit_code == 0:
            self.state.clear()
        return report, left

    def _forget_hosts(self, report: Report) -> None:
        """Forget the hosts that went: what is remembered of a provider that keeps no list itself is the list."""
        gone = {name for name, host in report.hosts.items() if host.state == "ok"}
        kept = {name: host for name, host in self.state.read_inventory().items() if name not in gone}
        self.state.write_inventory(kept, self.state.key_of_hosts())

    def ssh_options(self, host: str) -> list[str]:
        """Return ssh's options for a host."""
        self.public_key()
        return inventories.ssh_options(self.config, host, self.places())

    @property
    def _existing(self) -> bool:
        return PROVIDERS[self.config.provider].existing is not None

    def run(self, playbook: str, inventory: Mapping[str, Any], hosts: int = 1) -> tuple[Outcome, Report, RunRecord]:
        """Run a playbook of the collection, and record how it went."""
        report = Report(unreachable_hint=ssh.hint if self._existing else None)

        def both(event: Event) -> None:
            report(event)
            self.on_event(event)

        forks = min(max(hosts, 1), MOST_FORKS)
        folder = self.state.new_run(playbook)
        record = RunRecord.begin(folder, playbook)
        try:
            outcome = run(playbook, inventory, folder, on_event=both, forks=forks, verbosity=self.verbosity)
        except BaseException as error:
            record.end_with(report, error)
            raise
        # Ansible that did not start has failed, and has no host to say so.
        record.end(report, report.exit_code if outcome.stats else report.exit_code or RunError.exit_code)
        return outcome, report, record

    def places(self) -> inventories.Places:
        """Return where this computer keeps what the roles need."""
        return places_of(self.config, self.state)

    def public_key(self) -> str | None:
        """Return the cluster's public SSH key; None where hosts have keys of their own."""
        return public_key_of(self.config, self.state)


def places_of(config: Config, state: ClusterState) -> inventories.Places:
    """Return where this computer keeps what the roles need for a cluster."""
    cache = platformdirs.user_cache_path("px-ansible")
    return inventories.Places(config.ssh.key or state.folder / "key", state.folder / "known_hosts", cache)


def public_key_of(config: Config, state: ClusterState) -> str | None:
    """Return the public SSH key of a cluster: of the one that px.yaml names, or of its own, made where there was none.

    None where hosts have keys of their own.
    """
    if PROVIDERS[config.provider].existing:
        return None
    state.known_hosts_dir()
    return state.public_key(config.ssh.key)


def _found_host(one: Mapping[str, Any]) -> FoundHost:
    attributes = {key: value for key, value in one.items() if key not in ("name", "state", "address")}
    return FoundHost(one["name"], one["state"], one["address"], attributes)


def _add_missing(host: HostReport, config: Config) -> None:
    """Add the mounts that px.yaml wants and that the host does not know."""
    known = {mount.path for mount in host.mounts}
    for mount in config.mounts:
        if mount.path not in known:
            host.mounts.append(MountReport(mount.path, mount.bucket, mount.client, "missing", ready=False))


def broken_off(outcome: Outcome) -> RunError:
    """Return the error of a run that did not come so far as to touch a host."""
    log = (outcome.stopped or "").splitlines()
    return RunError("Ansible broke off before it could begin", hint=f"less {outcome.log}", log=log)
