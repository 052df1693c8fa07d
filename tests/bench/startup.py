"""How long px-ansible takes to start and to check a file, next to other tools (`make bench`).

Medians of one run on one computer, in turns so that what else the computer does is shared by all; seconds depend on the
computer, the ratios say more. `cpu` is the time of the processor. Nothing is asserted.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

TOP = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
FILE = str(TOP / "examples" / "quickstart" / "px.yaml")
SCHEMA = str(TOP / "docs" / "px.schema.json")
ROUNDS = 15
COMMANDS = {
    "px-ansible --help": [BIN / "px-ansible", "--help"],
    "px-ansible validate": [BIN / "px-ansible", "validate", FILE],
    "check-jsonschema": [BIN / "check-jsonschema", "--schemafile", SCHEMA, FILE],
    "ansible --version": [BIN / "ansible", "--version"],
    "python -c ''": [sys.executable, "-c", ""],
}


def taken(command: list[str | Path], environment: dict[str, str]) -> tuple[float, float]:
    """Return the seconds that a command takes, on the clock and of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    # Installed packages come with their bytecode; a checkout writes its own in the first round.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for command in COMMANDS.values():
        taken(command, environment)
    rounds = [{name: taken(command, environment) for name, command in COMMANDS.items()} for _ in range(ROUNDS)]
    medians = {name: tuple(median(one[name][kind] for one in rounds) for kind in (0, 1)) for name in COMMANDS}
    yardstick = medians["px-ansible validate"][1]
    print(f"{'median of ' + str(ROUNDS):24}{'seconds':>9}{'cpu':>9}{'cpu : px-ansible validate':>28}")
    for name, (seconds, cpu) in medians.items():
        print(f"{name:24}{seconds:9.3f}{cpu:9.3f}{cpu / yardstick:28.2f}")


if __name__ == "__main__":
    main()
