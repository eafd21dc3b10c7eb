"""Codes and links from e-mails, accounts made by their owners, and sign-in providers with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from footprint.auth import flows
from footprint.auth.arrivals import ROUTES as ARRIVAL_ROUTES
from footprint.auth.cookies import unseal
from footprint.auth.flows import (
    change_password,
    send_code,
    sign_in_with_code,
    sign_in_with_password,
    sign_up,
)
from footprint.auth.gotrue import SessionEnded, SignInRefused
from footprint.auth.limits import FAILURES_PER_EMAIL
from footprint.auth.routes import ROUTES as SESSION_ROUTES
from footprint.auth.sessions import STORE, SessionStore
from footprint.config import get_settings
from footprint.data.client import rpc
from footprint.local.accounts import create_account
from footprint.local.stack import LiteOptions, Stack
from web import BROWSER, ORIGIN, PASSWORD, Web, ask, cookies_of, email, session_for, tell_settings

APP = Starlette(routes=[*SESSION_ROUTES, *ARRIVAL_ROUTES])
OWN_PAGE = {"sec-fetch-site": "same-origin", "origin": ORIGIN}


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "REFUSAL_S", 0.0)


@pytest.fixture
def someone(web: Web) -> str:
    """Somebody new, so that codes and passwords of one test do not meet another's."""
    address = f"{uuid.uuid4().hex[:8]}@example.net"
    create_account(web.server, address, PASSWORD)
    return address


def last_mail(stack: Stack, to: str) -> str:
    lines = (stack.data_dir / "outbox.jsonl").read_text().splitlines()
    mails = [json.loads(line) for line in lines]
    return [str(mail["text"] or mail["html"]) for mail in mails if mail["to"] == to][-1]


def code_in(mail: str) -> str:
    found = re.search(r"\b(\d{6})\b", mail)
    assert found, mail
    return found.group(1)


def user_of(ticket: str | None) -> str:
    session = STORE.redeem_ticket(ticket or "", BROWSER)
    assert session is not None
    return str(rpc(session, "me")["email"])


def visit(
    path: str, cookies: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    jar = "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())
    return ask(APP, "GET", path, headers={"cookie": jar, **(headers or {})})


def post(path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    return ask(APP, "POST", path, data=fields, headers={**OWN_PAGE, **headers})


def cookie_of(answer: httpx.Response, name: str) -> str | None:
    for header in answer.headers.get_list("set-cookie"):
        key, _, rest = header.partition("=")
        if key == name:
            return rest.split(";")[0]
    return None


def signed_in_as(answer: httpx.Response) -> str:
    session = STORE.resolve(unseal(cookie_of(answer, "footprint"), get_settings()))
    assert session is not None, answer.text
    return session.auth_user_id


def test_a_code_from_an_e_mail_signs_in_once(web: Web, stack: Stack, someone: str) -> None:
    send_code(f" {someone.upper()} ", BROWSER)
    code = code_in(last_mail(stack, someone))
    assert user_of(sign_in_with_code(someone, f" {code[:3]} {code[3:]}", BROWSER)) == someone
    with pytest.raises(SignInRefused, match="wrong or too old"):
        sign_in_with_code(someone, code, BROWSER)


def test_whoever_asks_for_a_code_is_not_told_who_has_an_account(web: Web, stack: Stack) -> None:
    send_code("nobody-at-all@example.net", BROWSER)  # no error, and no account made
    count = "select count(*) from auth.users where email = 'nobody-at-all@example.net'"
    assert web.database.one(count) == 0


def test_a_code_is_guessed_ten_times_at_most(web: Web, someone: str) -> None:
    send_code(someone, BROWSER)
    answers = set()
    for number in range(FAILURES_PER_EMAIL):
        with pytest.raises(SignInRefused) as refused:
            sign_in_with_code(someone, f"{number:06d}", BROWSER)
        answers.add(str(refused.value).split(":")[0])
    assert answers == {"That code is wrong or too old", "Too many attempts"}
    with pytest.raises(SignInRefused, match="Too many attempts"):
        send_code(someone, "another-browser")


@pytest.mark.parametrize("code", ["", "12", "12345678901", "1' or '1'='1", "<script>"])
def test_what_cannot_be_a_code_is_refused_without_asking(web: Web, code: str) -> None:
    with pytest.raises(SignInRefused, match="digits only"):
        sign_in_with_code(email("ann"), code, BROWSER)


def test_a_link_shows_a_button_and_only_the_button_spends_it(
    web: Web, stack: Stack, someone: str
) -> None:
    send_code(someone, BROWSER)
    token_hash = hash_in(last_mail(stack, someone))
    path = f"/session/confirm?token_hash={token_hash}&type=magiclink"
    for _ in range(3):  # a mail scanner looks
        page = visit(path)
        assert page.status_code == 200
        assert cookie_of(page, "footprint") is None
    fields = {"token_hash": token_hash, "type": "magiclink"}
    assert post("/session/confirm", fields, **{"sec-fetch-site": "cross-site"}).status_code == 403
    answer = post("/session/confirm", fields)
    assert answer.status_code == 303
    person = "select id::text from auth.users where email = %s"
    assert signed_in_as(answer) == web.database.one(person, [someone])
    again = post("/session/confirm", fields)
    assert (again.status_code, cookie_of(again, "footprint")) == (400, None)
    assert "used already" in again.text


def hash_in(mail: str) -> str:
    found = re.search(r"[?&]token(?:_hash)?=([A-Za-z0-9_-]+)", mail.replace("&amp;", "&"))
    assert found, mail
    return found.group(1)


def test_a_recovery_link_leads_to_where_a_password_is_set(
    web: Web, stack: Stack, someone: str
) -> None:
    httpx.post(
        f"{web.server.api_url}/auth/v1/recover",
        json={"email": someone},
        headers={"apikey": web.server.publishable_key},
    )
    fields = {"token_hash": hash_in(last_mail(stack, someone)), "type": "recovery"}
    answer = post("/session/confirm", fields)
    assert answer.headers["location"] == "/account"
    session = STORE.resolve(unseal(cookie_of(answer, "footprint"), get_settings()))
    assert session is not None
    change_password(session, someone, "", "a new long password")
    assert user_of(sign_in_with_password(someone, "a new long password", BROWSER)) == someone
    with pytest.raises(SignInRefused):
        sign_in_with_password(someone, PASSWORD, BROWSER)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "token_hash=abcdefgh12345678",
        "type=recovery",
        "token_hash=abcdefgh12345678&type=admin",
        "token_hash=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&type=recovery",
        "token_hash=../../etc/passwd&type=magiclink",
    ],
)
def test_a_link_that_is_none_of_ours_is_refused_and_echoes_nothing(web: Web, query: str) -> None:
    answer = visit(f"/session/confirm?{query}")
    assert answer.status_code == 400
    assert "script>alert" not in answer.text
    assert "passwd" not in answer.text


