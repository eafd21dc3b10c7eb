"""Who chat front ends say is asking: names of headers, and headers that are signed.

A front end signs by sending a JSON Web Token (RFC 7519) with HMAC-SHA256 and a secret that we share
with it, as Open WebUI does with FORWARD_USER_INFO_HEADER_JWT_SECRET: ``sub``, ``email`` and
``name`` say who asks, ``exp`` until when that holds. Whoever lacks the secret cannot say so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from footprint.ingest import loose

if TYPE_CHECKING:
    from footprint.config import Settings

# Lower case, in order of preference. Open WebUI: ENABLE_FORWARD_USER_INFO_HEADERS; LibreChat:
# `headers` of an endpoint in librechat.yaml.
USER_HEADERS: Final = ("x-openwebui-user-id", "x-librechat-user-id", "x-user-id")
EMAIL_HEADERS: Final = ("x-openwebui-user-email", "x-librechat-user-email", "x-user-email")
NAME_HEADERS: Final = ("x-openwebui-user-name", "x-librechat-user-name", "x-user-name")
SESSION_HEADERS: Final = (
    *("x-litellm-session-id", "x-session-id", "x-openwebui-chat-id"),
    *("x-librechat-conversation-id", "x-litellm-trace-id"),
)
SIGNED_HEADER: Final = "x-openwebui-user-jwt"
# Seconds by which the clocks of two hosts may differ.
LEEWAY_S: Final = 60.0
MAX_TOKEN: Final = 4096


@dataclass(frozen=True)
class FrontEnds:
    """What is read of the headers of a request.

    Attributes:
        user: names of headers, lower case, the first that is there counts; so with the others.
        signed: the header that holds a token.
        secrets: any of these may have signed it; without one no token is believed.
    """

    user: tuple[str, ...] = USER_HEADERS
    email: tuple[str, ...] = EMAIL_HEADERS
    name: tuple[str, ...] = NAME_HEADERS
    session: tuple[str, ...] = SESSION_HEADERS
    signed: str = SIGNED_HEADER
    secrets: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Signed:
    """A person whom a front end vouches for."""

    user_id: str
    email: str | None
    name: str | None


def front_ends_of(settings: Settings) -> FrontEnds:
    """Return what a deployment reads: its own names of headers before the usual ones."""
    return FrontEnds(
        settings.user_headers + USER_HEADERS,
        settings.email_headers + EMAIL_HEADERS,
        settings.name_headers + NAME_HEADERS,
        settings.session_headers + SESSION_HEADERS,
        settings.user_jwt_header or SIGNED_HEADER,
        tuple(secret.encode() for secret in settings.user_jwt_secrets),
    )


@cache
def own_front_ends() -> FrontEnds:
    """Return what this process reads, by the settings of its environment."""
    from footprint.config import get_settings

    return front_ends_of(get_settings())


def decoded(name: str | None) -> str | None:
    """Return a name as people write it: Open WebUI sends it percent-encoded."""
    if name is None or "%" not in name:
        return name
    try:
        return loose.text(unquote(name, errors="strict"))
    except UnicodeDecodeError:
        return name


def signed_person(headers: Mapping[str, Any], rules: FrontEnds, now: float) -> Signed | None:
    """Return the person whom a signed header names; None where there is none to believe.

    Args:
        now: when the call was made, in seconds since 1970.
    """
    token = headers.get(rules.signed) if rules.secrets else None
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN:
        return None
    claims = _claims(token, rules.secrets)
    ends, begins = loose.number(claims.get("exp")), loose.number(claims.get("nbf"))
    if ends is None or now > ends + LEEWAY_S or (begins is not None and now < begins - LEEWAY_S):
        return None
    email = loose.text(claims.get("email"))
    user = loose.text(claims.get("sub")) or email
    return Signed(user, email, loose.text(claims.get("name"))) if user else None


def _claims(token: str, secrets: tuple[bytes, ...]) -> Mapping[str, Any]:
    """Return what a token says; nothing where none of the secrets signed it."""
    try:
        body, _, signature = token.encode("ascii").rpartition(b".")
        header, _, claims = body.partition(b".")
        said = _decoded(signature)
        # The token's own word on how it is signed counts for nothing but a refusal.
        if loose.mapping(json.loads(_decoded(header))).get("alg") != "HS256":
            return {}
        for secret in secrets:
            if hmac.compare_digest(hmac.digest(secret, body, hashlib.sha256), said):
                return loose.mapping(json.loads(_decoded(claims)))
    except (ValueError, RecursionError):
        return {}
    return {}


def _decoded(part: bytes) -> bytes:
    return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
