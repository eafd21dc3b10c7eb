"""Sessions live in this process's memory; the sealed cookie can bring one back after a restart.

One process holds the truth about a session: run one, or send each browser to the same one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from footprint.auth import gotrue
from footprint.auth.cookies import Sealed
from footprint.auth.gotrue import SessionEnded, Tokens
from footprint.auth.process import process_wide
from footprint.config import get_settings
from footprint.errors import ServiceUnavailable

# Seconds before its end at which an access token is replaced; a fifth of its life if that is less.
RENEW_BEFORE_S = 90.0
# Seconds for which an outage is believed before Supabase Auth is asked again.
OUTAGE_PAUSE_S = 2.0
# Seconds from signing in to the browser's claim of its cookie.
TICKET_LIFETIME_S = 45.0
# Seconds after signing in for which a password may be set without the one before.
FRESH_S = 15 * 60.0
# Seconds without use after which a session leaves memory; its cookie still brings it back.
IDLE_S = 24 * 3600.0
# Sessions kept at most; the ones unused for longest leave first.
CAPACITY = 10_000

Clock = Callable[[], float]
Renewer = Callable[[str], Tokens]


class AuthSession:
    """One signed-in browser: its tokens, refreshed by one thread at a time."""

    def __init__(
        self, sid: str, auth_user_id: str, refresh_token: str, renew: Renewer, clock: Clock
    ) -> None:
        self.sid = sid
        self.auth_user_id = auth_user_id
        self.last_used = clock()
        self.ended = False
        # When the person signed in, seconds since 1970.
        self.began_at = time.time()
        # What the browser's cookie holds; behind `_refresh_token` until the browser has been told.
        self.sealed_refresh_token: str | None = None
        # What the database last said about this person, kept by the guard.
        self.profile: object = None
        # How often tokens were taken over.
        self.generation = 0
        self._refresh_token = refresh_token
        self._access_token: str | None = None
        self._expires_at = 0.0
        self._renew_at = 0.0
        self._outage_until = 0.0
        self._renew = renew
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def verified(self) -> bool:
        """Whether Supabase Auth has vouched for this session since this process started."""
        return self._access_token is not None and not self.ended

    @property
    def access_token(self) -> str:
        """A token that is good for the next request.

        Raises:
            SessionEnded: where the person is signed out.
            ServiceUnavailable: where it has run out and Supabase Auth does not answer.
        """
        return self.renewed(None)

    def renewed(self, refused: str | None) -> str:
        """Return a good token other than ``refused``, the one a service has just turned down.

        Any number of threads may ask at once; one asks Supabase Auth, the others take its answer.
        """
        with self._lock:
            if self.ended:
                raise SessionEnded()
            now = self._clock()
            token = self._access_token
            if token is not None and token != refused and now < self._renew_at:
                return token
            try:
                return self._spend_refresh_token(now)
            except ServiceUnavailable:
                if token is not None and token != refused and now < self._expires_at:
                    return token
                raise

    def adopt(self, tokens: Tokens) -> None:
        """Take over freshly issued tokens."""
        now = self._clock()
        self.generation += 1
        self._access_token = tokens.access_token
        self._refresh_token = tokens.refresh_token
        self._expires_at = now + tokens.lifetime_s
        self._renew_at = self._expires_at - min(RENEW_BEFORE_S, tokens.lifetime_s / 5)

    @property
    def is_fresh(self) -> bool:
        """Whether the person has shown who they are within the last quarter of an hour."""
        return time.time() - self.began_at < FRESH_S

    def end(self) -> None:
        """Let no token leave this session any more."""
        self.ended = True
        self.profile = None

    @property
    def needs_sealing(self) -> bool:
        """Whether the browser's cookie holds an older refresh token than this session."""
        return not self.ended and self.sealed_refresh_token != self._refresh_token

    def to_seal(self) -> Sealed:
        """Return the cookie's content and note that the browser is being given it."""
        self.sealed_refresh_token = self._refresh_token
        return Sealed(self.sid, self.auth_user_id, self._refresh_token, self.began_at)

    def _spend_refresh_token(self, now: float) -> str:
        if now < self._outage_until:
            raise ServiceUnavailable(
                "The sign-in service does not answer: please try again in a moment."
            )
        try:
            tokens = self._renew(self._refresh_token)
        except SessionEnded:
            self.end()
            raise
        except ServiceUnavailable:
            self._outage_until = self._clock() + OUTAGE_PAUSE_S
            raise
        if tokens.auth_user_id != self.auth_user_id:
            self.end()
            raise SessionEnded()
        self.adopt(tokens)
        return tokens.access_token


