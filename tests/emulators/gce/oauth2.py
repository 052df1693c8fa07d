"""oauth2.googleapis.com/token: access tokens for a signed assertion or a refresh token."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from emulators.exchange import Answer
from emulators.gce import keys
from emulators.gce.identities import CLOUD_PLATFORM, TOKEN_URI
from emulators.gce.service import LOST

if TYPE_CHECKING:
    from emulators.exchange import Request
    from emulators.gce.cloud import GoogleCloud

JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LONGEST = 3600
SKEW = 300


class _RefusedError(Exception):
    """(error, description) as OAuth 2 has them."""


@dataclass
class TokenService:
    """The token endpoint."""

    cloud: GoogleCloud

    def __call__(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/token"):
            return Answer(HTTPStatus.NOT_FOUND, LOST)
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        try:
            with self.cloud.world.lock:
                email, scopes = self._who(form)
                identities = self.cloud.identities
                token = identities.issue(email, scopes)
        except _RefusedError as error:
            name, description = error.args
            return Answer.of({"error": name, "error_description": description}, HTTPStatus.BAD_REQUEST)
        answer = {"access_token": token, "expires_in": identities.seconds, "token_type": "Bearer"}
        return Answer.of(answer | ({"scope": " ".join(sorted(scopes))} if "refresh_token" in form else {}))

    def fault(self, status: int) -> Answer:
        return Answer.of({"error": "internal_failure", "error_description": f"injected {status}"}, status)

    def _who(self, form: dict[str, str]) -> tuple[str, set[str]]:
        if form.get("grant_type") == JWT:
            return self._by_assertion(form.get("assertion", ""))
        if form.get("grant_type") == "refresh_token":
            identity = self.cloud.identities.by_refresh_token(form.get("refresh_token", ""))
            if identity is None:
                raise _RefusedError("invalid_grant", "Token has been expired or revoked.")
            return identity.email, {CLOUD_PLATFORM}
        raise _RefusedError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")

    def _by_assertion(self, assertion: str) -> tuple[str, set[str]]:
        try:
            said = keys.claims(assertion)
        except keys.JwtError:
            raise _RefusedError("invalid_grant", "Invalid JWT Signature.") from None
        identity = self.cloud.identities.find(said.get("iss", ""))
        if identity is None or not identity.key_id:
            raise _RefusedError("invalid_grant", "Invalid grant: account not found")
        if said.get("aud") != TOKEN_URI:
            raise _RefusedError("invalid_grant", "Invalid JWT: Failed audience check")
        begin, end, now = said.get("iat", 0), said.get("exp", 0), time.time()
        if not begin - SKEW <= now <= end or end - begin > LONGEST:
            message = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            raise _RefusedError("invalid_grant", message)
        scopes = set(said.get("scope", "").split())
        if not scopes or not all(one.startswith("https://www.googleapis.com/auth/") for one in scopes):
            raise _RefusedError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return identity.email, scopes
