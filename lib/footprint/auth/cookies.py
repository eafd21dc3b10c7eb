"""The two cookies: who is signed in (sealed), and which browser this is (random)."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from footprint.auth.process import process_wide
from footprint.config import Settings
from footprint.errors import ConfigurationError

LOG = logging.getLogger(__name__)

# Seconds that one may take at a sign-in provider.
FLOW_LIFETIME_S = 600


@dataclass(frozen=True)
class Sealed:
    """What the session cookie says once it is opened.

    ``refresh_token`` lets a session outlive a restart of this process; no script can read the
    cookie, and without the key nobody can read what is in it.
    """

    sid: str
    auth_user_id: str
    refresh_token: str = field(repr=False)
    # When the person signed in, and when the cookie was sealed: seconds since 1970.
    began_at: float = field(default_factory=time.time, compare=False)
    sealed_at: float = field(default_factory=time.time, compare=False)


@dataclass(frozen=True)
class CookieNames:
    """The cookies' names, and whether the browser must keep them to https."""

    session: str
    browser: str
    # While somebody is at a sign-in provider.
    flow: str
    secure: bool


def cookie_names(settings: Settings) -> CookieNames:
    """Return the names: with the ``__Host-`` prefix where people come by https.

    The prefix makes a browser refuse the cookie unless it is Secure, for the whole site and for
    this host alone, so that no sibling domain can plant one.
    """
    secure = settings.app_url.startswith("https://")
    name = f"__Host-{settings.cookie_name}" if secure else settings.cookie_name
    return CookieNames(name, f"{name}-browser", f"{name}-flow", secure)


def set_cookie(name: str, value: str, *, secure: bool, max_age_s: int | None = None) -> str:
    """Return a ``Set-Cookie`` value; without ``max_age_s`` the cookie ends with the browser."""
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if max_age_s is not None:
        parts.append(f"Max-Age={max_age_s}")
    if secure:
        parts.append("Secure")
    return "; ".join(parts)


def seal(sealed: Sealed, settings: Settings) -> str:
    """Encrypt with the first of the deployment's keys."""
    body = {
        "s": sealed.sid,
        "u": sealed.auth_user_id,
        "r": sealed.refresh_token,
        "b": int(sealed.began_at),
    }
    return _fernet(_keys(settings)).encrypt(json.dumps(body).encode()).decode()


def unseal(value: str | None, settings: Settings) -> Sealed | None:
    """Open a cookie sealed with any of the keys; ``None`` where it is old, foreign or damaged."""
    if not value:
        return None
    try:
        fernet, token = _fernet(_keys(settings)), value.encode()
        body = json.loads(fernet.decrypt(token, ttl=int(settings.session_lifetime_s)))
        sealed_at = float(fernet.extract_timestamp(token))
        began_at = float(body.get("b", sealed_at))
        sealed = Sealed(body["s"], body["u"], body["r"], began_at, sealed_at)
    except (InvalidToken, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sealed if time.time() - began_at <= settings.session_lifetime_s else None


def seal_flow(verifier: str, next_path: str, settings: Settings) -> str:
    """Encrypt what only this browser may have when it comes back from a sign-in provider."""
    body = {"v": verifier, "n": next_path}
    return _fernet(_keys(settings)).encrypt(json.dumps(body).encode()).decode()


def unseal_flow(value: str | None, settings: Settings) -> tuple[str, str] | None:
    """Return the PKCE verifier and where the person was heading; ``None`` where it is no flow."""
    if not value:
        return None
    try:
        body = json.loads(_fernet(_keys(settings)).decrypt(value.encode(), ttl=FLOW_LIFETIME_S))
        return str(body["v"]), str(body["n"])
    except (InvalidToken, ValueError, KeyError, TypeError):
        return None


def check_keys(settings: Settings) -> None:
    """Raise ConfigurationError where ``APP_COOKIE_KEYS`` holds something that is not a key."""
    _fernet(_keys(settings))


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise ConfigurationError(
            "APP_COOKIE_KEYS holds something that is not a key: make one with `python -c "
            '"from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"`.'
        ) from None


def _keys(settings: Settings) -> tuple[str, ...]:
    """Return the configured keys, or one made for this process, which says what that costs."""
    return settings.cookie_keys or process_wide("cookie_keys", _temporary_keys)


def _temporary_keys() -> tuple[str, ...]:
    LOG.warning(
        "APP_COOKIE_KEYS is not set: everybody will have to sign in again when this process ends."
    )
    return (Fernet.generate_key().decode(),)
