"""Which project: the one that is named, or that of the credentials, or gcloud's."""

from __future__ import annotations

import configparser
import json
import os
import typing as t
from pathlib import Path

from ansible_collections.px.storage.plugins.module_utils.gcp.errors import GcpError

# google-auth's own variables, in its order; then gcloud's.
_VARIABLES = ("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")


def find(params: t.Mapping[str, t.Any], env: t.Mapping[str, str] = os.environ) -> str:
    """Return the id of the project.

    Raises:
        GcpError: where none is named anywhere.
    """
    return _first(params, env) or _fail()


def _first(params: t.Mapping[str, t.Any], env: t.Mapping[str, str]) -> str | None:
    if params.get("project"):
        return str(params["project"])
    for name in _VARIABLES:
        if env.get(name):
            return env[name]
    folder = Path(env.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud")
    keys = (params.get("service_account_file"), env.get("GOOGLE_APPLICATION_CREDENTIALS"))
    for path in filter(None, keys):
        if found := _of_text(_read(Path(path).expanduser())):
            return found
    if found := _of_text(params.get("service_account_contents")):
        return found
    return _of_gcloud(folder, env) or _of_machine(env)


def _of_text(text: t.Any) -> str | None:
    """Return the project in a file of credentials: a service account's names its own."""
    try:
        data = json.loads(text) if isinstance(text, str) else text or {}
    except ValueError:
        return None
    return data.get("project_id") or data.get("quota_project_id") if isinstance(data, dict) else None


def _of_gcloud(folder: Path, env: t.Mapping[str, str]) -> str | None:
    """Return the project of gcloud's active configuration."""
    name = env.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _read(folder / "active_config").strip() or "default"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_read(folder / "configurations" / f"config_{name}"))
    except configparser.Error:
        return None
    return parser.get("core", "project", fallback=None)


def _of_machine(env: t.Mapping[str, str]) -> str | None:
    """Return the project of the virtual machine that this runs on, where it is one of Google's."""
    if env.get("NO_GCE_CHECK", "").lower() == "true" or "Google" not in _read(Path("/sys/class/dmi/id/product_name")):
        return None
    from google.auth.compute_engine import _metadata  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    found = _metadata.get_project_id(Request())
    return found.decode() if isinstance(found, bytes) else found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _fail() -> t.NoReturn:
    raise GcpError(
        "no project is named: not in px.yaml, not in the environment, not in the credentials, not by gcloud",
        "write 'gcp: {project: PROJECT}' below 'cluster' in px.yaml; or export GOOGLE_CLOUD_PROJECT=PROJECT",
    )
