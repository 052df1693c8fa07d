"""The role provider_gcp run by ansible-playbook, with google.cloud's modules as they are, through the gate.

Nothing boots: an instance's address is one of loopback where something says "SSH-", its host keys are what its guest
agent would have told, and hosts are reached by the connection `local`. The playbooks are px-ansible's own, and so are
Ansible's settings.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from emulators.exchange import Answer
from emulators.gce import PROJECT, guest_attributes
from emulators.gce.machines import Running
from emulators.guests.site import cache
from px_ansible.run_environment import ANSIBLE_CFG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOP = Path(__file__).resolve().parents[2]
HERE = "198.51.100.7"
ADDRESS_HOST = "checkip.amazonaws.com"
BUCKET = "px-gcs-bucket"
KEY = "ssh-ed25519 AAAA px"
CONSOLE = "[  OK  ] Started a thing\n\x1b[31mKernel panic - not syncing: VFS\x1b[0m\n"
HOST_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAI"


class AddressHost:
    """The host that says which address one comes from."""

    text = HERE

    def __call__(self, request: Any) -> Answer:
        return Answer(200, f"{self.text}\n".encode())

    def fault(self, status: int) -> Answer:
        return Answer(status)


class Banner:
    """Something that speaks first, as SSH does, on a loopback address of its own; a context manager."""

    def __init__(self) -> None:
        number = os.getpid()
        self.address = f"127.22.{number >> 8 & 255}.{number & 255 or 1}"
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((self.address, 22))
        self._socket.listen(128)

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.sendall(b"SSH-2.0-emulated\r\n")


class Hook:
    """Machines that are an address and a console. `lives` counts how often each was made."""

    def __init__(self, cloud: Any, address: str) -> None:
        self.cloud = cloud
        self.address = address
        self.addresses: dict[str, str] = {}  # of those that are elsewhere
        self.agent = True
        self.lives: dict[str, int] = {}

    def on_create(self, order: Any) -> Running:
        self.lives[order.name] = self.lives.get(order.name, 0) + 1
        return self.on_start(order)

    def on_start(self, order: Any) -> Running:
        if self.agent and order.metadata.get("enable-guest-attributes") == "TRUE":
            # One whose operation has failed meanwhile is there no more.
            with suppress(StopIteration):
                instance = self.cloud.instance(order.name)
                guest_attributes.put(instance, ["hostkeys", "ssh-ed25519"], self.host_key(order.name))
        address = self.addresses.get(order.name, self.address)
        return Running(address, address, CONSOLE)

    def on_stop(self, order: Any) -> None:
        """Nothing is there to be stopped."""

    on_delete = on_stop

    def host_key(self, name: str) -> str:
        return f"{HOST_KEY}{name}{self.lives.get(name, 0)}"


@dataclass(frozen=True)
class Play:
    """How a playbook went: what each task gave, the counts by host, and what set_stats returned."""

    code: int
    output: str
    results: list[dict[str, Any]]
    stats: dict[str, dict[str, int]]
    returned: dict[str, Any]

    def failure(self, host: str = "localhost") -> dict[str, Any]:
        """Return what a host ended with, which must have failed."""
        assert self.stats[host]["failures"] == 1, (host, self.stats, self.output)
        return next(one["data"] for one in reversed(self.results) if one["host"] == host and one["state"] == "failed")

    def said(self, host: str = "localhost") -> str:
        """Return message and hint that a host ended with."""
        data = self.failure(host)
        return f"{data['msg']} | {data.get('hint')}"

    def of(self, action: str, host: str = "localhost") -> list[dict[str, Any]]:
        """Return what the tasks of an action gave that were not skipped."""
        ran = (one for one in self.results if one["host"] == host and one["state"] != "skipped")
        return [one["data"] for one in ran if one["action"].endswith(action)]

    @property
    def changed(self) -> int:
        return sum(one["changed"] for one in self.stats.values())

    @property
    def ok(self) -> bool:
        return not any(one["failures"] or one["unreachable"] for one in self.stats.values())


class Role:
    """What runs the role: `play` for px-ansible's playbooks by name, `px` for px-ansible itself."""

    def __init__(self, cloud: Any, gate: Any, folder: Path) -> None:
        self.cloud = cloud
        self.gate = gate
        self.folder = folder
        self.known_hosts = folder / "known_hosts"
        (folder / "ansible.cfg").write_text(ANSIBLE_CFG, encoding="utf-8")
        self.environment = {
            **cloud.environment,
            "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_LOCAL_TEMP": str(folder / "home/tmp"),
            "ANSIBLE_CALLBACK_PLUGINS": str(TOP / "tests/emulators/callbacks"),
            "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests/collections"),
            "PX_RESULTS": str(folder / "results.jsonl"),
        }
        self.variables: dict[str, Any] = {
            "px_provider": "gcp",
            "px_cluster": "demo",
            "px_fuse_clients": [],
            "provider_gcp_project": PROJECT,
            "provider_gcp_buckets": [{"name": BUCKET}],
            "provider_gcp_authorized_key": KEY,
            "provider_gcp_boot_timeout": 20,
            "provider_gcp_zones": ["us-central1-a", "us-central1-b"],
        }

    def play(
        self,
        playbook: str,
        hosts: Any = (),
        *,
        verbose: int = 0,
        env: dict[str, str] | None = None,
        delay: float = 0.2,
        **variables: Any,
    ) -> Play:
        """Run a playbook; `hosts` are names, or name -> variables. `delay`: between tries of google.cloud's modules."""
        named = hosts if isinstance(hosts, dict) else {name: {} for name in hosts}
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        every = {"px_state": "present", **self.variables, **local, **variables}
        every = {name: value for name, value in every.items() if value is not None}
        inventory = {"all": {"hosts": {"localhost": {}}, "vars": every, "children": {"px_hosts": {"hosts": named}}}}
        (self.folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        environment = self.gate.process_environment(**{**self.environment, **(env or {})})
        environment = {name: value for name, value in environment.items() if value}
        command = [
            sys.executable,
            str(Path(sys.executable).with_name("ansible-playbook")),
            f"--forks={len(named) or 1}",
        ]
        command += ["-i", str(self.folder / "inventory.json"), "-e", json.dumps({"__provider_gcp_delay": delay})]
        command += ["-" + "v" * verbose] if verbose else []
        command.append(str(TOP / f"playbooks/{playbook}.yml"))
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        output = done.stdout + done.stderr
        lines = [json.loads(line) for line in (self.folder / "results.jsonl").read_text().splitlines()]
        assert lines, output
        assert "stats" in lines[-1], output
        return Play(done.returncode, output, lines[:-1], lines[-1]["stats"], lines[-1]["returned"])

    def cluster(self, **variables: Any) -> Play:
        """Make, or with px_state=absent remove, what the hosts share."""
        return self.play("destroy" if variables.get("px_state") == "absent" else "provision", **variables)

    def present(self, hosts: Any, **variables: Any) -> Play:
        """Make hosts, in the network that the project has, with an account that is there: nothing is shared then."""
        given = {"provider_gcp_network": "default", "provider_gcp_service_account": self.cloud.project.compute_account}
        named = hosts if isinstance(hosts, dict) else {name: {} for name in hosts}
        pending = {name: {"px_pending": True, **its} for name, its in named.items()}
        return self.play("provision", pending, **{"px_pending": False, **given, **variables})

    def absent(self, hosts: Any, **variables: Any) -> Play:
        return self.present(hosts, px_state="absent", **variables)

    def start(self, *arguments: str, folder: Path, **env: str) -> subprocess.Popen[str]:
        """Start px-ansible in a folder and a process group of its own."""
        kept = {name: value for name, value in self.environment.items() if not name.startswith("ANSIBLE_")}
        more = {"XDG_STATE_HOME": str(self.folder / "state"), "PYTHONPATH": str(TOP), "COLUMNS": "110"}
        environment = self.gate.process_environment(**kept, **more, **env)
        return subprocess.Popen(
            [sys.executable, "-m", "px_ansible", *arguments],
            cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def px(self, *arguments: str, folder: Path, code: int = 0, **env: str) -> str:
        """Run px-ansible to its end and return what it printed."""
        process = self.start(*arguments, folder=folder, **env)
        output = process.communicate(timeout=300)[0]
        assert process.returncode == code, output
        return output


@contextmanager
def meanwhile(step: Callable[[], None]) -> Iterator[None]:
    """Call `step` again and again in another thread."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.01):
            step()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def fill_client_cache() -> None:
    """Have gcsfuse in this computer's client cache: the gate would let nobody out to get it."""
    variables = {"px_state": "present", "px_provider": "gcp", "px_fuse_clients": ["gcsfuse"]}
    variables |= {"gcsfuse_cache_dir": str(cache()), "ansible_python_interpreter": sys.executable}
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests/collections")}
    words = ["-i", "localhost,", "-c", "local", "-e", json.dumps(variables), str(TOP / "playbooks/mount.yml")]
    command = [sys.executable, str(Path(sys.executable).with_name("ansible-playbook")), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and its group, as the computer's end would."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
