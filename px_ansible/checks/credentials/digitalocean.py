"""DigitalOcean: what community.digitalocean looks for. doctl's own file it does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from px_ansible.checks.model import Check

if TYPE_CHECKING:
    from px_ansible.checks.model import Surroundings

SUBJECT = "provider digitalocean"
_TOKENS = ("DO_API_TOKEN", "DO_API_KEY", "DO_OAUTH_TOKEN", "OAUTH_TOKEN")
_LOGIN = "export DO_API_TOKEN=..., made at cloud.digitalocean.com/account/api/tokens"


def check(at: Surroundings) -> Check:
    """Say where the token is."""
    for name in _TOKENS:
        if at.env.get(name):
            return Check(SUBJECT, "credentials", "ok", f"environment variable {name}")
    says = f"none of {', '.join(_TOKENS)} is set"
    if (at.home / ".config" / "doctl" / "config.yaml").exists():
        says += "; doctl's file is its own"
    return Check(SUBJECT, "credentials", "missing", says, _LOGIN)
