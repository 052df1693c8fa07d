"""Programs, devices and rights that a provider needs on this computer."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.checks.model import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from px_ansible.providers import Provider

# Whatever the provider: hosts are reached by the first, and a cluster's key is made by the second.
SSH = {"ssh": "openssh-client", "ssh-keygen": "openssh-client"}


def always() -> Iterator[Check]:
    """Yield the checks that no provider can do without."""
    for program, package in SSH.items():
        yield _program("computer", program, package)


def of_provider(provider: Provider) -> Iterator[Check]:
    """Yield what the provider needs: rights, programs, devices."""
    subject = f"provider {provider.name}"
    if provider.needs_root:
        yield _root(subject)
    for program, package in provider.programs.items():
        yield _program(subject, program, package)
    for device in provider.devices:
        yield _device(subject, device)


def _root(subject: str) -> Check:
    if os.geteuid() == 0:
        return Check(subject, "root", "ok", "this is root")
    return Check(
        subject, "root", "missing", "it starts machines and makes a network bridge", "run the same command with sudo"
    )


def _program(subject: str, program: str, package: str) -> Check:
    if path := shutil.which(program):
        return Check(subject, program, "ok", path)
    return Check(subject, program, "missing", "not on PATH", f"apt-get install {package}")


def _device(subject: str, device: str) -> Check:
    if Path(device).exists():
        return Check(subject, device, "ok", "there")
    return Check(subject, device, "missing", "not on this computer", f"modprobe {Path(device).name}")
