"""An emulated Google Cloud: one project with its identities and buckets, and what a test does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from emulators.gce import capacity, catalog, discovery, errors, hosts, machines, roles
from emulators.gce.accounts import Account, Accounts
from emulators.gce.addresses import Addresses
from emulators.gce.clock import Clock
from emulators.gce.compute import firewalls, instance_power, networks
from emulators.gce.identities import Identities, Identity
from emulators.gce.operations import Failure, OperationError, Operations
from emulators.gce.projects import Projects
from emulators.gce.quotas import Quotas
from emulators.gce.storage import Bucket, standard_policy
from emulators.gce.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from emulators.gce.service import Service
    from emulators.gce.world import Resource

PROJECT = "px-test"
NUMBER = "764086051850"
# The rules of the network that every project has.
_DEFAULT_RULES = {
    "default-allow-internal": {"sourceRanges": ["10.128.0.0/9"], "allowed": [{"IPProtocol": "all"}], "priority": 65534},
    "default-allow-ssh": {"allowed": [{"IPProtocol": "tcp", "ports": ["22"]}], "priority": 65534},
    "default-allow-icmp": {"allowed": [{"IPProtocol": "icmp"}], "priority": 65534},
}


class GoogleCloud:
    """A cloud; a context manager. `hosts` is for a gate.

    `controller` is the identity of the key file (`key`) and may do all; `user` one that is no service account. What
    is there from the beginning (the project's default network and account) is in none of `left()`.
    """

    def __init__(self, folder: Path, *, seconds: float = 0.2, buckets: tuple[str, ...] = ("px-gcs-bucket",)) -> None:
        self.folder = folder
        self.world = World()
        self.clock = Clock(self.world.lock)
        self.operations = Operations(self.world, self.clock, seconds)
        self.identities = Identities()
        self.accounts = Accounts(self.identities)
        self.addresses = Addresses(self.world)
        self.quotas = Quotas(self.world)
        self.capacity = capacity.Capacity()
        self.machines = machines.Machines(self.clock)
        self.compute = discovery.load("compute")
        self.projects = Projects()
        self.project = self.projects.add(PROJECT, NUMBER)
        self.buckets: dict[str, Bucket] = {}
        for name in buckets:
            self.add_bucket(name)
        self.controller = self._account(f"controller@{PROJECT}.iam.gserviceaccount.com", owner=True)
        self._account(self.project.compute_account)
        self.user = self.identities.add("owner@example.com", owner=True)
        self.key = self.identities.key_file(self.controller.email, PROJECT, folder / "key.json")
        self._default_network()
        self._services, self.hosts = hosts.of(self)
        self._at_first = self._all()
        self._closed = False

    def __enter__(self) -> Self:
        self.clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what still runs."""
        if self._closed:
            return
        self._closed = True
        with self.world.lock:
            errands = [self.machines.call("on_delete", self.order(one)) for one in self.world.of("instances")]
        self.clock.wait(lambda: all(one.done for one in errands), 60)
        self.clock.stop()

    def _account(self, email: str, *, owner: bool = False) -> Identity:
        self.accounts.add(PROJECT, email)
        self.identities[email].owner = owner
        return self.identities[email]

    def _default_network(self) -> None:
        path = f"projects/{PROJECT}/global/networks/default"
        data = {"autoCreateSubnetworks": True, "routingConfig": {"routingMode": "REGIONAL"}}
        network = self.world.add(path, data)
        network.ready = True
        networks.make_auto_subnetworks(self.world, network)
        for name, rule in _DEFAULT_RULES.items():
            fields = {"network": network.link, **firewalls.rule(rule)}
            self.world.add(f"projects/{PROJECT}/global/firewalls/{name}", fields, {path}).ready = True

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs besides the gate's: whose key to use, and nobody's own configuration."""
        return {
            "GOOGLE_APPLICATION_CREDENTIALS": str(self.key),
            "CLOUDSDK_CONFIG": str(self.folder / "gcloud"),
            "NO_GCE_CHECK": "true",
        }

    # What handlers ask.

    def service(self, name: str) -> Service:
        return self._services[name]

    def require_place(self, scope: str) -> None:
        """Refuse a zone or region that is none."""
        kind, _, name = scope.partition("/")
        if kind == "zones" and name not in catalog.ZONES:
            raise errors.invalid("zone", name, "Unknown zone.")
        if kind == "regions" and name not in catalog.REGIONS:
            raise errors.invalid("region", name, "Unknown region.")

    def require_capacity(self, instance: Resource) -> None:
        self.capacity.require(instance)

    def order(self, instance: Resource) -> machines.Order:
        """Return what an instance's machine is made from."""
        found = [self.world.find(one["source"].partition("/v1/")[2]) for one in instance.data["disks"]]
        return machines.order(instance, NUMBER, tuple(dict(one.data) for one in found if one))

    def may(self, identity: Identity | None, permission: str, resource: str) -> bool:
        """Tell whether somebody may do something: `resource` is `buckets/B`, `.../serviceAccounts/A` or a path."""
        members = {"allUsers"}
        if identity:
            if permission in identity.denied:
                return False
            if identity.owner or permission in identity.granted:
                return True
            members |= {"allAuthenticatedUsers", identity.member}
        name = resource.rpartition("/")[2]
        if resource.startswith("buckets/"):
            found, table = self.buckets.get(name), roles.BUCKET
        else:
            found, table = self.accounts.find(name) if "serviceAccounts/" in resource else None, roles.ACCOUNT
        if found is None:
            return False
        held = {role for role in table if members & set(found.policy.of(role))}
        return any(permission in table[role] for role in held)

    def account_is_gone(self, account: Account) -> None:
        for one in self.buckets.values():
            one.policy.account_is_gone(account.email, account.unique_id)

    # What a test does and sees.

    def add_bucket(self, name: str, location: str = "US") -> Bucket:
        self.buckets[name] = Bucket(name, NUMBER, location, standard_policy(PROJECT))
        return self.buckets[name]

    def instance(self, name: str) -> Resource:
        """Return the instance of this name, in whatever zone."""
        with self.world.lock:
            return next(one for one in self.world.of("instances", PROJECT) if one.name == name)

    def exhaust(self, zone: str, machine_type: str = "", times: int = 0) -> None:
        """Let a zone have no machines of a type (of none), for the next `times` (0: for ever)."""
        with self.world.lock:
            self.capacity.exhaust(zone, machine_type, times)

    def fail(self, kind: str, target: str = "", *, code: str, message: str, status: int = 500, times: int = 1) -> None:
        """Let the next operations of a kind (insert, delete, ...) on targets that fit end with an error."""
        with self.world.lock:
            self.operations.failures.append(Failure(kind, target, OperationError(code, message, status), times))

    def preempt(self, name: str) -> dict[str, Any]:
        """Take a spot instance back, as Google does: it stops by itself."""
        with self.world.lock:
            return instance_power.preempt(self, self.instance(name))

    def left(self) -> list[str]:
        """Return what has been made and is still there: resources, service accounts, bindings on buckets."""
        return sorted(self._all() - self._at_first)

    def _all(self) -> set[str]:
        with self.world.lock:
            bindings = {
                f"buckets/{name}: {one['role']} {member}"
                for name, bucket in self.buckets.items()
                for one in bucket.policy.bindings
                for member in one["members"]
            }
            return self.world.paths() | {one.name for one in self.accounts.of(PROJECT)} | bindings

    @property
    def broken(self) -> list[BaseException]:
        """What went wrong in the emulator itself; a test asserts that it is empty."""
        return self.clock.broken

    @property
    def controls(self) -> dict[str, Any]:
        """What a test in another process may call, by POST to the gate."""

        def does(call: Any) -> Any:
            return lambda **arguments: (call(**arguments) and {}) or {}

        return {
            "left": self.left,
            "exhaust": does(self.exhaust),
            "fail": does(self.fail),
            "preempt": does(self.preempt),
            "limit": does(self.quotas.limit),
        }
