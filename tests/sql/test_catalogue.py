"""`sql/check.sql` returns no row, and each of its rules can fail."""

from __future__ import annotations

import re

import pytest

from footprint.database import SqlFiles, sql_directory
from house import Database

CHECK = (sql_directory() / "check.sql").read_text()

BREAKAGES = {
    "a table without row level security": "alter table public.donations disable row level security",
    "a view with the rights of its owner": "alter view public.users reset (security_invoker)",
    "a materialized view or foreign table in the exposed schema": (
        "create materialized view public.mv as select 1 as one; "
        "insert into private.schema_objects (kind, name) values ('table', 'public.mv')"
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
    "a sequence that the API's roles may touch": (
        "grant update on sequence public.audit_log_audit_id_seq to authenticated"
    ),
    "something that Footprint made and is gone": "drop view public.users",
    "a trigger that is switched off": (
        "alter table public.request_logs disable trigger rollup_on_insert"
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


def test_the_files_run_twice_as_plain_psql_would_run_them(any_database: Database) -> None:
    with any_database.connect() as connection:
        for file in SqlFiles(sql_directory()).replaceable:
            with connection.transaction():
                connection.execute(file.text.encode())
    assert any_database.rows(CHECK) == []


def test_check_sql_leaves_alone_what_others_made_in_the_same_schemas(database: Database) -> None:
    database.execute("create table public.theirs (code text)")
    database.execute("create view public.their_view as select code from public.theirs")
    database.execute("create materialized view public.their_copy as select code from public.theirs")
    database.execute(
        "create function public.their_function() returns int language sql security definer as 'select 1'"
    )
    database.execute("grant all on public.theirs to anon")
    database.execute("create sequence public.their_numbers")
    database.execute("grant all on sequence public.their_numbers to anon, authenticated")
    assert database.rows(CHECK) == []


# What PostgreSQL takes for a condition is enough for hosted Supabase: it refuses what has none.
_STATEMENT = re.compile(r"\b(?:delete\s+from|update)\s[^;]*", re.I)


def without_condition(text: str) -> list[str]:
    """Return the updates and deletes that no WHERE limits, those in texts that are executed included."""
    bare = re.sub(r"--[^\n]*", "", text)
    bare = re.sub(
        r"for (no key )?update|on conflict[^;]*?do\s+update\s+set|(after|before|or) update",
        "",
        bare,
        flags=re.I,
    )
    return [
        " ".join(found[0].split())[:90]
        for found in _STATEMENT.finditer(bare)
        if not re.search(r"\bwhere\b", found[0], re.I)
        and re.search(r"^delete|\bset\b", found[0], re.I)
    ]


def test_no_update_or_delete_is_without_a_condition_which_hosted_supabase_refuses() -> None:
    files = SqlFiles(sql_directory())
    found = {
        f.name: without_condition(f.text) for f in (*files.replaceable, *files.engine.values())
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text",
    [
        "delete from public.things;",
        "DELETE FROM only things t returning t.id;",
        "update public.things as t\n set a = 1, b = (select 2);",
        "execute format('delete from public.%I', name);",
        "execute 'update public.' || name || ' set a = 1';",
    ],
)
def test_the_search_for_such_statements_finds_one(text: str) -> None:
    assert without_condition(text)
