"""`sql/check.sql` returns no row, and each of its rules can fail."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from footprint.database import MigrationError, migrate, migrations, sql_directory
from footprint.errors import ConfigurationError, ServiceUnavailable
from house import Database

CHECK = (sql_directory() / "check.sql").read_text()

BREAKAGES = {
    "a table without row level security": "alter table public.donations disable row level security",
    "a view with the rights of its owner": "alter view public.users reset (security_invoker)",
    "a materialized view or foreign table in the exposed schema": (
        "create materialized view public.mv as select 1 as one"
    ),
    "a function whose search_path can be changed by its caller": (
        "alter function public.my_footprint(date, date, text[], text[]) reset search_path"
    ),
    "a security definer function in the exposed schema": (
        "alter function public.my_footprint(date, date, text[], text[]) security definer"
    ),
    "a function that everybody may execute": "grant execute on function public.me() to public",
    "a function that anonymous may execute": "grant execute on function public.me() to anon",
    "something anonymous may read or write": "grant select on public.donations to anon",
    "a table that signed-in people may insert into or delete from": (
        "grant insert on public.donations to authenticated"
    ),
    "a private table that the API's roles may touch": (
        "grant select on private.ingest_keys to service_role"
    ),
    "a policy that asks auth.uid() or a helper once a row": (
        'drop policy "people read their own sessions" on public.user_sessions; '
        "create policy p on public.user_sessions for select to authenticated "
        "using (user_id = private.current_user_id())"
    ),
    "a policy that writes without a condition": (
        "create policy p on public.donations for insert to authenticated with check (true)"
    ),
    "a policy for anonymous or everybody": (
        "create policy p on public.request_payloads for delete using (user_profile_id is null)"
    ),
    "two permissive policies for one command and role": (
        "create policy p on public.donations for select to authenticated using (false)"
    ),
    "a foreign key without an index": "drop index public.user_sessions_user_id_idx",
    "a policy on a column without an index": "drop index public.request_logs_user_started_idx",
    "a table without a primary key": "alter table public.audit_log drop constraint audit_log_pkey",
    "something without a comment": "comment on table public.donations is null",
    "a column without a comment": "comment on column public.donations.month is null",
    "a function without a comment": "comment on function public.me() is null",
}


def broken_rules(database: Database) -> set[str]:
    return {row[0] for row in database.rows(CHECK)}


def test_the_schema_keeps_every_rule_of_check_sql(any_database: Database) -> None:
    assert any_database.rows(CHECK) == []


def test_every_rule_of_check_sql_has_a_case_that_breaks_it() -> None:
    rules = re.findall(r"^select '((?:[^']|'')+)'", CHECK, re.M)
    assert {rule.replace("''", "'") for rule in rules} == set(BREAKAGES)


@pytest.mark.parametrize("rule", BREAKAGES)
def test_check_sql_finds(rule: str, database: Database) -> None:
    database.execute(BREAKAGES[rule])
    assert rule in broken_rules(database)


def test_migrating_again_applies_nothing(database: Database) -> None:
    assert migrate(database.url) == []


def test_the_files_run_twice_as_plain_psql_would_run_them(any_database: Database) -> None:
    with any_database.connect() as connection:
        for migration in migrations():
            with connection.transaction():
                connection.execute(migration.text.encode())
    assert any_database.rows(CHECK) == []


def test_two_processes_that_migrate_at_once_take_turns(database: Database) -> None:
    database.execute("delete from private.schema_migrations")
    applied: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: applied.append(migrate(database.url))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, applied)) == [0, 0, len(migrations())]


def test_a_refused_file_is_rolled_back_whole_and_named(database: Database, tmp_path: Path) -> None:
    (tmp_path / "000_good.sql").write_text("create table public.good (id int)")
    (tmp_path / "010_bad.sql").write_text("create table public.half (id int); select 1/0")
    with pytest.raises(MigrationError, match=r"sql/010_bad\.sql was refused.*division by zero"):
        migrate(database.url, directory=tmp_path)
    assert database.one("select to_regclass('public.good')") is not None
    assert database.one("select to_regclass('public.half')") is None


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("not a url at all", ConfigurationError, "not a PostgreSQL address"),
        ("postgresql://u:secret@127.0.0.1:1/postgres", ServiceUnavailable, "does not accept"),
    ],
)
def test_an_address_that_does_not_work_is_a_sentence_without_the_password(
    url: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        migrate(url)
    assert "secret" not in str(caught.value)


def test_a_database_without_supabase_is_refused_in_a_sentence(database: Database) -> None:
    other = conninfo.make_conninfo(database.url, dbname="postgres")
    with psycopg.connect(other, autocommit=True) as connection:
        connection.execute("drop database if exists bare")
        connection.execute("create database bare")
    try:
        with pytest.raises(MigrationError, match='schema "auth" does not exist'):
            migrate(conninfo.make_conninfo(database.url, dbname="bare"))
    finally:
        with psycopg.connect(other, autocommit=True) as connection:
            connection.execute("drop database bare with (force)")
