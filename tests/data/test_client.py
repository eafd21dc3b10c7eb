"""Asking PostgREST as a person: every row, their own rows only, and a sentence when it fails."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from footprint.auth import Me
from footprint.auth.gotrue import SessionEnded
from footprint.auth.sessions import AuthSession
from footprint.data.client import fetch_all, rpc
from footprint.errors import AccessDenied, InputError, ServiceUnavailable
from house import event
from web import Web, session_for, tell_settings

Person = Callable[[str], Me]


def test_an_answer_is_the_functions_json_value(person: Person) -> None:
    assert rpc(person("ann").session, "me")["full_name"] == "Ann"


def test_an_expired_token_is_renewed_once_and_nobody_notices(web: Web) -> None:
    session = session_for("ann")
    session._access_token = f"{session.access_token[:-8]}expired0"

    assert rpc(session, "me")["full_name"] == "Ann"
    assert not session._access_token.endswith("expired0")


def test_a_session_that_cannot_be_renewed_has_ended(web: Web) -> None:
    session = session_for("ann")
    session._access_token = f"{session.access_token[:-8]}expired0"
    web.database.execute("delete from auth.sessions where user_id = %s", [session.auth_user_id])

    with pytest.raises(SessionEnded, match="sign in again"):
        rpc(session, "me")


def test_what_a_role_may_not_ask_is_refused_in_a_sentence(person: Person) -> None:
    days = {"p_from": "2026-10-01", "p_to": "2026-10-31"}
    with pytest.raises(AccessDenied, match=r"\w+.*\.$"):
        rpc(person("ann").session, "organisation_footprint", days)


def test_what_a_function_refuses_is_told_in_its_own_words(person: Person) -> None:
    days = {"p_from": "2026-10-31", "p_to": "2026-10-01"}
    with pytest.raises(InputError, match="needs a first and a last day"):
        rpc(person("ann").session, "my_footprint", days)


def test_a_database_without_the_function_asks_for_a_migration(person: Person) -> None:
    with pytest.raises(ServiceUnavailable, match="footprint migrate"):
        rpc(person("ann").session, "of_a_later_version")


def test_what_goes_wrong_inside_is_not_shown(person: Person) -> None:
    with pytest.raises(ServiceUnavailable) as refused:
        rpc(person("ann").session, "my_footprint", {"p_from": "no day", "p_to": "2026-10-01"})
    assert "no day" not in str(refused.value)


def test_every_row_comes_past_the_cut_at_a_thousand_and_only_ones_own(
    web: Web, person: Person
) -> None:
    ann, bob = person("ann"), person("bob")
    before = len(fetch_all(ann.session, "request_logs", "event_id"))
    for _ in range(3):
        web.database.store(*(event(user_id=ann.user_id) for _ in range(800)))

    rows = fetch_all(ann.session, "request_logs", "event_id")

    assert len({row["event_id"] for row in rows}) == before + 2400 == len(rows)
    assert {row["user_profile_id"] for row in rows} == {ann.user_id}
    assert len(fetch_all(bob.session, "request_logs", "event_id")) < 10


def test_a_filter_takes_a_name_with_any_character_in_it(web: Web, person: Person) -> None:
    ann = person("ann")
    name = 'odd, "quoted" (name) \\ 100%'
    web.database.store(event(user_id=ann.user_id, model=name))
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    rows = fetch_all(ann.session, "request_logs", "event_id", {"model": f"in.({quoted})"})
    assert [row["model"] for row in rows] == [name]


def test_nobody_there_is_a_sentence(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_for("ann")
    tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": "http://127.0.0.1:9"})
    with pytest.raises(ServiceUnavailable, match="Nothing is lost"):
        rpc(session, "me")


class _Proxy(BaseHTTPRequestHandler):
    """What stands in front of a service that is away: an HTML page, whatever is asked."""

    status = 502

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"<html>Bad gateway</html>")

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Cheerful(_Proxy):
    status = 200


@pytest.mark.parametrize("proxy", [_Proxy, _Cheerful])
def test_a_page_of_a_proxy_is_not_taken_for_an_answer(
    web: Web, monkeypatch: pytest.MonkeyPatch, proxy: type[_Proxy]
) -> None:
    session: AuthSession = session_for("ann")
    server = HTTPServer(("127.0.0.1", 0), proxy)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        tell_settings(monkeypatch, {**web.environment, "SUPABASE_URL": address})
        with pytest.raises(ServiceUnavailable, match="does not answer"):
            rpc(session, "me")
    finally:
        server.shutdown()
        server.server_close()
