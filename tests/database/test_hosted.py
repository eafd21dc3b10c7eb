"""Hosted Supabase as it really is: nobody is superuser, rights are few or too many, Storage may refuse."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg.types.json import Jsonb

from footprint.database import migrate, sql_directory
from house import event, settle_people
from places import MakePlace, Place
from releases import footprint_of, put_rows

CHECK = (sql_directory() / "check.sql").read_text()
VERSIONS = ["18", "15"]
DEFAULTS = """
  select defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclobjtype::text, defaclacl::text
    from pg_default_acl where defaclnamespace <> 0 order by 1, 2, 3
"""
POLICIES = "select count(*) from pg_policies where schemaname = 'storage'"


def migrate_0_1_0(place: Place, package: Path) -> None:
    done = footprint_of(package, "migrate", database_url=place.url)
    assert done.returncode == 0, done.stderr
    put_rows("0.1.0", place.superuser_url)


@pytest.mark.parametrize("version", VERSIONS)
def test_who_migrates_is_no_superuser(version: str, make_place: MakePlace) -> None:
    place = make_place(version, "hosted")
    assert place.database.rows(
        "select current_user::text, rolsuper from pg_roles where rolname = current_user"
    ) == [("postgres", False)]
    assert migrate(place.url)
    owners = "select distinct tableowner from pg_tables where schemaname in ('public', 'private')"
    assert place.database.rows(owners) == [("postgres",)]


@pytest.mark.parametrize("defaults", ["off", "rest", "on"])
@pytest.mark.parametrize("version", VERSIONS)
def test_whatever_a_project_grants_by_default_the_rights_are_the_same(
    version: str, defaults: str, make_place: MakePlace
) -> None:
    place = make_place(version, "hosted", old_defaults=defaults)
    before = place.database.rows(DEFAULTS)
    migrate(place.url)
    reference = make_place(version, "hosted", old_defaults="off")
    migrate(reference.url)
    assert ours(place.schema()) == ours(reference.schema())
    assert place.database.rows(CHECK) == []
    assert place.database.rows(DEFAULTS) == before


def ours(schema: str) -> list[str]:
    """Leave out what pg_dump says of the project's own defaults."""
    return [line for line in schema.splitlines() if line.strip("-") and "DEFAULT " not in line[:40]]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_sequences_that_0_1_0_left_to_the_api_are_taken_back(
    version: str, make_place: MakePlace, first_release: Path
) -> None:
    place = make_place(version, "hosted", old_defaults="on")
    migrate_0_1_0(place, first_release)
    open_to_anybody = (
        "select count(*) from pg_class c where relkind = 'S' and relnamespace = 'public'::regnamespace"
        " and case when relkind = 'S' then has_sequence_privilege('anon', c.oid, 'update') end"
    )
    assert place.database.one(open_to_anybody) == 3
    migrate(place.url)
    assert place.database.one(open_to_anybody) == 0
    assert place.database.rows(CHECK) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_where_storage_takes_no_policies_all_the_rest_is_applied_and_a_warning_says_so(
    version: str, make_place: MakePlace
) -> None:
    place = make_place(version, "hosted", storage_policies="refused")
    lines: list[str] = []
    migrate(place.url, lines.append)
    [warning] = [line for line in lines if line.startswith("warning")]
    assert "Receipts cannot be kept in Supabase Storage" in warning
    assert "sql/175_receipts.sql" in warning
    assert place.database.one(POLICIES) == 0
    assert place.database.rows(CHECK) == []
    assert place.database.one("select count(*) from public.settings") == 13


@pytest.mark.parametrize("version", VERSIONS)
def test_the_policies_on_storage_stay_through_an_upgrade(
    version: str, make_place: MakePlace, first_release: Path
) -> None:
    place = make_place(version, "hosted")
    migrate_0_1_0(place, first_release)
    assert place.database.one(POLICIES) == 3
    migrate(place.url)
    assert place.database.one(POLICIES) == 3
    assert place.database.rows(CHECK) == []
    without = make_place(version, "hosted", storage_policies="none")
    assert migrate(without.url)
    assert without.schema() == place.schema()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_batch_of_a_thousand_keeps_the_limit_of_anonymous_callers(
    version: str, make_place: MakePlace
) -> None:
    place = make_place(version, "hosted")
    migrate(place.url)
    settle_people(place.database)
    key = place.database.make_key()
    with psycopg.connect(place.server.url(place.name, "authenticator"), autocommit=True) as api:
        # PostgREST takes a role and its limits over for each request.
        limit = api.execute(
            "select coalesce((select split_part(c, '=', 2) from pg_roles, unnest(rolconfig) c"
            " where rolname = 'anon' and c like 'statement_timeout=%'), '')"
        ).fetchone()
        assert limit == ("3s",)
        api.execute("set statement_timeout = '3s'")
        api.execute("set role anon")
        api.execute(
            "select set_config('request.headers', %s, false)", [f'{{"x-ingest-key": "{key}"}}']
        )
        began = time.monotonic()
        answer = api.execute(
            "select public.ingest_request_logs(%s)", [Jsonb([event() for _ in range(1000)])]
        ).fetchone()
        assert time.monotonic() - began < 3
    assert answer is not None and answer[0]["inserted"] == 1000
    with (
        psycopg.connect(place.server.url(place.name, "authenticator")) as api,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        api.execute("select * from public.request_logs")


@pytest.mark.parametrize("version", VERSIONS)
def test_an_account_that_supabase_auth_writes_gets_its_profile_once_confirmed(
    version: str, make_place: MakePlace, first_release: Path
) -> None:
    place = make_place(version, "hosted")
    migrate_0_1_0(place, first_release)
    migrate(place.url)
    account = uuid.uuid4()
    with psycopg.connect(
        place.server.url(place.name, "supabase_auth_admin"), autocommit=True
    ) as auth:
        auth.execute(
            "insert into auth.users (instance_id, id, aud, role, email, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)"
            " values (%s, %s, 'authenticated', 'authenticated', 'new@example.net', '{\"provider\": \"email\"}', '{\"full_name\": \"New\"}', now(), now())",
            [uuid.UUID(int=0), account],
        )
        profile = "select count(*) from public.user_profiles where auth_user_id = %s"
        assert place.database.one(profile, [account]) == 0
        auth.execute("update auth.users set email_confirmed_at = now() where id = %s", [account])
    assert place.database.one(profile, [account]) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_where_0_1_0_stopped_because_storage_refused_this_release_goes_on(
    version: str, make_place: MakePlace, first_release: Path
) -> None:
    place = make_place(version, "hosted", storage_policies="refused")
    done = footprint_of(first_release, "migrate", database_url=place.url)
    assert "sql/175_receipts.sql was refused" in done.stderr
    assert migrate(place.url)
    fresh = make_place(version, "hosted", storage_policies="refused")
    migrate(fresh.url)
    assert place.schema() == fresh.schema()
    assert place.database.rows(CHECK) == []
