"""What the real Supabase client gets from the embedded server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import psycopg
import pytest
from postgrest.types import ReturnMethod
from supabase import Client, ClientOptions, create_client
from supabase_auth.errors import AuthApiError

from footprint.errors import AccessDenied, InputError
from footprint.local.accounts import create_account
from footprint.local.stack import LiteOptions, Server, Stack, StackInfo

SCHEMA = """
create table public.notes (
  id bigint generated always as identity primary key,
  owner uuid not null default auth.uid(),
  body jsonb,
  secret text not null default 'hidden',
  written_at timestamptz not null default '2026-11-21 02:01:00.5+00'
);
alter table public.notes enable row level security;
create policy "people see their own" on public.notes for select to authenticated
  using (owner = (select auth.uid()));
create policy "people write their own" on public.notes for insert to authenticated
  with check (owner = (select auth.uid()));
grant select (id, owner, body, written_at), insert (body) on public.notes to authenticated;
grant all on public.notes to service_role;

create schema private;
create table private.vault (content text);
alter table private.vault enable row level security;

create function public.received(p_events jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object('type', jsonb_typeof(p_events), 'count', jsonb_array_length(p_events))
$$;
create function public.who() returns jsonb language sql stable as $$
  select jsonb_build_object(
    'user', auth.uid(), 'role', current_user, 'email', auth.jwt() ->> 'email',
    'header', current_setting('request.headers', true)::json ->> 'x-ingest-key')
$$;
create function public.refused() returns void language plpgsql as $$
  begin raise sqlstate 'PT401' using message = 'unknown key'; end
$$;
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, StackInfo]]:
    stack = Stack(tmp_path_factory.mktemp("served") / "data")

    def prepare(url: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA)

    info = stack.up(prepare)
    yield stack, info
    stack.down()


@pytest.fixture(scope="module")
def info(served: tuple[Stack, StackInfo]) -> StackInfo:
    return served[1]


def client(info: StackInfo | Server, key: str | None = None) -> Client:
    options = ClientOptions(httpx_client=httpx.Client(trust_env=False))
    return create_client(info.api_url, key or info.publishable_key, options)


def rows(answer: Any) -> Any:
    """The data of an answer; the client's own type for JSON cannot be looked into."""
    return answer.data


def new_email() -> str:
    return f"{uuid.uuid4().hex}@person.test"


@pytest.fixture
def member(info: StackInfo) -> Client:
    """A signed-in person's client."""
    person = client(info)
    person.auth.sign_up({"email": new_email(), "password": "correct horse"})
    return person


def test_sign_up_confirms_the_address_and_keeps_what_the_person_said(info: StackInfo) -> None:
    email = new_email()
    answer = client(info).auth.sign_up(
        {"email": email, "password": "correct horse", "options": {"data": {"full_name": "Ada"}}}
    )
    assert answer.user is not None
    assert answer.session is not None
    assert answer.user.created_at.tzinfo is not None
    with psycopg.connect(info.database_url) as connection:
        row = connection.execute(
            "select id::text, email_confirmed_at is not null, raw_user_meta_data ->> 'full_name',"
            " raw_app_meta_data ->> 'provider', is_anonymous from auth.users where email = %s",
            (email,),
        ).fetchone()
    assert row == (answer.user.id, True, "Ada", "email", False)


def test_sign_in_gives_a_token_of_an_hour_signed_with_our_secret(info: StackInfo) -> None:
    email = new_email()
    user_id = create_account(info, email, "correct horse")
    session = client(info).auth.sign_in_with_password({"email": email, "password": "correct horse"})
    assert session.session is not None
    claims = jwt.decode(
        session.session.access_token,
        info.jwt_secret,
        algorithms=["HS256"],
        audience="authenticated",
    )
    assert claims["sub"] == str(user_id)
    assert claims["role"] == "authenticated"
    assert claims["exp"] - claims["iat"] == 3600


def test_a_refresh_gives_another_session_and_the_old_token_is_no_use_twice(
    member: Client,
) -> None:
    before = member.auth.get_session()
    assert before is not None
    after = member.auth.refresh_session()
    assert after.session is not None
    assert after.session.refresh_token != before.refresh_token


