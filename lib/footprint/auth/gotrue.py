"""The only module that speaks to Supabase Auth: one throw-away client a call, one transport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import httpx
from pydantic import ValidationError
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError
from supabase_auth.types import AuthResponse, User

from footprint.config import get_settings
from footprint.data.transport import http
from footprint.errors import AccessDenied, InputError, ServiceUnavailable

# GoTrue's access tokens live an hour unless the project says otherwise.
DEFAULT_LIFETIME_S = 3600
# How lately an address was confirmed that was confirmed by this very sign-in.
JUST_NOW = timedelta(minutes=1)

NO_MATCH = (
    "That e-mail address and password do not match: please try again. If the account is new, "
    "confirm its address first, with the link in the message we sent."
)


CODE_REFUSED = "That code is wrong or too old: please try again, or have a new one sent."
LINK_REFUSED = "This link was used already or is too old: ask for a new one."

# What is answered for an address that has an account already, or was sent a mail a moment ago.
_HAS_ACCOUNT = {"user_already_exists", "email_exists", "over_email_send_rate_limit"}

LinkKind = Literal["signup", "invite", "magiclink", "recovery", "email_change", "email"]
LINK_KINDS: tuple[LinkKind, ...] = (
    "signup",
    "invite",
    "magiclink",
    "recovery",
    "email_change",
    "email",
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
    # Whether this sign-in confirmed the address, and whether the account says it was invited.
    is_first: bool = False
    invited: bool = False


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


def send_code(email: str) -> None:
    """Have a code and a link sent to an address, where it has an account.

    Raises:
        SignInRefused: where too many were asked for; never for an unknown address.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    options: dict[str, Any] = {"email": email, "options": {"should_create_user": False}}
    _send(lambda client: client.sign_in_with_otp(options))  # type: ignore[arg-type]


def send_recovery(email: str) -> None:
    """Have a link sent to an address, where it has an account, with which to set a password.

    Raises:
        SignInRefused: where too many were asked for; never for an unknown address.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    _send(lambda client: client.reset_password_for_email(email))


def send_invitation(email: str) -> None:
    """Make an account for an address, unless it has one, and have a link sent that opens it.

    Raises:
        SignInRefused: where Supabase Auth makes no accounts by itself, or is asked too often.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    options: dict[str, Any] = {
        "email": email,
        "options": {"should_create_user": True, "data": {"invited": True}},
    }
    try:
        _client().sign_in_with_otp(options)  # type: ignore[arg-type]
    except AuthApiError as error:
        if error.status == 429:
            raise SignInRefused(
                "A message went to this address just now: wait a minute, then send another."
            ) from None
        if error.code in {"signup_disabled", "otp_disabled", "email_provider_disabled"}:
            raise SignInRefused(
                "Supabase Auth makes no accounts by itself here: send its own invitation from "
                "the Supabase dashboard (Authentication, Users); role and team wait for it."
            ) from None
        raise _unavailable() from None
    except AuthError:
        raise _unavailable() from None


def _send(call: Callable[[SyncGoTrueClient], object]) -> None:
    """Have a mail sent; whether the address has an account is not told."""
    try:
        call(_client())
    except AuthApiError as error:
        refusal = _refusal_of_sign_in(error)
        if error.status == 429 or isinstance(refusal, ServiceUnavailable):
            raise refusal from None
    except AuthError:
        raise _unavailable() from None


def verify_code(email: str, code: str) -> Tokens:
    """Exchange a code from an e-mail for tokens.

    Raises:
        SignInRefused: where the code is wrong, used or too old.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """

    def refusal(error: AuthApiError) -> Exception:
        return SignInRefused(CODE_REFUSED) if _is_about_the_person(error) else _unavailable()

    try:
        return _tokens(
            lambda client: client.verify_otp({"email": email, "token": code, "type": "email"}),
            refusal,
        )
    except SignInRefused:
        # Supabase Lite knows these codes by the name of the link they stand beside.
        return _tokens(
            lambda client: client.verify_otp({"email": email, "token": code, "type": "magiclink"}),
            refusal,
        )


def verify_link(token_hash: str, kind: LinkKind) -> Tokens:
    """Exchange what a link in an e-mail carries for tokens.

    Raises:
        SignInRefused: where the link was used or is too old.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    return _tokens(
        lambda client: client.verify_otp({"token_hash": token_hash, "type": kind}),
        lambda error: (
            SignInRefused(LINK_REFUSED) if _is_about_the_person(error) else _unavailable()
        ),
    )


def sign_up(email: str, password: str, full_name: str) -> Tokens | None:
    """Make an account; return tokens where its address need not be confirmed first.

    ``None`` also where the address has an account already: whoever asks is not told.

    Raises:
        SignInRefused: where the password is too weak, or accounts cannot be made here.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    given = {"email": email, "password": password, "options": {"data": {"full_name": full_name}}}
    try:
        answer = _client().sign_up(given)  # type: ignore[arg-type]
    except AuthApiError as error:
        if error.code in _HAS_ACCOUNT:
            return None
        raise _refusal_of_sign_up(error) from None
    except (AuthError, ValidationError):
        raise _unavailable() from None
    if answer.session is None:
        return None
    return _tokens_of(answer)


