"""`python -m emulators.gate CLOUD`: a gate in a process of its own.

The first line on stdout is JSON: `url`, `environment` for the client's process, `nonce`. It ends with its stdin, or by
SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import importlib
import json
import signal
import sys
import tempfile
import threading
from pathlib import Path

from emulators.gate import Gate


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="python -m emulators.gate", description="Play a cloud's hosts on loopback.")
    parser.add_argument("cloud", choices=["gce"], help="the folder below tests/emulators")
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--folder", type=Path, help="where the CA and key files go; default: a temporary one")
    parser.add_argument("--seconds", type=float, default=0.2, help="how long an operation takes")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="px-gate-") as temporary:
        folder = arguments.folder or Path(temporary)
        cloud = importlib.import_module(f"emulators.{arguments.cloud}").make(folder, seconds=arguments.seconds)
        with cloud, Gate(cloud.hosts, port=arguments.port, folder=folder) as gate:
            gate.controls.update(cloud.controls)
            environment = {**gate.environment, **cloud.environment}
            print(json.dumps({"url": gate.url, "environment": environment, "nonce": gate.nonce}), flush=True)
            ended.wait()
