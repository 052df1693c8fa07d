"""Secrets on their way to the hosts: the inventory says where Ansible finds them, and never holds one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from px_ansible.errors import PrerequisiteError
from px_ansible.run_environment import reaches_a_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from px_ansible.config import Mount, Secret


class Template(str):
    """Text of an inventory that Ansible fills in; all other text is literal."""

    __slots__ = ()


def template_of(secret: Secret) -> Template:
    """Return what makes Ansible read a secret when it runs."""
    if secret.file is not None:
        return Template(f"{{{{ lookup('ansible.builtin.file', {_quoted(str(secret.file))}) }}}}")
    return Template(f"{{{{ lookup('ansible.builtin.env', {_quoted(secret.env or '')}) }}}}")


def _quoted(text: str) -> str:
    """Return a text as strings of a template.

    Ansible keeps backslashes for itself there, so that quotes cannot be escaped, and fills in templates inside of
    strings: both are taken apart.
    """
    parts = (part for part in re.split(r"('|\{)", text) if part)
    return " ~ ".join('"\'"' if part == "'" else f"'{part}'" for part in parts)


def require(mounts: Sequence[Mount]) -> None:
    """Raise PrerequisiteError where a secret that the mounts name cannot be read, with all of them."""
    problems: dict[str, str] = {}
    for mount in mounts:
        for name, secret in mount.credentials.items():
            if problem := _problem(secret):
                problems.setdefault(problem, f"{problem} ({name} of {mount.path})")
    if not problems:
        return
    named = {secret.env for mount in mounts for secret in mount.credentials.values() if secret.env}
    variables = sorted(name for name in named if not os.environ.get(name, "").strip())
    hint = "make the files readable, and run this again"
    if variables:
        hint = f"export {' '.join(variables)}; with sudo: sudo --preserve-env={','.join(variables)} px-ansible ..."
    raise PrerequisiteError("px.yaml's credentials cannot be read:", hint=hint, log=list(problems.values()))


def _problem(secret: Secret) -> str | None:
    return next(_problems(secret), None)


def _problems(secret: Secret) -> Iterator[str]:
    if secret.env is not None:
        if not reaches_a_run(secret.env):
            yield f"the environment variable {secret.env} is Ansible's own, and does not reach it: use another name"
        elif secret.env not in os.environ:
            yield f"the environment variable {secret.env} is not set"
        elif not os.environ[secret.env].strip():
            yield f"the environment variable {secret.env} is empty"
    if secret.file is not None:
        try:
            with secret.file.open("rb") as file:
                if not file.read(1):
                    yield f"the file {secret.file} is empty"
        except OSError as error:
            yield f"the file {secret.file} cannot be read: {error.strerror}"
