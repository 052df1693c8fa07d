"""RSA keys of identities, and the signatures of the tokens that they ask for."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class JwtError(Exception):
    """A token that is none, or that somebody else has signed."""


@functools.cache
def private_key() -> rsa.RSAPrivateKey:
    """Return the key of this process's identities; one, since making it takes a moment."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def pem() -> str:
    form = serialization.PrivateFormat.PKCS8
    return private_key().private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def claims(token: str) -> dict[str, Any]:
    """Return what a JWT says, its signature checked against the key."""
    try:
        head, body, signature = token.split(".")
        header, said = (json.loads(_decode(part)) for part in (head, body))
        if header.get("alg") != "RS256":
            raise JwtError("alg")
        message = f"{head}.{body}".encode()
        private_key().public_key().verify(_decode(signature), message, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature) as error:
        raise JwtError(str(error)) from error
    return said


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
