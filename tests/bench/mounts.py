"""What a role costs next to the same work by stock modules: 1 and 10 hosts, first and second run (`make bench`).

Two mounts of one emulated bucket, with the real gcsfuse, on machines of the local provider. Counted are the tasks that
ran on a host, the ssh processes (both per host), seconds, and the CPU seconds of the controller. The hosts share the
computer's CPUs with it, so seconds depend on the computer; the ratios say more. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "e2e"), str(TOP / "tests" / "collections")]

from project import Project  # noqa: E402

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "px-ansible"
HOSTS = (1, 10)
# How people run Ansible, and how px-ansible does.
SETTINGS = {
    "default": {},
    "px-ansible's": {"ANSIBLE_PIPELINING": "1", "ANSIBLE_FORKS": "50", "ANSIBLE_STRATEGY": "free"},
}
VARIANTS = (("stock modules", "stock", "default"), ("role", "role", "default"), ("role", "role", "px-ansible's"))


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    tasks: float
    ssh: float
    seconds: float
    cpu: float


class Controller:
    """Ansible on the machines of a project."""

    def __init__(self, project: Project, folder: Path) -> None:
        self.project = project
        self.folder = folder
        self.inventory = folder / "inventory.json"
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PX_"))
        } | {
            "ANSIBLE_COLLECTIONS_PATH": str(TOP / "tests" / "collections"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "mounts" / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "count_tasks",
            "ANSIBLE_SSH_EXECUTABLE": str(folder / "ssh"),
            "ANSIBLE_HOME": str(folder / "home"),
            "PX_BENCH_TASKS": str(folder / "tasks"),
        }
        counted = folder / "ssh"
        counted.write_text(f'#!/bin/sh\necho >> {folder}/connections\nexec {shutil.which("ssh")} "$@"\n')
        counted.chmod(0o755)

    def choose(self, number: int) -> None:
        """Write the inventory of the first hosts."""
        hosts = {}
        for one in range(1, number + 1):
            name = self.project.host(one)
            options = f"-i {self.project.state}/key -o UserKnownHostsFile={self.project.state}/known_hosts/{name}"
            hosts[name] = {
                "ansible_host": self.project.address(one),
                "ansible_user": "root",
                "ansible_ssh_common_args": f"{options} -o HostKeyAlias={name}",
                "ansible_python_interpreter": "/usr/bin/python3",
            }
        variables = {"bench_cache": str(CACHE), "bench_bucket": "px-gcs-bucket"}
        self.inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}))

    def run(self, playbook: str, settings: dict[str, str]) -> Cost:
        """Run a playbook to its end; one that fails ends the benchmark."""
        for name in ("tasks", "connections"):
            (self.folder / name).write_text("")
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        ansible = Path(sys.executable).with_name("ansible-playbook")
        done = subprocess.run(
            [ansible, "-i", self.inventory, HERE / "mounts" / f"{playbook}.yml"],
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode != 0:
            sys.exit(f"{playbook} failed\n{done.stdout}{done.stderr}")
        hosts = len(json.loads(self.inventory.read_text())["all"]["hosts"])
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        tasks, ssh = (len((self.folder / name).read_text().splitlines()) for name in ("tasks", "connections"))
        return Cost(tasks / hosts, ssh / hosts, seconds, cpu)


def main() -> None:
    """Measure and print."""
    project = Project.make("bench")
    folder = Path(tempfile.mkdtemp(prefix="pxb-", dir="/tmp"))
    try:
        project.write(nodes=max(HOSTS))
        project.provision()
        controller = Controller(project, folder)
        print(f"\n{'':40} {'first run':>38}   {'second run':>38}")
        columns = f"{'tasks':>8} {'ssh':>8} {'seconds':>10} {'CPU s':>9}"
        print(f"{'work by':15} {'settings':15} {'hosts':>8} {columns}   {columns}")
        for number in HOSTS:
            controller.choose(number)
            base: list[Cost] = []
            for what, playbook, settings in VARIANTS:
                costs = [controller.run(playbook, SETTINGS[settings]) for _ in range(2)]
                controller.run("clean", SETTINGS["px-ansible's"])
                base = base or costs
                print(f"{what:15} {settings:15} {number:>8} {'   '.join(map(_cells, costs))}", flush=True)
                if costs is not base:
                    ratios = "   ".join(_ratios(cost, first) for cost, first in zip(costs, base, strict=True))
                    print(f"{'  of stock':40} {ratios}", flush=True)
    finally:
        left = project.end()
        project.remove_folders()
        shutil.rmtree(folder, ignore_errors=True)
        if left:
            print("\n".join(left), file=sys.stderr)


def _cells(cost: Cost) -> str:
    return f"{cost.tasks:>8.0f} {cost.ssh:>8.0f} {cost.seconds:>10.1f} {cost.cpu:>9.1f}"


def _ratios(cost: Cost, base: Cost) -> str:
    parts = (cost.tasks / base.tasks, cost.ssh / base.ssh, cost.seconds / base.seconds, cost.cpu / base.cpu)
    widths = (8, 8, 10, 9)
    return " ".join(f"{part:>{width}.0%}" for part, width in zip(parts, widths, strict=True))


if __name__ == "__main__":
    main()
