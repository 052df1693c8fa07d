"""Declare a cluster and its buckets in px.yaml; get the hosts with every bucket mounted as a folder on each of them.

    from px_ansible import load, plan, provision, status, destroy

do what the commands of these names do (docs/python.md). Everything else in this package is its own business.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from px_ansible.api import Destroyed, Provisioned, Status, destroy, load, plan, provision, status
    from px_ansible.config import Config
    from px_ansible.errors import ConfigError, PrerequisiteError, PxError, RunError, UnreachableError, UsageError
    from px_ansible.events import Event
    from px_ansible.plans import Found, Plan
    from px_ansible.report import Report

__version__ = "0.1.0"
__all__ = [
    "Config",
    "ConfigError",
    "Destroyed",
    "Event",
    "Found",
    "Plan",
    "PrerequisiteError",
    "Provisioned",
    "PxError",
    "Report",
    "RunError",
    "Status",
    "UnreachableError",
    "UsageError",
    "__version__",
    "destroy",
    "load",
    "plan",
    "provision",
    "status",
]

_WHERE = {
    "api": ("Destroyed", "Provisioned", "Status", "destroy", "load", "plan", "provision", "status"),
    "config": ("Config",),
    "errors": ("ConfigError", "PrerequisiteError", "PxError", "RunError", "UnreachableError", "UsageError"),
    "events": ("Event",),
    "plans": ("Found", "Plan"),
    "report": ("Report",),
}

# Hidden from type checkers: with it, they would believe in any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a name when it is asked for: `px-ansible --help` needs none of them."""
        for module, names in _WHERE.items():
            if name in names:
                value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the names that there are, for completion."""
        return sorted(__all__)
