"""What a plan of 1,000 hosts takes, next to `ansible --version` in the same run (`make bench`). Nothing is asserted.

Seconds, the best of 5. The steps run in one Python that has imported what they need; the commands begin with none.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.cli.plan_view import show
from px_ansible.config import load
from px_ansible.plans import Found, FoundHost, make_plan
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOSTS = 1000
PX_YAML = f"""\
cluster:
  name: demo
  nodes: {HOSTS}
  cpus_per_node: 4
  memory_per_node: 16 GiB
  provider: gcp
/data: {{source: gs://data}}
/models: {{source: gs://models, read_only: true}}
"""


def best(step: Callable[[], object]) -> float:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        step()
        took.append(time.perf_counter() - began)
    return min(took)


def command(*arguments: str | Path) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def measured(file: Path) -> Sequence[tuple[str, Callable[[], object]]]:
    config = load(file)
    attributes = PROVIDERS[config.provider].attributes(config)
    there = Found(
        hosts=tuple(FoundHost(name, "running", "192.0.2.1", attributes) for name in config.hosts[: HOSTS // 2])
    )
    losing = Found(
        hosts=tuple(FoundHost(f"demo-{n}", "running", "192.0.2.1", attributes) for n in range(1, 2 * HOSTS + 1))
    )
    made, removing = make_plan(config, there), make_plan(config, losing)

    def shown(plan: object) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            show(plan)

    return [
        ("config", lambda: load(file)),
        (f"plan, {HOSTS // 2} of the hosts are there", lambda: make_plan(config, there)),
        ("its table", lambda: shown(made)),
        (f"table of a plan that removes {HOSTS} other hosts", lambda: shown(removing)),
        ("px-ansible plan --offline", command("-m", "px_ansible", "plan", "--offline", "-f", file)),
        (
            "px-ansible plan --offline --output json",
            command("-m", "px_ansible", "plan", "--offline", "--output", "json", "-f", file),
        ),
        ("ansible --version", command(Path(sys.executable).parent / "ansible", "--version")),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PX_MACHINE_TYPES"] = folder
        file = Path(folder) / "px.yaml"
        file.write_text(PX_YAML)
        print(f"{HOSTS} hosts, 2 mounts; seconds, the best of 5\n")
        for name, step in measured(file):
            print(f"{best(step):7.3f}  {name}")


if __name__ == "__main__":
    main()
