"""The names that the state folder knows, for completions: read while a key is held down, so by nothing heavy."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible.files import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click
    from click.shell_completion import CompletionItem


def clusters(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a cluster."""
    return sorted({folder.name for folder in _folders() if folder.name.startswith(incomplete)})


def any_cluster() -> bool:
    """Tell whether this user has a cluster."""
    return any(True for _ in _folders())


def hosts(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a host: of the cluster that the command would use where it has hosts, else of all."""
    folders = list(_folders())
    params = {**ctx.params, "cluster": ctx.meta.get("px_ansible.cli.options")}
    mine = [folder for folder in folders if _is_used(folder, params)]
    names = {name for folder in mine for name in _hosts(folder)} or {
        name for folder in folders for name in _hosts(folder)
    }
    return sorted((name for name in names if name.startswith(incomplete)), key=_by_number)


def providers(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a provider."""
    from px_ansible.providers import PROVIDERS  # noqa: PLC0415

    return [name for name in PROVIDERS if name.startswith(incomplete)]


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete the name of a file."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    return [CompletionItem(incomplete, type="file")]


def _by_number(name: str) -> tuple[str, int]:
    """Return what puts the tenth host behind the ninth."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)


def _folders() -> Iterator[Path]:
    """Yield the folder of every cluster."""
    from px_ansible.state import clusters_folder  # noqa: PLC0415

    for file in clusters_folder().glob("[!.]*/[!.]*/cluster.json"):
        yield file.parent


def _is_used(folder: Path, params: dict[str, Any]) -> bool:
    """Tell whether a cluster is the one that the command would use, without reading its px.yaml."""
    if cluster := params.get("cluster"):
        return folder.name == str(cluster).rpartition("/")[2]
    if (provider := params.get("provider")) and folder.parent.name != provider:
        return False
    try:
        return Path(_read(folder / "cluster.json")["project_file"]).samefile(_px_yaml(params.get("file")))
    except (OSError, KeyError, TypeError):
        return False


def _px_yaml(given: str | None) -> Path:
    named = given or os.environ.get("PX_FILE")
    if named:
        return Path(named)
    return nearest() or Path.cwd()


def _hosts(folder: Path) -> list[str]:
    found = _read(folder / "inventory.json").get("hosts", {})
    return list(found) if isinstance(found, dict) else []


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}
