"""Declare a cluster and its buckets in px.yaml; get the hosts with every bucket mounted as a folder on each of them.

    from px_ansible import load, plan, provision, status, destroy

do what the commands of these names do (docs/python.md). Everything else in this package is its own business.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from px_ansible.api import destroy, load, plan, provision, status
    from px_ansible.errors import PxError

__version__ = "0.1.0"
__all__ = ["PxError", "__version__", "destroy", "load", "plan", "provision", "status"]

_WHERE = {"PxError": "errors"}


def __getattr__(name: str) -> Any:
    """Import a function when it is asked for: `px-ansible --help` needs none of them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_WHERE.get(name, 'api')}"), name)
    globals()[name] = value
    return value
