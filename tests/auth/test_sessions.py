"""Sessions against a real Supabase Auth: refreshed once, restored, ended, and never mixed up."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable

import httpx
import pytest

from footprint.auth import gotrue
from footprint.auth.gotrue import SessionEnded, Tokens
from footprint.auth.sessions import AuthSession, SessionStore
from footprint.data.client import rpc
from footprint.errors import ServiceUnavailable
from web import PASSWORD, Web, email, tell_settings


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counted:
    """Supabase Auth's own refresh, counted, which may be cut off."""

    def __init__(self) -> None:
        self.calls = 0
        self.cut_off = False

    def __call__(self, refresh_token: str) -> Tokens:
        self.calls += 1
        if self.cut_off:
            raise ServiceUnavailable("cut off")
        return gotrue.refresh(refresh_token)


def sign_in(store: SessionStore, person: str = "ann") -> AuthSession:
    return store.create(gotrue.sign_in(email(person), PASSWORD))


def a_second_later() -> None:
    """Two tokens of one session that were issued in the same second are the same, byte by byte."""
    time.sleep(1.1)


def run_together(count: int, work: Callable[[], object]) -> None:
    begin = threading.Barrier(count)

    def task() -> None:
        begin.wait()
        work()

    threads = [threading.Thread(target=task) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_token_is_used_until_ninety_seconds_before_its_end_and_then_replaced(web: Web) -> None:
    clock, renew = Clock(), Counted()
    session = sign_in(SessionStore(renew, clock))
    first = session.access_token

    clock.now += 3600 - 90 - 1
    assert session.access_token == first
    clock.now += 1
    _ = session.access_token
    assert (renew.calls, session.generation) == (1, 2)
    assert rpc(session, "me")["email"] == email("ann")


def test_twenty_tabs_with_an_expired_token_refresh_it_once(web: Web) -> None:
    clock, renew = Clock(), Counted()
    session = sign_in(SessionStore(renew, clock))
    clock.now += 4000
    tokens: list[str] = []

    run_together(20, lambda: tokens.append(session.access_token))

    assert renew.calls == 1
    assert len(set(tokens)) == 1


def test_a_refused_token_is_replaced_once_however_many_were_refused(web: Web) -> None:
    renew = Counted()
    session = sign_in(SessionStore(renew))
    refused = session.access_token
    a_second_later()

    run_together(10, lambda: session.renewed(refused))

    assert renew.calls == 1
    assert session.access_token != refused


def test_the_browser_must_be_told_of_every_new_refresh_token(web: Web) -> None:
    session = sign_in(SessionStore())
    assert session.needs_sealing
    sealed = session.to_seal()
    assert not session.needs_sealing

    session.renewed(session.access_token)

    assert session.needs_sealing
    assert session.to_seal().refresh_token != sealed.refresh_token
    assert session.to_seal().sid == sealed.sid


def test_a_restart_brings_the_session_back_from_its_cookie(web: Web) -> None:
    before = sign_in(SessionStore())
    before.renewed(before.access_token)
    cookie = before.to_seal()

    after = SessionStore().resolve(cookie)

    assert after is not None
    assert not after.verified
    assert rpc(after, "me")["email"] == email("ann")
    assert after.verified


def test_after_a_restart_tabs_that_come_back_together_refresh_once(web: Web) -> None:
    cookie = sign_in(SessionStore()).to_seal()
    renew = Counted()
    store = SessionStore(renew)

    def come_back() -> None:
        session = store.resolve(cookie)
        assert session is not None
        assert session.access_token

    run_together(8, come_back)

    assert renew.calls == 1


def test_a_session_that_is_signed_out_is_refused_here_and_after_a_restart(web: Web) -> None:
    store = SessionStore()
    session = sign_in(store)
    cookie = session.to_seal()
    gotrue.sign_out(session.access_token)
    store.end(session)

    with pytest.raises(SessionEnded):
        _ = session.access_token
    assert store.resolve(cookie) is None
    restarted = SessionStore()
    restored = restarted.resolve(cookie)
    assert restored is not None
    with pytest.raises(SessionEnded):
        _ = restored.access_token
    assert restarted.resolve(cookie) is None


def test_signing_out_one_browser_leaves_the_persons_other_browser_alone(web: Web) -> None:
    store = SessionStore()
    here, there = sign_in(store), sign_in(store)

    gotrue.sign_out(here.access_token)
    store.end(here)

    assert there.renewed(there.access_token)


def test_an_outage_keeps_people_signed_in(web: Web) -> None:
    clock, renew = Clock(), Counted()
    store = SessionStore(renew, clock)
    session = sign_in(store)
    token = session.access_token
    renew.cut_off = True

    clock.now += 3600 - 60  # due for renewal, but good for another minute
    assert session.access_token == token
    clock.now += 61
    with pytest.raises(ServiceUnavailable):
        _ = session.access_token
    assert store.resolve(session.to_seal()) is session

    renew.cut_off = False
    clock.now += 2
    assert session.access_token
    assert session.generation == 2


def test_during_an_outage_the_service_is_asked_every_two_seconds_not_by_every_click(
    web: Web,
) -> None:
    clock, renew = Clock(), Counted()
    session = sign_in(SessionStore(renew, clock))
    renew.cut_off = True
    clock.now += 4000

    for _ in range(10):
        with pytest.raises(ServiceUnavailable):
            _ = session.access_token
    assert renew.calls == 1
    clock.now += 2
    with pytest.raises(ServiceUnavailable):
        _ = session.access_token
    assert renew.calls == 2


def test_a_server_that_is_not_there_is_an_outage_not_the_end(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = sign_in(SessionStore())
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": "http://127.0.0.1:9"})

    with pytest.raises(ServiceUnavailable):
        session.renewed(session.access_token)
    assert not session.ended


def test_a_wrong_publishable_key_is_an_outage_not_the_end(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = sign_in(SessionStore())
    wrong = {**web.environment, "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_wrong"}
    tell_settings(monkeypatch, wrong)

    with pytest.raises(ServiceUnavailable):
        session.renewed(session.access_token)
    assert not session.ended


def test_tokens_of_somebody_else_end_the_session(web: Web) -> None:
    store = SessionStore(renew=lambda _: gotrue.sign_in(email("bob"), PASSWORD))
    session = sign_in(store, "ann")

    with pytest.raises(SessionEnded):
        session.renewed(session.access_token)
    assert session.ended


def test_two_people_at_once_never_get_each_others_token(web: Web) -> None:
    store = SessionStore()
    ann, bob = sign_in(store, "ann"), sign_in(store, "bob")
    seen: list[tuple[str, str]] = []

    def ask() -> None:
        for session, person in ((ann, "ann"), (bob, "bob")) * 5:
            session.renewed(session.access_token)
            seen.append((person, rpc(session, "me")["email"]))

    run_together(4, ask)

    assert len(seen) == 40
    assert all(address == email(person) for person, address in seen)


def test_a_ticket_works_once_soon_and_in_the_browser_it_was_made_for(web: Web) -> None:
    clock = Clock()
    store = SessionStore(clock=clock)
    session = sign_in(store)

    good = store.issue_ticket(session, "this browser")
    assert store.redeem_ticket(good, "this browser") is session
    assert store.redeem_ticket(good, "this browser") is None

    foreign = store.issue_ticket(session, "this browser")
    assert store.redeem_ticket(foreign, "another browser") is None
    assert store.redeem_ticket(foreign, "this browser") is None  # spent by the attempt

    late = store.issue_ticket(session, "this browser")
    clock.now += 45
    assert store.redeem_ticket(late, "this browser") is None

    assert store.redeem_ticket("made up", "this browser") is None


def test_a_ticket_of_a_session_that_ended_meanwhile_is_worth_nothing(web: Web) -> None:
    store = SessionStore()
    session = sign_in(store)
    ticket = store.issue_ticket(session, "this browser")
    store.end(session)

    assert store.redeem_ticket(ticket, "this browser") is None


def test_every_sign_in_has_an_identifier_of_its_own(web: Web) -> None:
    store = SessionStore()

    assert sign_in(store).sid != sign_in(store).sid


def test_a_full_memory_lets_go_of_the_session_unused_for_longest(web: Web) -> None:
    clock = Clock()
    store = SessionStore(clock=clock, capacity=2)
    tokens = gotrue.sign_in(email("ann"), PASSWORD)
    first = store.create(tokens)
    clock.now += 1
    second = store.create(tokens)
    clock.now += 1
    store.resolve(first.to_seal())
    clock.now += 1
    store.create(tokens)

    assert set(store._sessions.values()) >= {first}
    assert second not in store._sessions.values()


def test_no_token_is_in_a_representation_or_kept_in_the_shared_client(web: Web) -> None:
    tokens = gotrue.sign_in(email("ann"), PASSWORD)
    session = SessionStore().create(tokens)

    for text in (repr(tokens), repr(session), repr(session.to_seal()), str(SessionEnded())):
        assert tokens.access_token not in text
        assert tokens.refresh_token not in text


def test_a_token_that_the_database_refuses_is_renewed_and_the_question_asked_again(
    web: Web,
) -> None:
    session = sign_in(SessionStore())
    good = session.access_token
    # A token with a broken signature is what an expired one is to PostgREST: HTTP 401.
    session._access_token = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
    refused = httpx.post(
        f"{web.server.api_url}/rest/v1/rpc/me",
        headers={
            "apikey": web.server.publishable_key,
            "Authorization": f"Bearer {session.access_token}",
        },
        json={},
    )
    assert refused.status_code == 401

    assert rpc(session, "me")["email"] == email("ann")
    assert session.generation == 2


def test_the_store_outlives_streamlits_hot_reload() -> None:
    """Streamlit evicts every local module when a file changes; the routes keep the old ones."""
    script = (
        "import sys\n"
        "from footprint.auth.sessions import STORE\n"
        "for name in [n for n in sys.modules if n.startswith('footprint')]:\n"
        "    del sys.modules[name]\n"
        "from footprint.auth import sessions\n"
        "print(sessions.STORE is STORE)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.stdout.strip() == "True", done.stderr