def test_a_wrong_password_is_refused(info: StackInfo) -> None:
    email = new_email()
    create_account(info, email, "correct horse")
    with pytest.raises(AuthApiError, match="Invalid login credentials"):
        client(info).auth.sign_in_with_password({"email": email, "password": "wrong horse"})


@pytest.mark.parametrize(
    ("events", "kind", "count"), [([], "array", 0), ([{"a": 1}, {"b": [2]}], "array", 2)]
)
def test_a_function_takes_json_as_json(
    info: StackInfo, events: list[Any], kind: str, count: int
) -> None:
    answer = client(info).rpc("received", {"p_events": events}).execute()
    assert answer.data == {"type": kind, "count": count}


def test_a_function_knows_who_asks_and_with_which_headers(info: StackInfo, member: Client) -> None:
    user = member.auth.get_user()
    assert user is not None
    answer = httpx.post(
        f"{info.api_url}/rest/v1/rpc/who",
        headers={
            "apikey": info.publishable_key,
            "authorization": f"Bearer {member.auth.get_session().access_token}",  # type: ignore[union-attr]
            "x-ingest-key": "fp_123",
        },
        trust_env=False,
    )
    assert answer.json() == {
        "user": user.user.id,
        "role": "authenticated",
        "email": user.user.email,
        "header": "fp_123",
    }
    assert rows(client(info).rpc("who").execute())["role"] == "anon"
    assert rows(client(info, info.secret_key).rpc("who").execute())["role"] == "service_role"


def test_a_person_writes_json_and_reads_back_their_own_rows_only(
    info: StackInfo, member: Client
) -> None:
    columns = "id,owner,body,written_at"
    for body in ({"a": 1}, [1, "two", None], 3):
        member.table("notes").insert({"body": body}, returning=ReturnMethod.minimal).execute()

    mine = rows(member.table("notes").select(columns).order("id").execute())
    other = client(info)
    other.auth.sign_up({"email": new_email(), "password": "correct horse"})

    assert [row["body"] for row in mine] == [{"a": 1}, [1, "two", None], 3]
    assert other.table("notes").select(columns).execute().data == []


def test_timestamps_are_iso_8601_with_a_full_offset(info: StackInfo, member: Client) -> None:
    member.table("notes").insert({"body": {}}, returning=ReturnMethod.minimal).execute()
    row = rows(member.table("notes").select("written_at").limit(1).execute())[0]
    assert row == {"written_at": "2026-11-21T02:01:00.5+00:00"}
    assert datetime.fromisoformat(row["written_at"]) == datetime(
        2026, 11, 21, 2, 1, 0, 500_000, tzinfo=UTC
    )


def test_serving_requests_grants_nothing_that_the_schema_did_not(
    info: StackInfo, member: Client
) -> None:
    """Left alone, Supabase Lite grants all tables of a schema with row level security to anon."""
    member.table("notes").select("id").execute()
    client(info).rpc("received", {"p_events": []}).execute()
    with psycopg.connect(info.database_url) as connection:
        granted = connection.execute(
            "select has_table_privilege('anon', 'public.notes', 'select'),"
            " has_table_privilege('authenticated', 'public.notes', 'update'),"
            " has_column_privilege('authenticated', 'public.notes', 'secret', 'select'),"
            " has_schema_privilege('authenticated', 'private', 'usage'),"
            " has_table_privilege('service_role', 'private.vault', 'select')"
        ).fetchone()
        defaults = connection.execute("select count(*) from pg_default_acl").fetchone()
    assert granted == (False, False, False, False, False)
    assert defaults == (0,)


def test_the_secret_key_passes_every_policy(info: StackInfo, member: Client) -> None:
    member.table("notes").insert({"body": {"seen": True}}, returning=ReturnMethod.minimal).execute()
    service = client(info, info.secret_key)
    assert len(service.table("notes").select("*").execute().data) >= 1
    service.table("notes").update({"secret": "changed"}).neq("id", 0).execute()


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"apikey": "sb_publishable_wrong"}, 401), ({"apikey": "sb_secret_wrong"}, 401)],
)
def test_a_request_without_a_valid_key_is_refused(
    info: StackInfo, headers: dict[str, str], status: int
) -> None:
    for path in ("rest/v1/notes", "rest/v1/rpc/who", "auth/v1/user"):
        answer = httpx.get(f"{info.api_url}/{path}", headers=headers, trust_env=False)
        assert answer.status_code == status, path