def set_password(access_token: str, password: str) -> None:
    """Give the account that ``access_token`` belongs to another password.

    Raises:
        SignInRefused: where the password is too weak or the one before.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    url, key = get_settings().require_api()
    headers = {"apikey": key, "Authorization": f"Bearer {access_token}"}
    try:
        answer = http().put(f"{url}/auth/v1/user", headers=headers, json={"password": password})
    except httpx.TransportError:
        raise _unavailable() from None
    if answer.status_code == 422:
        raise SignInRefused("Choose another password: longer, and not the one you have.")
    if not answer.is_success:
        raise _unavailable()


def authorize_url(provider: str, challenge: str, back: str) -> str:
    """Return where a browser goes to sign in with a provider (OAuth with PKCE, S256)."""
    url, _ = get_settings().require_api()
    query = {
        "provider": provider,
        "redirect_to": back,
        "code_challenge": challenge,
        "code_challenge_method": "s256",
    }
    return f"{url}/auth/v1/authorize?{urlencode(query)}"


def exchange_code(code: str, verifier: str) -> Tokens:
    """Exchange the code that a provider's sign-in ended with for tokens.

    Raises:
        SignInRefused: where the code was used, is too old, or belongs to another browser.
        ServiceUnavailable: where Supabase Auth does not answer or does not accept this app.
    """
    refused = "That sign-in was not finished in time, or was begun in another browser."
    return _tokens(
        lambda client: client.exchange_code_for_session(
            {"auth_code": code, "code_verifier": verifier, "redirect_to": ""}
        ),
        lambda error: SignInRefused(refused) if _is_about_the_person(error) else _unavailable(),
    )


def sign_out(access_token: str, *, everywhere: bool = False) -> None:
    """Revoke the session that ``access_token`` belongs to, or every one of the same person.

    Raises:
        ServiceUnavailable: where Supabase Auth could not be told.
    """
    try:
        _client().admin.sign_out(access_token, "global" if everywhere else "local")
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
        answer = call(_client())
    except AuthApiError as error:
        raise refusal(error) from None
    except (AuthError, ValidationError):
        raise _unavailable() from None
    return _tokens_of(answer)


def _tokens_of(answer: AuthResponse) -> Tokens:
    session = answer.session
    if session is None:
        raise _unavailable()
    return Tokens(
        auth_user_id=session.user.id,
        email=session.user.email,
        access_token=session.access_token,
        refresh_token=session.refresh_token,
        lifetime_s=float(session.expires_in or DEFAULT_LIFETIME_S),
        is_first=_confirmed_just_now(session.user),
        invited=session.user.user_metadata.get("invited") is True,
    )


def _confirmed_just_now(user: User) -> bool:
    confirmed_at = user.email_confirmed_at
    return confirmed_at is not None and datetime.now(UTC) - confirmed_at < JUST_NOW


def _refusal_of_sign_in(error: AuthApiError) -> Exception:
    """One sentence for every refused person; not every Auth checks a password before it says more.

    Supabase Lite names an unconfirmed address to anybody who asks, and so would we.
    """
    if error.status == 429:
        return SignInRefused("Too many attempts just now: wait a few minutes, then try again.")
    return SignInRefused(NO_MATCH) if _is_about_the_person(error) else _unavailable()


def _refusal_of_sign_up(error: AuthApiError) -> Exception:
    if error.status == 429:
        return _refusal_of_sign_in(error)
    if error.code == "weak_password":
        return SignInRefused("Choose a longer password, one that is not in common use.")
    if error.code in {"signup_disabled", "email_provider_disabled"}:
        return SignInRefused("Accounts are not made here: ask an administrator for one.")
    if _is_about_the_person(error):
        return SignInRefused("No account can be made with that e-mail address and password.")
    return _unavailable()


def _refusal_of_refresh(error: AuthApiError) -> Exception:
    return SessionEnded() if _is_about_the_person(error) else _unavailable()


def _is_about_the_person(error: AuthApiError) -> bool:
    """Tell a refused person from a refused app (wrong address or key), which carries no code."""
    return error.status in {400, 422} or (error.status in {401, 403, 404} and bool(error.code))


def _unavailable() -> ServiceUnavailable:
    return ServiceUnavailable("The sign-in service does not answer: please try again in a moment.")
