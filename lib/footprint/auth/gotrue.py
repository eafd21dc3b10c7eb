"""The only module that speaks to Supabase Auth: one throw-away client a call, one transport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import ValidationError
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError
from supabase_auth.types import AuthResponse

from footprint.config import get_settings
from footprint.data.transport import http
from footprint.errors import AccessDenied, InputError, ServiceUnavailable

# GoTrue's access tokens live an hour unless the project says otherwise.
DEFAULT_LIFETIME_S = 3600

NO_MATCH = (
    "That e-mail address and password do not match: please try again. If the account is new, "
    "confirm its address first, with the link in the message we sent."
)


class SignInRefused(InputError):
    """The e-mail address and password do not open an account."""


class SessionEnded(AccessDenied):
    """The session is over, signed out or revoked: sign in again."""

    def __init__(self, message: str = "Your session has ended: please sign in again.") -> None:
        super().__init__(message)


@dataclass(frozen=True)
class Tokens:
    """What Supabase Auth hands out for one sign-in or refresh; ``lifetime_s`` is in seconds."""

    auth_user_id: str
    email: str | None
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime_s: float


def sign_in(email: str, password: str) -> Tokens:
    """Exchange an e-mail address and password for tokens.

    Raises:
        SignInRefused: the same sentence for an unknown address and for a wrong password.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    return _tokens(
        lambda client: client.sign_in_with_password({"email": email, "password": password}),
        _refusal_of_sign_in,
    )


def refresh(refresh_token: str) -> Tokens:
    """Spend a refresh token for the next pair.

    Raises:
        SessionEnded: where the token was revoked, used up or belongs to nobody any more.
        ServiceUnavailable: where Supabase Auth does not answer; the token is still good.
    """
    return _tokens(lambda client: client.refresh_session(refresh_token), _refusal_of_refresh)


def sign_out(access_token: str) -> None:
    """Revoke the session that ``access_token`` belongs to, and no other of the same person.

    Raises:
        ServiceUnavailable: where Supabase Auth could not be told.
    """
    try:
        _client().admin.sign_out(access_token, "local")
    except AuthApiError as error:
        if error.status not in {401, 403, 404}:  # those: it had already ended
            raise ServiceUnavailable("The sign-in service could not end the session.") from None
    except AuthError:
        raise _unavailable() from None


def _client() -> SyncGoTrueClient:
    """Return a client that remembers nothing beyond one call.

    The publishable key goes into ``apikey`` only: it is not a JWT and no bearer token.
    """
    url, key = get_settings().require_api()
    return SyncGoTrueClient(
        url=f"{url}/auth/v1",
        headers={"apikey": key},
        auto_refresh_token=False,
        persist_session=False,
        http_client=http(),
    )


def _tokens(
    call: Callable[[SyncGoTrueClient], AuthResponse],
    refusal: Callable[[AuthApiError], Exception],
) -> Tokens:
    """Make one call and turn every way it can end into tokens or an error with a sentence."""
    try:
        session = call(_client()).session
    except AuthApiError as error:
        raise refusal(error) from None
    except (AuthError, ValidationError):
        raise _unavailable() from None
    if session is None:
        raise _unavailable()
    return Tokens(
        auth_user_id=session.user.id,
        email=session.user.email,
        access_token=session.access_token,
        refresh_token=session.refresh_token,
        lifetime_s=float(session.expires_in or DEFAULT_LIFETIME_S),
    )


def _refusal_of_sign_in(error: AuthApiError) -> Exception:
    """One sentence for every refused person; not every Auth checks a password before it says more.

    Supabase Lite names an unconfirmed address to anybody who asks, and so would we.
    """
    if error.status == 429:
        return SignInRefused("Too many attempts just now: wait a few minutes, then try again.")
    return SignInRefused(NO_MATCH) if _is_about_the_person(error) else _unavailable()


def _refusal_of_refresh(error: AuthApiError) -> Exception:
    return SessionEnded() if _is_about_the_person(error) else _unavailable()


def _is_about_the_person(error: AuthApiError) -> bool:
    """Tell a refused person from a refused app (wrong address or key), which carries no code."""
    return error.status in {400, 422} or (error.status in {401, 403, 404} and bool(error.code))


def _unavailable() -> ServiceUnavailable:
    return ServiceUnavailable("The sign-in service does not answer: please try again in a moment.")