def test_only_the_data_and_auth_apis_are_served(info: StackInfo) -> None:
    for path in ("", "_system/info", "storage/v1/bucket", "studio", "rest/v1"):
        answer = httpx.get(
            f"{info.api_url}/{path}", headers={"apikey": info.secret_key}, trust_env=False
        )
        assert answer.status_code == 404, path


def test_a_function_chooses_its_http_status(info: StackInfo) -> None:
    answer = httpx.post(
        f"{info.api_url}/rest/v1/rpc/refused",
        headers={"apikey": info.publishable_key},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["message"]) == (401, "unknown key")


def test_a_token_signed_by_somebody_else_is_refused(info: StackInfo) -> None:
    forged = jwt.encode({"sub": str(uuid.uuid4()), "role": "service_role"}, "x" * 64, "HS256")
    answer = httpx.get(
        f"{info.api_url}/rest/v1/notes",
        headers={"apikey": info.publishable_key, "authorization": f"Bearer {forged}"},
        trust_env=False,
    )
    assert answer.status_code == 401


def test_an_account_is_made_once_with_its_metadata(info: StackInfo) -> None:
    email = new_email()
    user_id = create_account(info, email, "correct horse", {"full_name": "Grace"})
    with psycopg.connect(info.database_url) as connection:
        row = connection.execute(
            "select id, email_confirmed_at is not null, raw_user_meta_data ->> 'full_name'"
            " from auth.users where email = %s",
            (email,),
        ).fetchone()
    assert row == (user_id, True, "Grace")
    with pytest.raises(InputError, match=f"^{email} has an account already"):
        create_account(info, email, "correct horse")


def test_a_password_that_auth_refuses_is_a_sentence(info: StackInfo) -> None:
    with pytest.raises(InputError, match="Password should be at least 6 characters"):
        create_account(info, new_email(), "short")


def test_the_publishable_key_makes_no_accounts(info: StackInfo) -> None:
    class Imposter:
        api_url = info.api_url
        secret_key = info.publishable_key

    with pytest.raises(AccessDenied):
        create_account(Imposter(), new_email(), "correct horse")


def test_accounts_can_be_made_where_sign_up_is_closed(served: tuple[Stack, StackInfo]) -> None:
    with served[0].serve("postgres", options=LiteOptions(allow_sign_up=False)) as server:
        email = new_email()
        with pytest.raises(AuthApiError, match="Signups not allowed"):
            client(server).auth.sign_up({"email": email, "password": "correct horse"})

        create_account(server, email, "correct horse")

        person = client(server)
        person.auth.sign_in_with_password({"email": email, "password": "correct horse"})
        assert person.auth.get_user() is not None


def test_a_mail_goes_to_the_private_outbox_and_its_code_signs_in(
    served: tuple[Stack, StackInfo],
) -> None:
    stack, info = served
    email = new_email()
    create_account(info, email, "correct horse")
    person = client(info)

    person.auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})

    outbox = Path(stack.data_dir / "outbox.jsonl")
    assert outbox.stat().st_mode & 0o777 == 0o600
    mails = [json.loads(line) for line in outbox.read_text().splitlines()]
    mail = next(mail for mail in mails if mail["to"] == email)
    code = next(word.strip(".,") for word in mail["text"].split() if word.strip(".,").isdigit())
    answer = person.auth.verify_otp({"email": email, "token": code, "type": "magiclink"})
    assert answer.session is not None
    assert code not in (stack.data_dir / "logs" / "supabase-lite.log").read_text()


def test_an_account_that_must_be_confirmed_cannot_sign_in_before(
    served: tuple[Stack, StackInfo],
) -> None:
    with served[0].serve("postgres", options=LiteOptions(confirm_email=True)) as server:
        email = new_email()
        answer = client(server).auth.sign_up({"email": email, "password": "correct horse"})
        assert answer.session is None
        with pytest.raises(AuthApiError, match="Email not confirmed"):
            client(server).auth.sign_in_with_password({"email": email, "password": "correct horse"})