def test_a_password_is_changed_with_the_one_before_or_right_after_signing_in(
    web: Web, someone: str
) -> None:
    session = STORE.redeem_ticket(sign_in_with_password(someone, PASSWORD, BROWSER), BROWSER)
    assert session is not None
    session.began_at -= 16 * 60  # not fresh any more
    with pytest.raises(SignInRefused, match="current password is not right"):
        change_password(session, someone, "wrong", "another password")
    with pytest.raises(SignInRefused, match="at least 8"):
        change_password(session, someone, PASSWORD, "short")
    change_password(session, someone, PASSWORD, "another password")
    assert rpc(session, "me")["email"] == someone  # proving it ended no session but its own
    assert user_of(sign_in_with_password(someone, "another password", BROWSER)) == someone


def test_signing_out_everywhere_ends_every_browser_of_that_person_alone(
    web: Web, someone: str
) -> None:
    here = STORE.redeem_ticket(sign_in_with_password(someone, PASSWORD, BROWSER), BROWSER)
    there = STORE.redeem_ticket(sign_in_with_password(someone, PASSWORD, "b2"), "b2")
    other = session_for("ann")
    assert here is not None and there is not None
    kept = there.to_seal()
    jar = "; ".join(f"{name}={value}" for name, value in cookies_of(here).items())
    assert post("/session/logout", {"everywhere": "yes"}, cookie=jar).status_code == 303
    assert STORE.resolve(kept) is None
    # Nor can a process that has never heard of it bring it back.
    restored = SessionStore().resolve(kept)
    assert restored is not None
    with pytest.raises(SessionEnded):
        _ = restored.access_token
    assert rpc(other, "me")["email"] == email("ann")


