"""Who calls: identities, their tokens, and what each may do."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulators.gce import errors, keys

if TYPE_CHECKING:
    from pathlib import Path

    from emulators.exchange import Request

CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address


@dataclass
class Identity:
    """A user or a service account. An owner may do all but what is denied; the others what is granted."""

    email: str
    owner: bool = False
    granted: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    refresh_token: str = ""
    key_id: str = ""  # of a key file that it has

    @property
    def member(self) -> str:
        """How a policy names it."""
        return f"{'serviceAccount' if self.email.endswith('.gserviceaccount.com') else 'user'}:{self.email}"


@dataclass(frozen=True)
class Token:
    """An access token."""

    email: str
    scopes: frozenset[str]
    expires: float


class Identities:
    """The identity table of a cloud. `seconds` is how long a token lives."""

    def __init__(self, seconds: int = 3599) -> None:
        self.seconds = seconds
        self._identities: dict[str, Identity] = {}
        self._tokens: dict[str, Token] = {}

    def add(self, email: str, *, owner: bool = False) -> Identity:
        self._identities[email] = Identity(email, owner)
        return self._identities[email]

    def find(self, email: str) -> Identity | None:
        return self._identities.get(email)

    def __getitem__(self, email: str) -> Identity:
        return self._identities[email]

    def remove(self, email: str) -> None:
        """Forget an identity, and with it its tokens."""
        self._identities.pop(email, None)
        self._tokens = {text: token for text, token in self._tokens.items() if token.email != email}

    def by_refresh_token(self, text: str) -> Identity | None:
        return next((one for one in self._identities.values() if text and one.refresh_token == text), None)

    def issue(self, email: str, scopes: set[str], seconds: float | None = None) -> str:
        """Hand out an access token."""
        text = f"ya29.c.{secrets.token_urlsafe(48)}"
        self._tokens[text] = Token(
            email, frozenset(scopes), time.time() + (self.seconds if seconds is None else seconds)
        )
        return text

    def expire(self) -> None:
        """End all tokens now."""
        self._tokens.clear()

    def of(self, request: Request) -> tuple[Identity, frozenset[str]] | None:
        """Return who sends a request, and with which scopes; None: nobody says. 401 for a token that is not one."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if not kind:
            return None
        token = self._tokens.get(text)
        if kind != "Bearer" or token is None or token.expires <= time.time() or token.email not in self._identities:
            raise errors.unauthenticated(sent=True)
        return self._identities[token.email], token.scopes

    def key_file(self, email: str, project: str, path: Path) -> Path:
        """Write the key of a service account, as the Cloud Console would."""
        identity = self._identities[email]
        identity.key_id = secrets.token_hex(20)
        content = {
            "type": "service_account",
            "project_id": project,
            "private_key_id": identity.key_id,
            "private_key": keys.pem(),
            "client_email": email,
            "client_id": "1" + "".join(secrets.choice("0123456789") for _ in range(20)),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": TOKEN_URI,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{email}",
            "universe_domain": "googleapis.com",
        }
        return _write(path, content)

    def user_file(self, email: str, project: str, path: Path) -> Path:
        """Write what `gcloud auth application-default login` leaves for a user."""
        return _write(path, self._user(email) | {"quota_project_id": project})

    def impersonation_file(self, source: str, target: str, path: Path) -> Path:
        """Write what `gcloud auth application-default login --impersonate-service-account` leaves."""
        url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{target}:generateAccessToken"
        content = {"delegates": [], "service_account_impersonation_url": url, "source_credentials": self._user(source)}
        return _write(path, content | {"type": "impersonated_service_account"})

    def _user(self, email: str) -> dict[str, Any]:
        identity = self._identities[email]
        identity.refresh_token = identity.refresh_token or f"1//{secrets.token_urlsafe(40)}"
        return {
            "type": "authorized_user",
            "account": "",
            "client_id": "764086051850-emulated.apps.googleusercontent.com",
            "client_secret": "emulated",
            "refresh_token": identity.refresh_token,
            "universe_domain": "googleapis.com",
        }


def _write(path: Path, content: dict[str, Any]) -> Path:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return path
