"""Plans as files: what was shown can be carried out later, as long as nothing has changed since."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible.errors import UsageError
from px_ansible.plans.data import VERSION, as_data, steps

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.plans import Plan

_KIND = "px-ansible plan"
_AGAIN = "look at it anew: px-ansible plan --out {file}"


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was kept: the px.yaml and the provider it was made for, a digest of its config, and its data."""

    file: Path
    px_yaml: Path
    provider: str
    config: str
    plan: dict[str, Any]


def write(file: Path, plan: Plan) -> None:
    """Keep a plan; the file (0600) holds no secret.

    Raises:
        UsageError: where it cannot be written.
    """
    data = {
        "kind": _KIND,
        "version": VERSION,
        "px_yaml": str(plan.config.file.absolute()),
        "provider": plan.config.provider,
        "config": _digest(plan.config),
        "plan": as_data(plan),
    }
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            json.dump(data, stream, indent=2)
    except OSError as error:
        raise UsageError(f"the plan cannot be written to {file}: {error.strerror}", hint="--out FILE") from error


def read(file: Path) -> PlanFile:
    """Return a plan that was kept.

    Raises:
        UsageError: where the file is none, or of a newer version.
    """
    again = _AGAIN.format(file=file)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the plan {file} cannot be read: {error.strerror}", hint=again) from error
    except ValueError as error:
        raise UsageError(f"{file} is no plan of px-ansible: {error}", hint=again) from error
    if not isinstance(data, dict) or data.get("kind") != _KIND:
        raise UsageError(f"{file} is no plan of px-ansible", hint=again)
    if data.get("version") != VERSION:
        raise UsageError(f"{file} is of another version of px-ansible ({data.get('version')})", hint=again)
    try:
        kept = PlanFile(file, Path(data["px_yaml"]), data["provider"], data["config"], data["plan"])
        steps(kept.plan)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{file} is damaged", hint=again) from error
    return kept


def require_same(kept: PlanFile, plan: Plan) -> None:
    """Raise UsageError, with every difference, where a plan is not the one that was kept."""
    now, then = steps(as_data(plan)), steps(kept.plan)
    differences = [
        f"{name}: the plan says {then.get(name, 'nothing')}, now it would be {now.get(name, 'nothing')}"
        for name in dict.fromkeys([*then, *now])
        if now.get(name) != then.get(name)
    ]
    if kept.config != _digest(plan.config):
        differences.insert(0, f"{plan.config.file}: it says something else than it did")
    if differences:
        hint = _AGAIN.format(file=kept.file)
        raise UsageError(f"the plan {kept.file} is out of date", hint=hint, log=differences)


def _digest(config: Config) -> str:
    """Return a short name of all that px.yaml says, wherever it is."""
    says = {key: value for key, value in asdict(config).items() if key not in ("file", "notes")}
    return hashlib.sha256(json.dumps(says, sort_keys=True, default=str).encode()).hexdigest()
