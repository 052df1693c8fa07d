"""Plans as files: what was shown can be carried out later, as long as nothing has changed since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from px_ansible import whole_file
from px_ansible.errors import UsageError
from px_ansible.plans.actions import Action
from px_ansible.plans.data import VERSION, as_data, machine_in_words, steps

if TYPE_CHECKING:
    from px_ansible.config import Config
    from px_ansible.plans.plan import Plan

    Step = tuple[Action, str | None]

# What of a config px.yaml does not say.
_NOT_SAID = ("file", "notes", "machine", "region_from")
_KIND = "px-ansible plan"
_AGAIN = "px-ansible plan --out {file}, and look at it"
_ANOTHER = "px-ansible plan --out demo.plan"
_DOES = {
    Action.CREATE: "creates",
    Action.START: "starts",
    Action.CHANGE: "changes",
    Action.KEEP: "keeps",
    Action.REPLACE: "replaces",
    Action.REMOVE: "removes",
}
_DONE = {
    Action.CREATE: "created",
    Action.START: "started",
    Action.CHANGE: "changed",
    Action.KEEP: "kept",
    Action.REPLACE: "replaced",
    Action.REMOVE: "removed",
}


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was kept: the px.yaml and the provider it was made for, a digest of its config, and its data."""

    file: Path
    px_yaml: Path
    provider: str
    config: str
    plan: dict[str, Any]


def write(file: Path, plan: Plan) -> None:
    """Keep a plan, as a whole or not at all; the file (0600) holds no secret.

    Raises:
        UsageError: where it cannot be written, or something that is no plan is there.
    """
    if file.exists() and not _is_plan(file):
        raise UsageError(f"{file} is there already, and is no plan of px-ansible", hint=f"another file: {_ANOTHER}")
    data = {
        "kind": _KIND,
        "version": VERSION,
        "px_yaml": str(plan.config.file.absolute()),
        "provider": plan.config.provider,
        "config": _digest(plan.config),
        "plan": as_data(plan),
    }
    try:
        whole_file.write(file, json.dumps(data, indent=2) + "\n")
    except OSError as error:
        raise UsageError(
            f"the plan cannot be written to {file}: {error.strerror}",
            hint="--out FILE, in a folder that you can write to",
        ) from error


def read(file: Path) -> PlanFile:
    """Return a plan that was kept.

    Raises:
        UsageError: where the file is none, or of another version.
    """
    again = _AGAIN.format(file=file)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the plan {file} cannot be read: {error.strerror}", hint=again) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no plan of px-ansible", hint=f"make one: {_ANOTHER}") from error
    if not isinstance(data, dict) or data.get("kind") != _KIND:
        raise UsageError(f"{file} is no plan of px-ansible", hint=f"make one: {_ANOTHER}")
    if data.get("version") != VERSION:
        raise UsageError(
            f"{file} was written by another px-ansible (version {data.get('version')}, this one knows {VERSION})",
            hint=again,
        )
    try:
        px_yaml, provider, config = ("".join([data[key]]) for key in ("px_yaml", "provider", "config"))
        kept = PlanFile(file, Path(px_yaml), provider, config, data["plan"])
        steps(kept.plan)
        machine_in_words(kept.plan)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{file} is damaged", hint=again) from error
    return kept


def _is_plan(file: Path) -> bool:
    """Tell whether a file is a plan, of whatever version: nothing else is overwritten, and no device is read."""
    try:
        return file.is_file() and json.loads(file.read_text(encoding="utf-8"))["kind"] == _KIND
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return False


def require_same(kept: PlanFile, plan: Plan) -> None:
    """Raise UsageError, with every difference, where a plan is not the one that was kept."""
    data = as_data(plan)
    now, then = steps(data), steps(kept.plan)
    differences = [
        f"{name}: {_was(then.get(name))}, {_would(now.get(name))}"
        for name in dict.fromkeys([*then, *now])
        if now.get(name) != then.get(name)
    ]
    if (machine := machine_in_words(data)) != (before := machine_in_words(kept.plan)):
        differences.insert(0, f"machine type: the plan says {before or 'none'}, now it would be {machine or 'none'}")
    if kept.config != _digest(plan.config):
        differences.insert(0, f"{plan.config.file}: it says something else than it did")
    if differences:
        hint = _AGAIN.format(file=kept.file)
        raise UsageError(f"the plan {kept.file} is out of date, and nothing was done", hint=hint, log=differences)


def _was(step: Step | None) -> str:
    return f"the plan {_DOES[step[0]]} it{_why(step)}" if step else "the plan does not have it"


def _would(step: Step | None) -> str:
    return f"now it would be {_DONE[step[0]]}{_why(step)}" if step else "now it is not there"


def _why(step: Step) -> str:
    return f" ({step[1]})" if step[1] else ""


def _digest(config: Config) -> str:
    """Return a short name of all that px.yaml says, wherever it is; prices are compared by themselves."""
    says = {key: value for key, value in asdict(config).items() if key not in _NOT_SAID}
    return hashlib.sha256(json.dumps(says, sort_keys=True, default=str).encode()).hexdigest()
