"""Accounts of the Auth server, made by whoever holds the secret key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

import httpx

from footprint.errors import AccessDenied, InputError, ServiceUnavailable
from footprint.local.lite import ADDRESS


class Administered(Protocol):
    """Anything with an address and a secret key: `StackInfo`, `Server`."""

    @property
    def api_url(self) -> str:
        """Where the API is."""

    @property
    def secret_key(self) -> str:
        """The key that passes every policy."""


def create_account(
    info: Administered,
    email: str,
    password: str,
    metadata: Mapping[str, Any] | None = None,
) -> UUID:
    """Make an account with a confirmed e-mail address, and return its id in ``auth.users``.

    It asks Auth's admin API (``POST /auth/v1/admin/users``), so it works with hosted Supabase too.
    Supabase Lite has no such API: our ``server.mjs`` answers it, also where sign-up is closed. The
    e-mail is confirmed at once (``email_confirmed_at`` is set) and `metadata` (``full_name`` …)
    arrives in ``raw_user_meta_data`` in the same insert, so that a trigger sees it.

    Raises:
        InputError: where the address has an account already, or Auth refuses it or the password.
        AccessDenied: where the key is not the secret one.
        ServiceUnavailable: where the server does not answer.
    """
    body = {
        "email": email,
        "password": password,
        "email_confirm": True,
        "user_metadata": dict(metadata or {}),
    }
    try:
        answer = httpx.post(
            f"{info.api_url}/auth/v1/admin/users",
            headers={"apikey": info.secret_key},
            json=body,
            timeout=30,
            trust_env=not info.api_url.startswith(f"http://{ADDRESS}:"),  # No proxy to ourselves.
        )
    except httpx.HTTPError as error:
        raise ServiceUnavailable(
            f"Supabase Auth at {info.api_url} does not answer: {error}."
        ) from error
    if answer.is_success:
        return UUID(answer.json()["id"])
    raise _refusal(email, answer)


def _refusal(email: str, answer: httpx.Response) -> Exception:
    try:
        said: dict[str, Any] = answer.json()
    except ValueError:
        said = {}
    if answer.status_code in (401, 403):
        return AccessDenied("Making accounts needs Supabase's secret key.")
    if said.get("error_code") in ("user_already_exists", "email_exists"):
        return InputError(f"{email} has an account already.")
    if answer.status_code < 500:
        return InputError(f"Supabase Auth refuses {email}: {str(said.get('msg')).rstrip('.')}.")
    return ServiceUnavailable(f"Supabase Auth failed to make {email} (HTTP {answer.status_code}).")
