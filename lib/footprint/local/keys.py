"""The keys of one embedded Supabase, in the forms that Supabase uses."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field

# Supabase's name for a project that it does not host; part of a key's checksum.
PROJECT = "supabase-self-hosted"


@dataclass(frozen=True)
class Keys:
    """What clients, administrators and the Auth server sign themselves with."""

    publishable_key: str
    secret_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)


def new_keys() -> Keys:
    """Return keys nobody has seen."""
    return Keys(_api_key("publishable"), _api_key("secret"), secrets.token_hex(32))


def _api_key(kind: str) -> str:
    body = f"sb_{kind}_{_base64url(secrets.token_bytes(17))[:22]}"
    checksum = _base64url(hashlib.sha256(f"{PROJECT}|{body}".encode()).digest())[:8]
    return f"{body}_{checksum}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
