"""What every actor can and cannot read and write, over HTTP, with the real Supabase client."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, create_client

from footprint.local.accounts import create_account
from footprint.local.stack import Server, Stack
from house import Database, event

PASSWORD = "correct horse battery staple"
PEOPLE = ("ann", "bob", "ada", "fin")  # two members, an admin, finance


@dataclass(frozen=True)
class World:
    database: Database
    server: Server
    tokens: dict[str, str]

    def client(self, person: str | None) -> Client:
        """A real Supabase client, signed in as ``person``, or anonymous."""
        client = create_client(
            self.server.api_url,
            self.server.publishable_key,
            ClientOptions(auto_refresh_token=False, persist_session=False),
        )
        if person:
            client.auth.sign_in_with_password(
                {"email": f"{person}@example.net", "password": PASSWORD}
            )
        return client

    def rpc(self, name: str, body: Any = None, **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.server.api_url}/rest/v1/rpc/{name}",
            json=body or {},
            headers={"apikey": self.server.publishable_key, **headers},
            timeout=30,
        )

    def as_person(self, person: str, name: str, body: Any = None) -> httpx.Response:
        return self.rpc(name, body, authorization=f"Bearer {self.tokens[person]}")


@pytest.fixture(scope="module")
def world(stack: Stack, module_database: Database) -> Iterator[World]:
    with stack.serve(module_database.name) as server:
        for person in PEOPLE:
            module_database.execute(
                "insert into public.user_profiles (user_id, email, team) values (%s, %s, 'core')",
                [person, f"{person}@example.net"],
            )
            create_account(server, f"{person}@example.net", PASSWORD)
        module_database.execute(
            "update public.user_profiles set role = 'admin' where user_id = 'ada'"
        )
        module_database.execute(
            "update public.user_profiles set role = 'finance' where user_id = 'fin'"
        )
        for person in PEOPLE:
            module_database.store(event(user_id=person), event(user_id=person))
        world = World(module_database, server, {})
        for person in PEOPLE:
            session = world.client(person).auth.get_session()
            assert session is not None
            world.tokens[person] = session.access_token
        yield world


@pytest.mark.parametrize("table", ["request_logs", "usage_user_daily", "profiles", "settings"])
def test_anonymous_reads_nothing(world: World, table: str) -> None:
    with pytest.raises(APIError, match="permission denied"):
        world.client(None).table(table).select("*").execute()


@pytest.mark.parametrize("person", PEOPLE)
def test_everybody_reads_their_own_requests_whatever_they_ask_for(
    world: World, person: str
) -> None:
    client = world.client(person)
    own = client.table("request_logs").select("user_profile_id", count="exact").execute()  # type: ignore[arg-type]
    assert {row["user_profile_id"] for row in own.data} == {person}  # type: ignore[index, call-overload]
    assert own.count == 2
    others = client.table("request_logs").select("*").neq("user_profile_id", person).execute()
    assert others.data == []


@pytest.mark.parametrize(
    ("person", "status"), [("ann", 403), ("bob", 403), ("ada", 200), ("fin", 200)]
)
@pytest.mark.parametrize("name", ["organisation_footprint", "finance_month"])
def test_the_organisations_figures_are_for_admins_and_finance(
    world: World, person: str, status: int, name: str
) -> None:
    body = {"p_month": "2026-10-01"} if name == "finance_month" else {}
    body = body or {"p_from": "2026-10-01", "p_to": "2026-10-31"}
    answer = world.as_person(person, name, body)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert "admins and finance" in answer.json()["message"]
    else:
        assert answer.json()["totals"]["requests"] == 8


def test_my_footprint_is_mine(world: World) -> None:
    body = {"p_from": "2026-10-01", "p_to": "2026-10-31"}
    for person in PEOPLE:
        assert world.as_person(person, "my_footprint", body).json()["totals"]["requests"] == 2
    anonymous = world.rpc("my_footprint", body)
    assert anonymous.status_code in (401, 403)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("request_logs", {"event_id": "00000000-0000-0000-0000-000000000001", "model": "m"}),
        (
            "transactions",
            {"user_id": "ann", "kind": "topup", "amount_eur": 5, "idempotency_key": "k"},
        ),
        ("user_profiles", {"user_id": "ann2", "role": "admin"}),
        ("settings", {"key": "pledge_share", "value": 1}),
    ],
)
@pytest.mark.parametrize("person", [None, "ann", "ada"])
def test_nobody_writes_tables_directly(
    world: World, person: str | None, table: str, row: dict[str, Any]
) -> None:
    with pytest.raises(APIError):
        world.client(person).table(table).insert(row).execute()
    with pytest.raises(APIError):
        world.client(person).table(table).upsert(row).execute()


def test_a_member_may_rename_themself_and_nothing_more(world: World) -> None:
    ann = world.client("ann").table("user_profiles")
    ann.update({"full_name": "Ann"}, returning="minimal").eq("user_id", "ann").execute()  # type: ignore[arg-type]
    ann.update({"full_name": "Hacked"}, returning="minimal").eq("user_id", "bob").execute()  # type: ignore[arg-type]
    with pytest.raises(APIError, match="permission denied"):
        world.client("ann").table("user_profiles").update({"role": "admin"}).eq(
            "user_id", "ann"
        ).execute()
    rows = world.database.rows(
        "select user_id, full_name, role from public.user_profiles where user_id in ('ann', 'bob')"
    )
    assert sorted(rows) == [("ann", "Ann", "member"), ("bob", None, "member")]


def key_states(world: World) -> dict[str, str]:
    database = world.database
    revoked = database.make_key("revoked")
    database.execute("update private.ingest_keys set revoked_at = now() where label = 'revoked'")
    return {
        "valid": database.make_key("valid"),
        "revoked": revoked,
        "expired": database.make_key(
            "expired", expires_at=datetime.now(UTC) - timedelta(seconds=1)
        ),
        "unknown": "fpk_nobody_made_this",
        "empty": "",
    }


@pytest.mark.parametrize(
    ("state", "status"),
    [("valid", 200), ("revoked", 401), ("expired", 401), ("unknown", 401), ("empty", 401)],
)
def test_ingest_takes_a_valid_key_and_no_other(world: World, state: str, status: int) -> None:
    headers = {"x-ingest-key": key_states(world)[state]}
    answer = world.rpc("ingest_request_logs", {"p_events": [event(user_id="key-user")]}, **headers)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json()["inserted"] == 1
    else:
        assert "ingest key is missing, unknown, expired or revoked" in answer.json()["message"]


def test_ingest_without_a_key_header_is_refused_to_signed_in_people_too(world: World) -> None:
    for person in PEOPLE:
        answer = world.as_person(person, "ingest_request_logs", {"p_events": [event()]})
        assert answer.status_code == 401


def test_a_key_of_one_person_forces_that_person_whatever_the_event_says(world: World) -> None:
    key = world.database.make_key("ann's", user_id="ann")
    e = event(user_id="bob", attribution="verified", user_email="bob@example.net", team="board")
    answer = world.rpc("ingest_request_logs", {"p_events": [e]}, **{"x-ingest-key": key})
    assert answer.json()["inserted"] == 1
    [row] = world.database.rows(
        "select user_profile_id, attribution, user_email, team from public.request_logs where event_id = %s",
        [e["event_id"]],
    )
    assert row == ("ann", "verified", "ann@example.net", "core")
    refused = world.rpc(
        "register_session", {"p_session_id": "s", "p_user_id": "bob"}, **{"x-ingest-key": key}
    )
    assert refused.status_code == 403


def test_a_key_of_one_team_forces_that_team(world: World) -> None:
    key = world.database.make_key("sales", team="sales")
    e = event(user_id="bob", team="board")
    world.rpc("ingest_request_logs", {"p_events": [e]}, **{"x-ingest-key": key})
    assert (
        world.database.one(
            "select team from public.request_logs where event_id = %s", [e["event_id"]]
        )
        == "sales"
    )


def test_an_organisation_key_maps_sessions(world: World) -> None:
    key = world.database.make_key("chat app")
    e = event(user_id=None, session_id="chat-1")
    world.rpc("ingest_request_logs", {"p_events": [e]}, **{"x-ingest-key": key})
    answer = world.rpc(
        "register_session",
        {"p_session_id": "chat-1", "p_user_id": "google_1", "p_email": "g@example.net"},
        **{"x-ingest-key": key},
    )
    assert answer.json() == {"reattributed": 1}
    assert world.database.rollup_differences() == 0


def test_the_ingest_key_reads_nothing(world: World) -> None:
    key = key_states(world)["valid"]
    for path in ("request_logs", "user_profiles", "usage_org_daily"):
        answer = httpx.get(
            f"{world.server.api_url}/rest/v1/{path}",
            headers={"apikey": world.server.publishable_key, "x-ingest-key": key},
        )
        assert answer.status_code in (401, 403), answer.text


@pytest.mark.parametrize("forgery", ["alg none", "other secret", "garbage", "tampered"])
def test_a_forged_token_is_nobody(world: World, forgery: str) -> None:
    real = world.tokens["ann"]
    header, payload, signature = real.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    admin = str(
        world.database.one("select auth_user_id from public.user_profiles where user_id = 'ada'")
    )
    forged = {
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims | {'sub': admin})}.",
        "other secret": f"{header}.{payload}.{signature[::-1]}",
        "garbage": "not.a.token",
        "tampered": f"{header}.{part(claims | {'sub': admin})}.{signature}",
    }[forgery]
    answer = world.rpc("me", authorization=f"Bearer {forged}")
    assert answer.status_code in (401, 403), answer.text


def test_private_functions_are_not_exposed(world: World) -> None:
    for name in ("store_events", "footprint_report", "create_ingest_key", "map_session"):
        answer = world.as_person("ada", name, {"p_events": []})
        assert answer.status_code == 404
        exposed = httpx.post(
            f"{world.server.api_url}/rest/v1/rpc/{name}",
            headers={
                "apikey": world.server.publishable_key,
                "authorization": f"Bearer {world.tokens['ada']}",
                "content-profile": "private",
            },
            json={},
        )
        assert exposed.status_code >= 400
