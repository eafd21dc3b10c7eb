"""Attacks that no other room proves, and that docs/security.md names every attack with its test."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import date

import httpx
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from footprint.auth import Me
from footprint.auth.guard import identify
from footprint.config import get_settings
from footprint.data.footprint import my_footprint
from footprint.data.period import Period
from footprint.data.transport import http
from footprint.local.stack import Stack
from house import Database, event
from web import (
    ROLES,
    ROOT,
    Web,
    cookies_of,
    email,
    forget_everything,
    no_v1_pages,
    session_for,
    sit_at_browser,
    tell_settings,
    web_over,
)

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "**bold** $x$ :material/lock: :red[x]",
    '=HYPERLINK("https://evil.example")',
]
INJECTIONS = [
    "'; drop table public.user_profiles; --",
    "x' or '1'='1",
    "%' union select key_hash::text from private.ingest_keys --",
    "\\'; select pg_sleep(5); --",
    "*),or=(role.eq.admin",
]


@pytest.fixture(scope="module")
def served(stack: Stack, module_database: Database) -> Iterator[Web]:
    with web_over(stack, module_database) as web:
        yield web


@pytest.fixture
def web(served: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    tell_settings(monkeypatch, served.environment)
    forget_everything(monkeypatch)
    no_v1_pages(monkeypatch)
    st.cache_data.clear()
    yield served
    get_settings.cache_clear()


def id_of(web: Web, person: str) -> str:
    query = "select user_id from public.user_profiles where email = %s"
    return str(web.database.one(query, [email(person)]))


def as_me(monkeypatch: pytest.MonkeyPatch, person: str) -> Me:
    sit_at_browser(monkeypatch, cookies_of(session_for(person)))
    me = identify()
    assert me is not None
    return me


def ask(web: Web, person: str | None, method: str, path: str, **request: object) -> httpx.Response:
    headers = {"apikey": web.server.publishable_key, "content-type": "application/json"}
    if person:
        headers["authorization"] = f"Bearer {session_for(person).access_token}"
    url = f"{web.server.api_url}/rest/v1/{path}"
    return http().request(method, url, headers=headers, **request)  # type: ignore[arg-type]


# --- The matrix of writes, from the catalogue ----------------------------------------------------


def test_no_role_of_the_api_may_write_any_relation_but_two_columns_of_a_profile(
    any_database: Database,
) -> None:
    found = any_database.rows(
        """
        select n.nspname, c.relname, r.rolname, p.privilege
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        cross join (values ('anon'), ('authenticated'), ('service_role')) as r (rolname)
        cross join (values ('insert'), ('update'), ('delete'), ('truncate')) as p (privilege)
        where n.nspname in ('public', 'private') and c.relkind in ('r', 'p', 'v', 'm')
          and case when p.privilege in ('insert', 'update')
                   then has_any_column_privilege(r.rolname, c.oid, p.privilege)
                   else has_table_privilege(r.rolname, c.oid, p.privilege) end
        """
    )
    assert found == [("public", "user_profiles", "authenticated", "update")]
    columns = any_database.rows(
        "select attname from pg_attribute where attrelid = 'public.user_profiles'::regclass "
        "and attnum > 0 and has_column_privilege('authenticated', attrelid, attnum, 'update') "
        "order by 1"
    )
    assert columns == [("full_name",), ("timezone",)]


@pytest.mark.parametrize("person", [None, "ann", "fin", "ada"])
def test_over_http_no_relation_takes_an_insert_an_update_or_a_delete(
    web: Web, person: str | None
) -> None:
    relations = web.database.rows(
        "select c.relname, (select a.attname from pg_attribute a where a.attrelid = c.oid "
        "and a.attnum = 1) from pg_class c where c.relnamespace = 'public'::regnamespace "
        "and c.relkind in ('r', 'p', 'v')"
    )
    assert len(relations) > 25
    taken = []
    for relation, column in relations:
        for method in ("POST", "PATCH", "DELETE"):
            answer = ask(
                web, person, method, relation, json={column: "x"}, params={column: "not.is.null"}
            )
            if answer.status_code < 400:
                taken.append((method, relation, answer.status_code))
    assert taken == []


# --- Reading what is somebody else's -------------------------------------------------------------


def test_two_hundred_alternating_questions_never_cross_in_the_cache(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.database.store(
        event(user_id=id_of(web, "ann"), cost_usd="1"),
        *(event(user_id=id_of(web, "bob"), cost_usd="1") for _ in range(3)),
    )
    people = {person: as_me(monkeypatch, person) for person in ("ann", "bob")}

    period = Period(date(2026, 10, 1), date(2026, 10, 31))
    for number in range(200):
        person, requests = (("ann", 1), ("bob", 3))[number % 2]
        assert my_footprint(people[person], period).totals.requests == requests


@pytest.mark.parametrize("person", ["bob", "fin", "ada"])
def test_a_guessed_or_known_id_of_a_request_opens_nothing(web: Web, person: str) -> None:
    known = event(user_id=id_of(web, "ann"))
    web.database.store(known)
    for event_id in (known["event_id"], str(uuid.uuid4())):
        for relation, column in (
            ("request_logs", "event_id"),
            ("request_events", "id"),
            ("user_recent_activity", "event_id"),
            ("request_payloads", "event_id"),
        ):
            answer = ask(web, person, "GET", relation, params={column: f"eq.{event_id}"})
            assert answer.json() == [], relation


@pytest.mark.parametrize("person", ["bob", "fin"])
def test_counting_counts_only_what_one_may_see(web: Web, person: str) -> None:
    web.database.store(*(event(user_id=id_of(web, "ann")) for _ in range(20)))
    own = "select count(*) from public.request_logs where user_profile_id = %s"
    answer = ask(web, person, "GET", "request_logs", params={"select": "event_id", "limit": "1"})
    counted = httpx.get(
        str(answer.request.url),
        headers={**answer.request.headers, "prefer": "count=exact"},
        timeout=30,
    )
    total = counted.headers["content-range"].split("/")[1]
    assert int(total) == web.database.one(own, [id_of(web, person)])


def test_a_known_event_id_squats_nothing_that_is_already_there(web: Web) -> None:
    genuine = event(user_id=id_of(web, "ann"), cost_usd="5", litellm_call_id="call-1")
    web.database.store(genuine)
    key = web.database.make_key("evil", user_id=id_of(web, "bob"))
    forged = {**genuine, "cost_usd": "0", "model": "cheap"}
    answer = httpx.post(
        f"{web.server.api_url}/rest/v1/rpc/ingest_request_logs",
        json={"p_events": [forged]},
        headers={"apikey": web.server.publishable_key, "x-ingest-key": key},
        timeout=30,
    )
    assert answer.json()["duplicates"] == 1
    row = "select user_profile_id, cost_usd, model from public.request_logs where event_id = %s"
    assert web.database.rows(row, [genuine["event_id"]]) == [(id_of(web, "ann"), 5, "gpt-4o")]
    # LiteLLM's call id is no key: one that was used before keeps no genuine request out.
    stored = web.database.store(event(litellm_call_id="call-1"))
    assert stored["inserted"] == 1


# --- Text that is an attack ----------------------------------------------------------------------


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_a_text_is_a_text(web: Web, text: str) -> None:
    calls = {
        "find_people": {"p_search": text},
        "read_audit_log": {"p_who": text, "p_action": text},
        "set_person_team": {"p_user_id": id_of(web, "bob"), "p_team": text},
        "set_person_role": {"p_user_id": text, "p_role": text},
        "look_at_person": {"p_user_id": text, "p_reason": "a good reason"},
        "map_person_session": {"p_session_id": text, "p_user_id": id_of(web, "bob")},
        "set_setting": {"p_key": "organisation_name", "p_value": json.dumps(text)},
        "add_ingest_key": {"p_key_sha256": uuid.uuid4().hex * 2, "p_label": text},
    }
    for name, body in calls.items():
        answer = ask(web, "ada", "POST", f"rpc/{name}", json=body)
        assert answer.status_code in (200, 204, 400, 404), (name, answer.text)
    assert web.database.one("select count(*) from public.user_profiles") >= len(ROLES)
    team = "select team from public.user_profiles where email = %s"
    assert web.database.one(team, [email("bob")]) == text
    assert (
        web.database.one(
            "select value #>> '{}' from public.settings where key = 'organisation_name'"
        )
        == text
    )
    assert web.database.one("select count(*) from public.user_profiles where role = 'admin'") <= 2


def test_markup_in_names_of_models_teams_people_and_tags_is_shown_letter_by_letter(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = web.database.one("select private.reporting_today()::text")
    for number, text in enumerate(HOSTILE):
        web.database.execute(
            "insert into public.user_profiles (user_id, full_name, email, team) "
            "values (%s, %s, %s, %s)",
            [f"evil-{number}", text, f"{number}{text}@evil.example"[:320], text[:100]],
        )
        web.database.store(
            event(
                user_id=f"evil-{number}", model=text, provider=text[:50], team=text[:100],
                tags=[text], started_at=f"{today}T00:00:00Z",
            ),
            event(user_id=id_of(web, "ada"), model=text, provider=text[:50],
                  started_at=f"{today}T00:00:00Z"),
        )  # fmt: skip
    pages = ("footprint", "organisation", "finance", "people", "audit_log", "account")
    for page in pages:
        sit_at_browser(monkeypatch, cookies_of(session_for("ada")))
        at = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        at.switch_page(f"pages/{page}.py").run()
        assert not at.exception, (page, at.exception[0].message)
        for kind in ("title", "header", "subheader", "markdown", "caption"):
            for element in getattr(at, kind):
                for live in ("[click](", "![x](", "<script>alert", "<img src=x", ":red[x]"):
                    assert live not in str(element.value), (page, kind)
                assert not getattr(element.proto, "allow_html", False), (page, kind)
        for element in at.get("html"):
            assert "alert(1)" not in element.proto.body


# --- The table in the documentation ----------------------------------------------------------------


def test_every_attack_of_the_documentation_has_a_test_that_exists() -> None:
    rows = re.findall(
        r"^\| (\d+) \| [^|]+ \| [^|]+ \| `(tests/[\w/]+\.py)::(test_\w+)` \|$",
        (ROOT / "docs" / "security.md").read_text(encoding="utf-8"),
        re.M,
    )
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))
    assert len(rows) >= 60
    missing = [
        f"{path}::{test}"
        for _, path, test in rows
        if not re.search(rf"^def {test}\(", (ROOT / path).read_text(encoding="utf-8"), re.M)
    ]
    assert missing == []
