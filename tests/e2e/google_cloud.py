"""A project on an emulated Google Cloud whose instances boot. Nothing in it knows of an emulator."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import google_auth_httplib2
import httplib2
from emulators.exchange import Answer
from emulators.gate import Gate
from emulators.gce import PROJECT, GoogleCloud
from emulators.gce.guests import Guests
from emulators.gcp_role import fill_client_cache
from google.oauth2 import service_account
from googleapiclient import discovery
from project import Project

from px_ansible import ssh

if TYPE_CHECKING:
    from pathlib import Path

    from emulators.exchange import Exchange, Request

HERE = "198.51.100.7"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


class Echo:
    """The host that says which address a computer comes from."""

    def __call__(self, _request: Request) -> Answer:
        return Answer(200, f"{HERE}\n".encode(), {"Content-Type": "text/plain"})

    def fault(self, status: int) -> Answer:
        return Answer(status)


@dataclass
class World:
    """The cloud and its gate; a context manager that ends every machine."""

    folder: Path
    seconds: float = 0.5
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        fill_client_cache()
        with ExitStack() as stack:
            self.cloud = stack.enter_context(GoogleCloud(self.folder, seconds=self.seconds))
            hosts = {**self.cloud.hosts, "checkip.amazonaws.com": Echo()}
            self.gate = stack.enter_context(Gate(hosts, folder=self.folder))
            self.guests = stack.enter_context(Guests(self.cloud, self.gate, self.folder))
            self.at_first = self.everything()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def google(self, name: str, version: str = "v1") -> Any:
        """Return Google's own client of an API, which goes through the gate as everybody does."""
        credentials = service_account.Credentials.from_service_account_file(self.cloud.key, scopes=SCOPES)
        proxy = httplib2.ProxyInfo(httplib2.socks.PROXY_TYPE_HTTP, "127.0.0.1", self.gate.port)
        plain = httplib2.Http(proxy_info=proxy, ca_certs=str(self.gate.authority.file))
        http = google_auth_httplib2.AuthorizedHttp(credentials, http=plain)
        return discovery.build(name, version, http=http, static_discovery=True)

    def instances(self, cluster: str) -> dict[str, dict[str, Any]]:
        """Return the instances of a cluster by name, as Google's client lists them."""
        of_it = f"labels.px-cluster={cluster}"
        zones = self.google("compute").instances().aggregatedList(project=PROJECT, filter=of_it).execute()["items"]
        found = [one for zone in zones.values() for one in zone.get("instances", [])]
        assert len({one["name"] for one in found}) == len(found), "a name twice"
        return {one["name"]: one for one in found}

    def everything(self) -> list[str]:
        """Return what Google's client finds in the project: instances, disks, networks, rules, accounts."""
        compute = self.google("compute")
        found = []
        for kind in ("instances", "disks", "subnetworks"):
            items = getattr(compute, kind)().aggregatedList(project=PROJECT).execute()["items"]
            found += [one["selfLink"] for place in items.values() for one in place.get(kind, [])]
        for kind in ("networks", "firewalls"):
            listed = getattr(compute, kind)().list(project=PROJECT).execute()
            found += [one["selfLink"] for one in listed.get("items", [])]
        accounts = self.google("iam").projects().serviceAccounts().list(name=f"projects/{PROJECT}").execute()
        found += [one["name"] for one in accounts["accounts"]]
        return sorted(found)

    def do(self, name: str, verb: str) -> None:
        """Start, stop or delete an instance by hand, as somebody would in the console."""
        compute = self.google("compute")
        zone = self.cloud.instance(name).path.split("/")[3]
        where = {"project": PROJECT, "zone": zone}
        operation = getattr(compute.instances(), verb)(**where, instance=name).execute()
        done = compute.zoneOperations().wait(**where, operation=operation["name"]).execute()
        assert (done["status"], "error" in done) == ("DONE", False), done

    def since(self, mark: int) -> list[Exchange]:
        """Return the calls of the controller since the gate had so many; the guests' own calls go another way."""
        return self.gate.asked()[mark:]


@dataclass
class CloudProject(Project):
    """A project whose command goes through the gate, with the key of the emulated project's owner."""

    world: World | None = None

    @classmethod
    def on(cls, world: World, purpose: str) -> CloudProject:
        plain = cls.make(purpose)
        kept = {name: value for name, value in plain.environment.items() if not name.lower().endswith("_proxy")}
        kept.pop("PX_PROVIDER")
        plain.environment = kept | world.gate.environment | world.cloud.environment
        plain.world = world
        return plain

    @property
    def state(self) -> Path:
        return self.top / "state" / "px-ansible" / "clusters" / "gcp" / self.name

    def run_on(self, number: int, command: str, *, code: int = 0) -> str:
        """Run a shell command on a host as the user who logs in."""
        options = ssh.options(self.host(number), self.state / "key", self.state / "known_hosts")
        words = ["ssh", *options, f"px@{self.address(number)}", command]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()
