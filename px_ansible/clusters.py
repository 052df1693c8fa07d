"""The clusters that this user's state folder knows: found by name, with a px.yaml even where their project is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from px_ansible.config import load, parse, words
from px_ansible.config.cluster import default_name
from px_ansible.errors import PrerequisiteError, PxError, UsageError
from px_ansible.source import read
from px_ansible.state import ClusterState, clusters_folder, folder_id

if TYPE_CHECKING:
    from pathlib import Path

    from px_ansible.config import Config


@dataclass(frozen=True)
class Known:
    """A cluster's config, and a note where it comes from a copy: its px.yaml is gone, or is another cluster's now."""

    config: Config
    note: str | None = None


def known_clusters() -> list[ClusterState]:
    """Return all clusters, by name."""
    found = [
        ClusterState(place.parent.parent.name, place.parent.name, place.parent)
        for place in clusters_folder().glob("[!.]*/[!.]*/cluster.json")
    ]
    return sorted(found, key=lambda state: (state.cluster, state.provider))


def find(name: str, provider: str | None = None) -> ClusterState:
    """Return the cluster NAME, or PROVIDER/NAME; UsageError where there is none, or several."""
    every = known_clusters()
    wanted, slash, short = name.partition("/")
    if slash and provider not in (None, wanted):
        raise UsageError(f"{name!r} is not of the provider {provider!r}", hint="take --provider out")
    provider, short = (wanted, short) if slash else (provider, name)
    found = [one for one in every if one.cluster == short and provider in (None, one.provider)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = [f"-c {one.provider}/{one.cluster}" for one in found]
        raise UsageError(f"{len(found)} providers have a cluster {short!r}", hint=" or ".join(choices))
    if not every:
        raise UsageError(f"there is no cluster {name!r}: this user has none yet", hint="px-ansible provision makes one")
    names = [one.cluster for one in every]
    there = f"there are: {', '.join(dict.fromkeys(names))}"
    raise UsageError(f"there is no cluster {name!r}", hint=words.hint(short, names, otherwise=there))


def config_of(state: ClusterState, *, copy: bool) -> Known:
    """Return the config of a known cluster: its px.yaml, or the copy of the last provision where `copy` will do.

    PrerequisiteError with the reason where there is neither.
    """
    file = state.project_file()
    gone = _problem(state, file)
    if file and gone is None:
        return Known(load(file, provider=state.provider))
    if not copy:
        raise PrerequisiteError(
            f"{gone}, and only px.yaml says what the hosts should be.",
            hint=f"-f FILE, a px.yaml with `name: {state.cluster}` under `cluster:` (the last one used is a beginning:"
            f" {state.folder / 'px.yaml'})",
        )
    text = state.copy_of_px_yaml()
    if text is None or file is None:
        raise PrerequisiteError(
            f"{gone}, and no copy was kept, since it was never provisioned.",
            hint=f"nothing of it exists then; forget it: rm -r {state.folder}",
        )
    kept = parse(text, file=file, name=str(state.folder / "px.yaml"), provider=state.provider)
    return Known(kept, f"{gone}: this is about the cluster as it was last provisioned.")


def _problem(state: ClusterState, file: Path | None) -> str | None:
    """Return why a cluster's px.yaml is not to be used; None where it is."""
    if file is None or not file.exists():
        return f"The px.yaml of the cluster {state.cluster!r}, {file}, is gone"
    try:
        now = load(file, provider=state.provider).cluster
    except PxError:
        return None  # said when it is read
    return None if now == state.cluster else f"{file} is of the cluster {now!r} now, and no longer of {state.cluster!r}"


def refuse_renamed(config: Config) -> None:
    """Raise PrerequisiteError where a renamed folder would make a second cluster next to hosts of the first.

    Only where px.yaml does not name its cluster: then the folder does.
    """
    state = next((one for one in known_clusters() if _was(one, config)), None)
    if state is None or _names_itself(config.file):
        return
    hosts = ", ".join(state.read_inventory())
    raise PrerequisiteError(
        f"This px.yaml was at {state.project_file()} and made the cluster {state.cluster!r} ({hosts}); here it means"
        f" another one, {config.cluster!r}, because the folder's name is the cluster's.",
        hint=f"write `name: {state.cluster}` under `cluster:` to go on with those hosts; or remove them: px-ansible"
        f" destroy -c {state.cluster}; or write `name: {config.cluster}` for one more cluster",
    )


def _was(state: ClusterState, config: Config) -> bool:
    """Tell whether a px.yaml was the cluster's: the file that it knows is gone, and this is its folder or its text."""
    if (
        state.provider != config.provider
        or state.cluster == config.cluster
        or config.cluster != default_name(config.file)
    ):
        return False
    file = state.project_file()
    if file is None or file.exists() or not state.read_inventory():
        return False
    if state.read("cluster.json").get("project_folder") == folder_id(config.file.absolute().parent):
        return True
    return config.file.is_file() and config.file.read_bytes() == state.copy_of_px_yaml()


def _names_itself(file: Path) -> bool:
    return "name" in read(file.read_bytes(), name=str(file)).data.get("cluster", {})
