"""What px-ansible remembers of a cluster: one folder each (0700, files 0600) in the user's state folder.

<user state>/px-ansible/clusters/<provider>/<cluster>/
    cluster.json      whose cluster this is: the px.yaml, and its folder
    px.yaml           that file, as the last provision used it
    inventory.json    the hosts of the last run, with their addresses, and the SSH key that they take
    applied.json      the mounts that the hosts have
    key, key.pub      the cluster's SSH key
    known_hosts/      the host keys
    lock              who works on it now
    runs/             one folder per run, the last 20 that changed something and the last 20 that looked
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from px_ansible import files, runs, whole_file
from px_ansible.errors import PrerequisiteError
from px_ansible.key import ensure_key, given_key
from px_ansible.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

VERSION = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


COPY = files.PX_YAML


def clusters_folder() -> Path:
    """Return the folder that holds the folders of all clusters."""
    return platformdirs.user_state_path("px-ansible") / "clusters"


def open_cluster(provider: str, cluster: str, project_file: Path) -> ClusterState:
    """Return the cluster's state; its folder is made, and `project_file` noted as its px.yaml.

    Another px.yaml that still exists keeps its cluster: two projects must not fight over the same hosts. One
    that is gone was moved or renamed, and this one takes its place.
    """
    if not _NAME.fullmatch(provider) or not _NAME.fullmatch(cluster):
        raise ValueError(f"not a name for a folder: {provider!r}, {cluster!r}")
    state = ClusterState(provider, cluster, clusters_folder() / provider / cluster)
    project_file = project_file.resolve()
    try:
        _make_private(state.folder)
        known = state.project_file()
        if known and known != project_file and known.exists() and not known.samefile(project_file):
            raise PrerequisiteError(
                f"The cluster {cluster!r} ({provider}) belongs to {known}, not to {project_file}.",
                hint="Give one of them another `cluster.name`.",
            )
        about = state.read("cluster.json")
        now = {"provider": provider, "cluster": cluster, "project_file": str(project_file)}
        if folder := folder_id(project_file.parent):
            now["project_folder"] = folder
        if {**about, **now} != about:
            state.write("cluster.json", now)
    except OSError as error:
        raise PrerequisiteError(
            f"The cluster's state cannot be kept: {error}",
            hint=f"{state.folder} must be yours and writable; was px-ansible run with sudo before?",
        ) from error
    return state


def folder_id(folder: Path) -> str | None:
    """Return what a folder keeps when it is renamed."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return f"{found.st_dev}:{found.st_ino}"


@dataclass(frozen=True)
class ClusterState:
    """The folder of one cluster, and what is in it."""

    provider: str
    cluster: str
    folder: Path

    def project_file(self) -> Path | None:
        """Return the px.yaml that the cluster belongs to."""
        path = self.read("cluster.json").get("project_file")
        return Path(path) if path else None

    def copy_of_px_yaml(self) -> bytes | None:
        """Return the px.yaml that the last provision used, None where there was none."""
        try:
            return (self.folder / COPY).read_bytes()
        except FileNotFoundError:
            return None

    def keep_px_yaml(self, project_file: Path) -> None:
        """Keep a copy of a px.yaml, for the day when it is gone and its hosts are not."""
        if project_file.is_file():  # a pipe has been read, and gives nothing any more
            whole_file.write(self.folder / COPY, project_file.read_text(encoding="utf-8"))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other px-ansible off this cluster, and wait for what a killed one left running."""
        _make_private(self.folder)  # another one may just have destroyed the cluster
        with locked(self.folder / "lock", f"the cluster {self.cluster!r} ({self.provider})"):
            runs.wait_for_abandoned(self.folder / "runs")
            yield

    def key(self) -> Path:
        """Return the private SSH key, made where there is none."""
        return ensure_key(self.folder / "key", self._comment)

    def has_key(self) -> bool:
        """Tell whether a key was made."""
        return (self.folder / "key").exists()

    @property
    def _comment(self) -> str:
        return f"px-ansible:{self.cluster}"

    def public_key(self, given: Path | None = None) -> str:
        """Return the public half of the cluster's SSH key, or of the one that was `given` to it."""
        if given:
            return given_key(given, self._comment)
        return self.key().with_suffix(".pub").read_text(encoding="utf-8").strip()

    def known_hosts_dir(self) -> Path:
        """Return the folder for the hosts' known_hosts files."""
        folder = self.folder / "known_hosts"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def write_inventory(self, hosts: Mapping[str, Mapping[str, Any]], key: str | None = None) -> None:
        """Remember the hosts: name -> variables, its address among them; and the public SSH key that they take."""
        told = {name: dict(variables) for name, variables in hosts.items()}
        self.write("inventory.json", {"hosts": told, "key": key})

    def read_inventory(self) -> dict[str, dict[str, Any]]:
        """Return the hosts of the last run, none where there was none."""
        return dict(self.read("inventory.json").get("hosts", {}))

    def key_of_hosts(self) -> str | None:
        """Return the public SSH key that the hosts took at the last provision, None where that is not known."""
        key: str | None = self.read("inventory.json").get("key")
        return key

    def write_applied(self, mounts: Sequence[Mapping[str, str]]) -> None:
        """Remember the mounts that the hosts have, each with `path`, `client` and `bucket`."""
        self.write("applied.json", {"mounts": [dict(mount) for mount in mounts]})

    def read_applied(self) -> list[dict[str, str]]:
        """Return the mounts that the hosts have."""
        return list(self.read("applied.json").get("mounts", []))

    def new_run(self, command: str) -> Path:
        """Make the folder for a run of `command`; the oldest ones of its kind go, so that 20 remain."""
        return runs.new(self.folder / "runs", command)

    def all_runs(self) -> list[Path]:
        """Return the folders of the runs that are kept, oldest first."""
        return runs.all_runs(self.folder / "runs")

    def clear(self) -> None:
        """Forget the cluster: its hosts are gone. The lock may be held, and keeps working."""
        # The rename takes the whole folder away at once, so that a px-ansible that starts now makes a fresh
        # one.
        gone = Path(tempfile.mkdtemp(prefix=".removed-", dir=self.folder.parent))
        with suppress(FileNotFoundError):
            self.folder.replace(gone)
        shutil.rmtree(gone)
        with suppress(OSError):  # other clusters live here
            self.folder.parent.rmdir()

    def read(self, name: str) -> dict[str, Any]:
        """Return what a JSON file holds, nothing where there is no such file."""
        path = self.folder / name
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        if not isinstance(data, dict) or not isinstance(data.get("version"), int):
            raise _damaged(path, "it is not what px-ansible writes")
        if data["version"] > VERSION:
            raise PrerequisiteError(
                f"{path} was written by a newer px-ansible (version {data['version']}, this one knows {VERSION}).",
                hint="Upgrade: pip install --upgrade px-ansible",
            )
        return data

    def write(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a JSON file as a whole or not at all."""
        whole_file.write(self.folder / name, json.dumps({"version": VERSION, **data}, indent=1))


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # `mode` is for the last folder only, and a folder from before may be open to others.
    for place in (folder, folder.parent, folder.parent.parent, folder.parent.parent.parent):
        place.chmod(0o700)


def _damaged(path: Path, reason: str) -> PrerequisiteError:
    return PrerequisiteError(
        f"{path} is damaged: {reason}",
        hint=f"Remove it (rm {path}); `px-ansible provision` then finds out again what exists.",
    )
