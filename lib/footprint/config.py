"""The one module that reads the environment: once, into one frozen object."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from dotenv import dotenv_values

from footprint.errors import ConfigurationError


@dataclass(frozen=True)
class Settings:
    """Everything Footprint takes from its surroundings.

    Secrets are kept out of ``repr`` so that no log line can show them.
    """

    supabase_url: str | None = None
    supabase_publishable_key: str | None = field(default=None, repr=False)
    database_url: str | None = field(default=None, repr=False)
    ingest_key: str | None = field(default=None, repr=False)
    app_url: str = "http://127.0.0.1:8501"
    cookie_keys: tuple[str, ...] = field(default=(), repr=False)
    data_dir: Path = Path(".footprint")
    demo: bool = False
    spool_dir: Path = Path(".footprint/spool")
    spool_max_bytes: int = 512 * 1024 * 1024
    exit_timeout_s: float = 5.0
    metrics_token: str | None = field(default=None, repr=False)
    # Whether the callback sends prompts and answers, redacted, for those who asked to read them.
    send_content: bool = False
    # An organisation's own redaction rules, `module:function`, after the built-in ones.
    redaction_rules: tuple[str, ...] = ()
    # Headers by which chat front ends say who asks, lower case, before the usual ones.
    user_headers: tuple[str, ...] = ()
    email_headers: tuple[str, ...] = ()
    name_headers: tuple[str, ...] = ()
    session_headers: tuple[str, ...] = ()
    # The header that holds a signed token instead, and the secrets shared with who signs it.
    user_jwt_header: str | None = None
    user_jwt_secrets: tuple[str, ...] = field(default=(), repr=False)
    demo_port: int = 8501
    # Whether the sign-in screen offers to make an account; Supabase Auth has to allow it too.
    sign_up: bool = False
    # Sign-in providers to offer, by Supabase Auth's names for them.
    oauth_providers: tuple[str, ...] = ()
    cookie_name: str = "footprint"
    # Seconds after which a person signs in again, whatever they do.
    session_lifetime_s: float = 30 * 86400.0
    # Seconds without use after which they do.
    session_idle_s: float = 30 * 86400.0

    def require_api(self) -> tuple[str, str]:
        """Return the Supabase address and publishable key.

        Raises:
            ConfigurationError: where either is not set.
        """
        if not self.supabase_url or not self.supabase_publishable_key:
            raise ConfigurationError(
                "SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY are not set: put both into .env "
                "(see .env.example), or run `make demo` for an embedded Supabase."
            )
        return self.supabase_url, self.supabase_publishable_key

    def require_database(self) -> str:
        """Return the direct database address, which only an operator's commands use.

        Raises:
            ConfigurationError: where it is not set.
        """
        if not self.database_url:
            raise ConfigurationError(
                "SUPABASE_DB_URL is not set: put your project's direct connection string into "
                ".env, or start the embedded Supabase with `footprint up`."
            )
        return self.database_url


def read_settings(environment: Mapping[str, str | None]) -> Settings:
    """Build settings from a mapping of environment variables (pure, for tests and children)."""

    def text(name: str) -> str | None:
        value = environment.get(name)
        return value.strip() or None if value else None

    def switch(name: str) -> bool:
        return (text(name) or "").lower() in {"1", "true", "yes"}

    def amount(name: str, default: float) -> float:
        value = text(name)
        try:
            found = default if value is None else float(value)
        except ValueError:
            found = -1.0
        if not 0 <= found < 1e15:
            raise ConfigurationError(f"{name} must be a number from 0 on, not {value}.")
        return found

    url = text("SUPABASE_URL")
    data_dir = Path(text("FOOTPRINT_DATA_DIR") or ".footprint").expanduser()
    return Settings(
        supabase_url=url.rstrip("/") if url else None,
        supabase_publishable_key=text("SUPABASE_PUBLISHABLE_KEY") or text("SUPABASE_ANON_KEY"),
        database_url=text("SUPABASE_DB_URL"),
        ingest_key=text("FOOTPRINT_INGEST_KEY"),
        app_url=(text("APP_URL") or "http://127.0.0.1:8501").rstrip("/"),
        cookie_keys=tuple(
            k.strip() for k in (text("APP_COOKIE_KEYS") or "").split(",") if k.strip()
        ),
        data_dir=data_dir,
        demo=switch("FOOTPRINT_DEMO"),
        spool_dir=Path(text("FOOTPRINT_SPOOL_DIR") or data_dir / "spool").expanduser(),
        spool_max_bytes=int(amount("FOOTPRINT_SPOOL_MAX_BYTES", Settings.spool_max_bytes)),
        exit_timeout_s=amount("FOOTPRINT_EXIT_TIMEOUT", Settings.exit_timeout_s),
        metrics_token=text("FOOTPRINT_METRICS_TOKEN"),
        send_content=switch("FOOTPRINT_SEND_CONTENT"),
        redaction_rules=_rules(text("FOOTPRINT_REDACTION_RULES") or ""),
        user_headers=_headers("FOOTPRINT_USER_HEADERS", text),
        email_headers=_headers("FOOTPRINT_EMAIL_HEADERS", text),
        name_headers=_headers("FOOTPRINT_NAME_HEADERS", text),
        session_headers=_headers("FOOTPRINT_SESSION_HEADERS", text),
        user_jwt_header=next(iter(_headers("FOOTPRINT_USER_JWT_HEADER", text)), None),
        user_jwt_secrets=_shared_secrets(text("FOOTPRINT_USER_JWT_SECRET") or ""),
        demo_port=_port("DEMO_PORT", text("DEMO_PORT") or "8501"),
        sign_up=switch("FOOTPRINT_SIGN_UP"),
        oauth_providers=_providers(text("FOOTPRINT_OAUTH_PROVIDERS") or ""),
        cookie_name=_cookie_name(text("FOOTPRINT_COOKIE_NAME") or Settings.cookie_name),
        session_lifetime_s=_hours(
            "FOOTPRINT_SESSION_HOURS", amount("FOOTPRINT_SESSION_HOURS", 720)
        ),
        session_idle_s=_hours("FOOTPRINT_IDLE_HOURS", amount("FOOTPRINT_IDLE_HOURS", 720)),
    )


def _port(name: str, value: str) -> int:
    """Return a port number, 1 to 65535."""
    if value.isdecimal() and 1 <= int(value) <= 65535:
        return int(value)
    raise ConfigurationError(f"{name} must be a port from 1 to 65535, not {value!r}.")


def _providers(value: str) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in value.split(",") if name.strip())
    for name in names:
        if not re.fullmatch(r"[a-z0-9_:-]{1,50}", name):
            raise ConfigurationError(
                "FOOTPRINT_OAUTH_PROVIDERS must be names such as google,github,azure, "
                f"not {name!r}."
            )
    return names


def _rules(value: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in value.split(",") if one.strip())
    for one in found:
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", one):
            raise ConfigurationError(
                f"FOOTPRINT_REDACTION_RULES must be module:function, with commas, not {one!r}."
            )
    return found


def _headers(name: str, text: Callable[[str], str | None]) -> tuple[str, ...]:
    """Return names of headers in lower case, the one that counts first in front."""
    found = tuple(one.strip().lower() for one in (text(name) or "").split(",") if one.strip())
    for one in found:
        if not re.fullmatch(r"[a-z0-9-]{1,100}", one):
            raise ConfigurationError(
                f"{name} must be names of headers such as x-user, not {one!r}."
            )
    return found


def _shared_secrets(value: str) -> tuple[str, ...]:
    """Return secrets that sign headers; a short one could be guessed from a single token."""
    found = tuple(one.strip() for one in value.split(",") if one.strip())
    if any(len(one) < 16 for one in found):
        raise ConfigurationError(
            "FOOTPRINT_USER_JWT_SECRET must have 16 characters or more: make one with "
            "`openssl rand -hex 32` and give it to the front end too."
        )
    return found


def _cookie_name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9-]{1,40}", value):
        return value
    raise ConfigurationError(
        f"FOOTPRINT_COOKIE_NAME must be 1 to 40 letters, digits and hyphens, not {value!r}."
    )


def _hours(name: str, hours: float) -> float:
    """Return seconds. Below two hours the cookie could not follow the tokens it renews."""
    if 2 <= hours <= 8760:
        return hours * 3600
    raise ConfigurationError(f"{name} must be from 2 to 8760 hours, not {hours:g}.")


@cache
def get_settings() -> Settings:
    """Return this process's settings: the environment first, then ``.env`` in this folder."""
    return read_settings({**dotenv_values(Path.cwd() / ".env"), **os.environ})
