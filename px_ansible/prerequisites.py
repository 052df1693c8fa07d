"""What a run needs on this computer before it can begin: all that is missing, in one error."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from px_ansible.errors import PrerequisiteError

if TYPE_CHECKING:
    from px_ansible.providers import Provider


def require(provider: Provider) -> None:
    """Raise PrerequisiteError where the role, a right, a program or a device that the provider needs is missing."""
    if not provider.role:
        raise PrerequisiteError(
            f"this version cannot make hosts on {provider.name!r} yet",
            hint="px-ansible plan --offline (what it would be and cost), or try it here: --provider local",
        )
    if provider.needs_root and os.geteuid() != 0:
        raise PrerequisiteError(
            f"provider {provider.name} needs root: it starts machines and makes a network bridge",
            hint="run the same command with sudo",
        )
    missing = {program: package for program, package in provider.programs.items() if shutil.which(program) is None}
    devices = [device for device in provider.devices if not Path(device).exists()]
    if not missing and not devices:
        return
    fixes = [f"apt-get install {' '.join(sorted(set(missing.values())))}"] if missing else []
    fixes += [f"modprobe {Path(device).name}" for device in devices]
    raise PrerequisiteError(
        f"provider {provider.name} needs what is not on this computer: {', '.join([*missing, *devices])}",
        hint=" && ".join(fixes),
    )
