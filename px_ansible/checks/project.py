"""What a px.yaml itself asks of this computer: the secrets that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible import lookups, prerequisites
from px_ansible.checks.model import Check
from px_ansible.errors import ConfigError, PrerequisiteError
from px_ansible.key import given_key
from px_ansible.plans.mounts import is_emulated
from px_ansible.providers import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.config import Config


def checks(config: Config) -> Iterator[Check]:
    """Yield a check of the file, and one of each kind of files and secrets where it names some."""
    yield Check("px.yaml", "px.yaml", "ok", f"{config.file}: cluster {config.cluster}, provider {config.provider}")
    yield from _files(config)
    mounts = [mount for mount in config.mounts if mount.credentials and not is_emulated(config, mount)]
    if not mounts:
        return
    try:
        lookups.require(mounts)
    except PrerequisiteError as error:
        yield Check("px.yaml", "credentials", "missing", "; ".join(error.log), error.hint)
        return
    named = {
        f"environment variable {secret.env}" if secret.env else f"file {secret.file}"
        for mount in mounts
        for secret in mount.credentials.values()
    }
    yield Check("px.yaml", "credentials", "ok", ", ".join(sorted(named)))


def _files(config: Config) -> Iterator[Check]:
    problems = prerequisites.unreadable(config)
    for key, file in PROVIDERS[config.provider].files(config).items():
        hint = f"name another file in {config.provider}.{key}, or make this one readable"
        wrong = problems.get(key)
        yield Check("px.yaml", key, "missing" if wrong else "ok", wrong or str(file), hint if wrong else None)
    if config.ssh.key:
        try:
            given_key(config.ssh.key, "")
        except PrerequisiteError as error:
            yield Check("px.yaml", "ssh.key", "missing", error.message, error.hint)
        else:
            yield Check("px.yaml", "ssh.key", "ok", str(config.ssh.key))


def invalid(error: ConfigError, file: str) -> Check:
    """Return the check of a px.yaml with problems."""
    return Check("px.yaml", "px.yaml", "missing", f"{file}: {error}", f"px-ansible validate {file}")