def test_somebody_makes_an_account_and_confirms_its_address(
    stack: Stack, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack.serve(web.database.name, options=LiteOptions(confirm_email=True)) as server:
        tell_settings(monkeypatch, web.environment | {"SUPABASE_URL": server.api_url})
        address = f"{uuid.uuid4().hex[:8]}@example.net"
        assert sign_up(address, "a long password", "New", BROWSER) is None
        profile = "select count(*) from public.user_profiles where email = %s"
        assert web.database.one(profile, [address]) == 0
        # An address that has an account gets the same answer.
        assert sign_up(email("ann"), "a long password", "Thief", BROWSER) is None
        with pytest.raises(SignInRefused):
            sign_in_with_password(address, "a long password", BROWSER)
        fields = {"token_hash": hash_in(last_mail(stack, address)), "type": "signup"}
        assert post("/session/confirm", fields).status_code == 303
        assert web.database.one(profile, [address]) == 1


def test_where_accounts_are_not_made_nobody_makes_one(
    stack: Stack, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack.serve(web.database.name, options=LiteOptions(allow_sign_up=False)) as server:
        tell_settings(monkeypatch, web.environment | {"SUPABASE_URL": server.api_url})
        with pytest.raises(SignInRefused, match=r"not made here|No account can be made"):
            sign_up("eve@example.net", "a long password", "Eve", BROWSER)
    assert web.database.one("select count(*) from auth.users where email = 'eve@example.net'") == 0


@dataclass
class Provider:
    """A loopback GoTrue that checks PKCE as the real one does: S256, once, by whoever began."""

    url: str = ""
    # code → challenge
    codes: dict[str, str] = field(default_factory=dict)

    def approve(self, location: str) -> str:
        """Sign in at the provider; return the code that it sends the browser back with."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        assert asked["code_challenge_method"] == "s256"
        code = uuid.uuid4().hex
        self.codes[code] = asked["code_challenge"]
        return code

    def exchange(self, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
        challenge = self.codes.pop(body["auth_code"], None)
        digest = hashlib.sha256(body["code_verifier"].encode()).digest()
        given = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge is None or challenge != given:
            return 400, {"code": 400, "error_code": "bad_code_verifier", "msg": "no"}
        user = {
            "id": "11111111-1111-1111-1111-111111111111", "aud": "authenticated",
            "email": "oauth@example.net", "app_metadata": {"provider": "google"},
            "user_metadata": {}, "created_at": "2026-01-01T00:00:00Z",
        }  # fmt: skip
        return 200, {
            "access_token": "a.b.c", "refresh_token": "r", "expires_in": 3600,
            "token_type": "bearer", "user": user,
        }  # fmt: skip


@pytest.fixture
def provider(web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    known = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            assert self.path.startswith("/auth/v1/token?grant_type=pkce")
            status, answer = known.exchange(body)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    known.url = f"http://127.0.0.1:{server.server_port}"
    own = {"SUPABASE_URL": known.url, "FOOTPRINT_OAUTH_PROVIDERS": "google, github"}
    tell_settings(monkeypatch, web.environment | own)
    yield known
    server.shutdown()


def leave(path: str = "/session/oauth/google?next=/finance") -> tuple[str, dict[str, str]]:
    """Leave for a provider; return where to, and the browser's cookie."""
    answer = visit(path, headers=OWN_PAGE)
    assert answer.status_code == 303, answer.text
    flow = cookie_of(answer, "footprint-flow")
    assert flow
    return answer.headers["location"], {"footprint-flow": flow}


def test_a_provider_signs_in_with_pkce_and_back_to_the_page(provider: Provider) -> None:
    location, cookies = leave()
    assert location.startswith(f"{provider.url}/auth/v1/authorize?provider=google&")
    asked = parse_qs(urlsplit(location).query)
    assert asked["redirect_to"] == ["http://127.0.0.1:8501/session/callback"]
    code = provider.approve(location)
    answer = visit(f"/session/callback?code={code}", cookies)
    assert (answer.status_code, answer.headers["location"]) == (303, "/finance")
    assert signed_in_as(answer) == "11111111-1111-1111-1111-111111111111"
    assert cookie_of(answer, "footprint-flow") == ""
    replay = visit(f"/session/callback?code={code}", cookies)
    assert (replay.status_code, cookie_of(replay, "footprint")) == (400, None)


def test_a_code_is_worth_nothing_in_another_browser(provider: Provider) -> None:
    victims, _ = leave()
    _, own = leave()
    code = provider.approve(victims)
    stolen = visit(f"/session/callback?code={code}", own)
    assert (stolen.status_code, cookie_of(stolen, "footprint")) == (400, None)
    location, _ = leave()
    forced = visit(f"/session/callback?code={provider.approve(location)}")  # no cookie at all
    assert (forced.status_code, cookie_of(forced, "footprint")) == (400, None)


def test_nobody_is_sent_to_a_provider_from_elsewhere_or_to_an_unknown_one(
    provider: Provider,
) -> None:
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert visit("/session/oauth/google", headers=foreign).status_code == 403
    assert visit("/session/oauth/evil", headers=OWN_PAGE).status_code == 404


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_coming_back_from_a_provider_leads_nowhere_else(provider: Provider, target: str) -> None:
    location, cookies = leave(f"/session/oauth/google?next={target}")
    answer = visit(f"/session/callback?code={provider.approve(location)}", cookies)
    assert answer.headers["location"] == "/"


def test_a_cancelled_sign_in_is_said_in_a_sentence(provider: Provider) -> None:
    _, cookies = leave()
    answer = visit("/session/callback?error=access_denied&error_description=<b>x</b>", cookies)
    assert answer.status_code == 400
    assert "cancelled" in answer.text
    assert "<b>x</b>" not in answer.text


def test_a_session_ends_after_its_lifetime_and_after_its_idle_time(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_for("ann")
    kept = session.to_seal()
    own = {"FOOTPRINT_SESSION_HOURS": "12", "FOOTPRINT_IDLE_HOURS": "2"}
    tell_settings(monkeypatch, web.environment | own)
    cookies = cookies_of(session)
    assert unseal(cookies["footprint"], get_settings()) == kept
    session.last_used -= 2 * 3600 + 1
    assert STORE.resolve(kept) is None
    old = session_for("ann")
    old.began_at -= 12 * 3600 + 1
    assert unseal(cookies_of(old)["footprint"], get_settings()) is None
