"""The two cookies: who is signed in (sealed), and which browser this is (random)."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from footprint.auth.process import process_wide
from footprint.config import Settings
from footprint.errors import ConfigurationError

LOG = logging.getLogger(__name__)

LIFETIME_S = 30 * 24 * 3600


@dataclass(frozen=True)
class Sealed:
    """What the session cookie says once it is opened.

    ``refresh_token`` lets a session outlive a restart of this process; no script can read the
    cookie, and without the key nobody can read what is in it.
    """

    sid: str
    auth_user_id: str
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class CookieNames:
    """The cookies' names, and whether the browser must keep them to https."""

    session: str
    browser: str
    secure: bool


def cookie_names(settings: Settings) -> CookieNames:
    """Return the names: with the ``__Host-`` prefix where people come by https.

    The prefix makes a browser refuse the cookie unless it is Secure, for the whole site and for
    this host alone, so that no sibling domain can plant one.
    """
    if settings.app_url.startswith("https://"):
        return CookieNames("__Host-footprint", "__Host-footprint-browser", secure=True)
    return CookieNames("footprint", "footprint-browser", secure=False)


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
    body = {"s": sealed.sid, "u": sealed.auth_user_id, "r": sealed.refresh_token}
    return _fernet(_keys(settings)).encrypt(json.dumps(body).encode()).decode()


def unseal(value: str | None, settings: Settings) -> Sealed | None:
    """Open a cookie sealed with any of the keys; ``None`` where it is old, foreign or damaged."""
    if not value:
        return None
    try:
        body = json.loads(_fernet(_keys(settings)).decrypt(value.encode(), ttl=LIFETIME_S))
        return Sealed(sid=body["s"], auth_user_id=body["u"], refresh_token=body["r"])
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
