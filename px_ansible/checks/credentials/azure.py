"""Microsoft: what azure.azcollection looks for where its modules are not told: variables, profile, `az login`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.checks.credentials.ini import Unreadable, profiles
from px_ansible.checks.model import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.checks.model import Surroundings

SUBJECT = "provider azure"
_PRINCIPAL = ("AZURE_CLIENT_ID", "AZURE_SECRET", "AZURE_SUBSCRIPTION_ID", "AZURE_TENANT")
_LOGIN = f"az login; or export {' '.join(_PRINCIPAL)}"
_VM = "7783-7084-3265-9085-8269-3286-77"  # the asset tag of every VM of Azure


def check(at: Surroundings) -> Check:
    """Say where the credentials are."""
    return next(_places(at))


def _places(at: Surroundings) -> Iterator[Check]:
    """Yield what each place says, the first one first."""
    if named := at.env.get("AZURE_PROFILE"):
        yield _profile(at, named, "profile")
    yield from _environment(at)
    own = _profile(at, "default", "")
    if own.found:
        yield own
    yield from _login(at)
    if _VM in at.maker():
        yield Check(SUBJECT, "credentials", "warning", "only the identity of this VM, if it has one", _LOGIN)
    yield Check(SUBJECT, "credentials", "missing", "in no variable, no profile, and no az login", _LOGIN)


def _environment(at: Surroundings) -> Iterator[Check]:
    there = [name for name in _PRINCIPAL if at.env.get(name)]
    if len(there) == len(_PRINCIPAL):
        yield Check(SUBJECT, "credentials", "ok", f"environment variables {', '.join(_PRINCIPAL)}")
    # A subscription alone only chooses among those of `az login`.
    if set(there) - {"AZURE_SUBSCRIPTION_ID", "AZURE_TENANT"}:
        absent = [name for name in _PRINCIPAL if name not in there]
        says = f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} set, and {', '.join(absent)} not"
        yield Check(SUBJECT, "credentials", "missing", says, f"export {' '.join(absent)}")


def _profile(at: Surroundings, name: str, wanted: str) -> Check:
    path = at.home / ".azure" / "credentials"
    try:
        found = profiles(path)
    except Unreadable as error:
        return Check(SUBJECT, "credentials", "missing", str(error), _LOGIN)
    keys = found.get(name, frozenset())
    if "subscription_id" in keys:
        return Check(SUBJECT, "credentials", "ok", f"{path}, profile {name}")
    if keys:
        return Check(SUBJECT, "credentials", "missing", f"{path}, profile {name}: no subscription_id in it", _LOGIN)
    says = f"{path} has no profile {name!r} (AZURE_PROFILE)" if wanted else ""
    return Check(SUBJECT, "credentials", "missing", says, _LOGIN)


def _login(at: Surroundings) -> Iterator[Check]:
    path = Path(at.env.get("AZURE_CONFIG_DIR") or at.home / ".azure") / "azureProfile.json"
    try:
        subscriptions = json.loads(path.read_text(encoding="utf-8-sig")).get("subscriptions")
    except (OSError, ValueError, AttributeError):
        return
    if not subscriptions:
        return
    if shutil.which("az", path=at.env.get("PATH")) is None:
        says = f"{path} is of az, which is not on PATH"
        yield Check(SUBJECT, "credentials", "warning", says, "install the Azure CLI: pip install azure-cli")
    yield Check(SUBJECT, "credentials", "ok", f"az login ({path})")