@dataclass(frozen=True)
class _Ticket:
    session: AuthSession
    browser: bytes
    until: float


class SessionStore:
    """All sessions of this process, and the tickets of those that are just being made."""

    def __init__(
        self,
        renew: Renewer = gotrue.refresh,
        clock: Clock = time.monotonic,
        capacity: int = CAPACITY,
    ) -> None:
        self._renew = renew
        self._clock = clock
        self._capacity = capacity
        self._sessions: dict[str, AuthSession] = {}
        self._ended: dict[str, float] = {}
        self._tickets: dict[bytes, _Ticket] = {}
        self._lock = threading.Lock()

    def create(self, tokens: Tokens) -> AuthSession:
        """Begin a session under an identifier that nobody has seen before."""
        session = self._new(secrets.token_urlsafe(32), tokens.auth_user_id, tokens.refresh_token)
        session.adopt(tokens)
        with self._lock:
            self._make_room()
            self._sessions[session.sid] = session
        return session

    def resolve(self, sealed: Sealed | None) -> AuthSession | None:
        """Return the session a cookie stands for; ``None`` where it is signed out.

        A session that this process does not know is restored from its refresh token, which is
        spent when the first access token is asked for.
        """
        if sealed is None:
            return None
        with self._lock:
            if sealed.sid in self._ended:
                return None
            session = self._sessions.get(sealed.sid)
            if session is None:
                if time.time() - sealed.sealed_at > get_settings().session_idle_s:
                    return None
                self._make_room()
                session = self._new(sealed.sid, sealed.auth_user_id, sealed.refresh_token)
                session.began_at = sealed.began_at
                session.sealed_refresh_token = sealed.refresh_token
                self._sessions[sealed.sid] = session
        is_idle = self._clock() - session.last_used > get_settings().session_idle_s
        if session.ended or is_idle:
            self.end(session)
            return None
        session.last_used = self._clock()
        return session

    def end(self, session: AuthSession) -> None:
        """Forget a session and refuse its cookie from now on."""
        session.end()
        with self._lock:
            self._sessions.pop(session.sid, None)
            self._ended[session.sid] = self._clock()

    def end_all_of(self, auth_user_id: str) -> None:
        """End every session of a person that this process knows."""
        with self._lock:
            theirs = [s for s in self._sessions.values() if s.auth_user_id == auth_user_id]
        for session in theirs:
            self.end(session)

    def issue_ticket(self, session: AuthSession, browser: str) -> str:
        """Return a secret with which this browser, once and soon, claims the session's cookie."""
        ticket = secrets.token_urlsafe(32)
        with self._lock:
            now = self._clock()
            self._tickets = {k: t for k, t in self._tickets.items() if t.until > now}
            until = now + TICKET_LIFETIME_S
            self._tickets[_digest(ticket)] = _Ticket(session, _digest(browser), until)
        return ticket

    def redeem_ticket(self, ticket: str, browser: str) -> AuthSession | None:
        """Return the ticket's session; ``None`` where it is used, late, or another browser's."""
        with self._lock:
            found = self._tickets.pop(_digest(ticket), None)
        if found is None or found.until <= self._clock() or found.session.ended:
            return None
        return found.session if hmac.compare_digest(found.browser, _digest(browser)) else None

    def _new(self, sid: str, auth_user_id: str, refresh_token: str) -> AuthSession:
        return AuthSession(sid, auth_user_id, refresh_token, self._renew, self._clock)

    def _make_room(self) -> None:
        """Drop what is past its time; called with the lock held."""
        now = self._clock()
        if len(self._sessions) >= self._capacity:
            by_use = sorted(self._sessions.values(), key=lambda session: session.last_used)
            surplus = len(by_use) - self._capacity + 1
            for number, session in enumerate(by_use):
                if number >= surplus and now - session.last_used <= IDLE_S:
                    break
                del self._sessions[session.sid]
        if len(self._ended) >= self._capacity:
            lifetime_s = get_settings().session_lifetime_s
            self._ended = {sid: at for sid, at in self._ended.items() if now - at < lifetime_s}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


STORE = process_wide("session_store", SessionStore)
