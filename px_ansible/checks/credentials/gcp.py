"""Google Cloud: what google.cloud's modules and google-auth look for, in their order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.checks.model import Check

if TYPE_CHECKING:
    from px_ansible.checks.model import Surroundings

SUBJECT = "provider gcp"
_LOGIN = "gcloud auth application-default login; or export GOOGLE_APPLICATION_CREDENTIALS=KEY.json"


def check(at: Surroundings) -> Check:
    """Say where the credentials are."""
    for name in ("GCP_SERVICE_ACCOUNT_CONTENTS", "GCP_ACCESS_TOKEN"):
        if at.env.get(name):
            return Check(SUBJECT, "credentials", "ok", f"environment variable {name}")
    for name in ("GCP_SERVICE_ACCOUNT_FILE", "GOOGLE_APPLICATION_CREDENTIALS"):
        if path := at.env.get(name):
            return _file(Path(path).expanduser(), f"{path} ({name})")
    folder = Path(at.env.get("CLOUDSDK_CONFIG") or at.home / ".config" / "gcloud")
    default = folder / "application_default_credentials.json"
    if default.exists():
        return _file(default, str(default))
    if "Google" in at.maker():
        return Check(SUBJECT, "credentials", "warning", "only the identity of this VM, if it has one", _LOGIN)
    return Check(SUBJECT, "credentials", "missing", "in no variable, and gcloud left none", _LOGIN)


def _file(path: Path, shown: str) -> Check:
    try:
        kind = json.loads(path.read_text(encoding="utf-8")).get("type")
    except OSError as error:
        return Check(SUBJECT, "credentials", "missing", f"{shown}: {error.strerror}", _LOGIN)
    except (ValueError, AttributeError):
        return Check(SUBJECT, "credentials", "missing", f"{shown} is not a file of credentials (JSON)", _LOGIN)
    if not isinstance(kind, str) or not kind.replace("_", "").isalpha():
        return Check(SUBJECT, "credentials", "missing", f"{shown} does not say its type", _LOGIN)
    return Check(SUBJECT, "credentials", "ok", f"{shown}, {kind}")
