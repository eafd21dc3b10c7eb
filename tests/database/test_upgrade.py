"""From every release, with rows of every kind, to this one and to a later one: nothing lost, nothing left over."""

from __future__ import annotations

import re
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from footprint.database import SqlFiles, migrate, script, sql_directory, status
from footprint.release import SCHEMA
from house import event
from next_release import STEPS, make_next_release
from places import MakePlace, Place
from releases import FOLDER, RELEASES, contents, footprint_of, put_rows, table_columns

CHECK = (sql_directory() / "check.sql").read_text()


def install_release(place: Place, package: Path, version: str) -> None:
    done = footprint_of(package, "migrate", database_url=place.url)
    assert done.returncode == 0, done.stderr
    put_rows(version, place.superuser_url)


def fresh(place: Place, make_place: MakePlace, directory: Path | None = None) -> Place:
    """A new database on the same server, migrated from nothing."""
    other = make_place(place.server.version, place.server.shape)
    migrate(other.url, directory=directory)
    return other


@pytest.mark.parametrize("version", RELEASES)
def test_an_upgraded_database_is_what_a_new_one_is_with_its_rows_as_they_were(
    version: str, any_place: Place, make_place: MakePlace, packages: dict[str, Path]
) -> None:
    install_release(any_place, packages[version], version)
    # What a rollup calls priced has another meaning since 0007; below it is held against the rows.
    columns = {
        table: [name for name in names if "usage_" not in table or name != "priced"]
        for table, names in table_columns(any_place.superuser_url).items()
    }
    before = contents(any_place.superuser_url, columns)
    assert all(rows for rows, _ in before.values())
    lines: list[str] = []
    assert migrate(any_place.url, lines.append)
    assert contents(any_place.superuser_url, columns) == before
    assert any_place.schema() == fresh(any_place, make_place).schema()
    assert any_place.database.rollup_differences() == 0
    assert any_place.database.rows(CHECK) == []
    assert any("found 0.1.0" in line for line in lines)
    assert not migrate(any_place.url)


def test_costs_that_0_1_0_took_in_euros_are_in_euros_again(
    any_place: Place, first_release: Path
) -> None:
    install_release(any_place, first_release, "0.1.0")
    database = any_place.database
    in_euros = {"cost_usd": None, "price_source": "caller, in EUR"}
    told = ["5.00", "0.0039", "0", "1234567.89", "0.00000001"]
    stored = database.store(
        *(event(**in_euros, cost_eur=cost, started_at="2026-10-15T10:00:00Z") for cost in told),
        event(**in_euros, cost_eur="7", started_at="2026-10-20T10:00:00Z"),
        event(cost_usd="5", price_source="caller"),
    )
    assert stored["inserted"] == len(told) + 2
    # What 0.1.0 did to a cost in euros when its rate was corrected: its dollars are all there is.
    database.one("select private.set_fx_rates('{\"2026-10-20\": 0.8}', 'corrected')")
    columns = {
        name: columns
        for name, columns in table_columns(any_place.superuser_url).items()
        if name == "public.request_logs"
    }
    before = contents(any_place.superuser_url, columns)

    assert migrate(any_place.url)

    assert contents(any_place.superuser_url, columns) == before
    reported = (
        "select reported_cost, cost_eur from public.request_logs"
        " where reported_currency = 'EUR' order by 1"
    )
    known = sorted(Decimal(cost) for cost in told if cost != "0")
    assert database.rows(reported) == [(cost, cost) for cost in known]
    assert database.one("select count(*) from public.request_logs where reported_cost is null") > 2
    database.one("select private.set_fx_rates('{\"2026-10-15\": 0.7}', 'corrected')")
    assert database.rows(reported) == [(cost, cost) for cost in known]
    dollars = "select max(cost_usd) from public.request_logs where reported_currency = 'EUR'"
    assert database.one(dollars) == (Decimal("1234567.89") / Decimal("0.7")).quantize(
        Decimal("1e-12")
    )
    assert database.rollup_differences() == 0


@pytest.mark.parametrize("version", RELEASES)
def test_a_later_release_that_adds_renames_splits_and_drops_arrives_whole(
    version: str,
    any_place: Place,
    make_place: MakePlace,
    packages: dict[str, Path],
    sql_copy: Path,
) -> None:
    install_release(any_place, packages[version], version)
    before = contents(any_place.superuser_url)
    places = any_place.database.rows("select region, place from public.region_zones order by 1")
    examples = any_place.database.rows("select example from private.ingest_rejections order by 1")
    made = make_next_release(sql_copy)

    outcome = migrate(any_place.url, directory=made)

    assert list(outcome.steps)[-len(STEPS) :] == STEPS
    assert any_place.schema() == fresh(any_place, make_place, made).schema()
    database = any_place.database
    assert database.rows("select region, place from public.region_places order by 1") == places
    assert database.rows("select sample from private.ingest_rejections order by 1") == examples
    assert (
        database.one("select count(*) from public.request_logs where carrier = 'unknown'")
        == (before["public.request_logs"][0])
    )
    assert database.rollup_differences() == 0
    assert database.one("select sum(tokens_long) from public.usage_org_daily") == database.one(
        "select sum(tokens_used) from public.request_logs where tokens_used > 1000"
    )
    assert database.rows(CHECK) == []
    untouched = {
        table: rows
        for table, rows in before.items()
        if table.split(".")[1]
        not in {"request_logs", "region_zones", "ingest_rejections", "settings", "settings_history"}
        and not table.startswith("public.usage_")
    }
    assert contents(any_place.superuser_url).items() >= untouched.items()
    state, files = status(any_place.url, made)
    assert state.is_current(files) and not state.waiting_steps(files)


def test_what_a_release_no_longer_makes_is_gone_and_what_others_made_is_not(
    place: Place, sql_copy: Path
) -> None:
    migrate(place.url)
    database = place.database
    database.execute("create table public.countries (code text primary key)")
    database.execute("create function public.answer() returns int language sql as 'select 42'")
    database.execute("create view public.my_codes as select code from public.countries")
    database.execute("create schema mine")
    database.execute("create view mine.credit as select user_id, credited_eur from public.balances")
    database.execute("do $$ begin create role metabase; exception when others then null; end $$")
    database.execute("grant select on public.user_request_analytics to metabase")
    database.execute("grant select on public.countries to anon")
    make_next_release(sql_copy)
    ledger = sql_copy / "090_ledger.sql"
    ledger.write_text(ledger.read_text().replace("as spent_eur,", "as used_eur,"))

    migrate(place.url, directory=sql_copy)

    gone = "select to_regclass('public.users'), to_regprocedure('public.stop_ingest_key(uuid)')"
    assert database.rows(gone) == [(None, None)]
    assert database.one("select to_regprocedure('public.stop_ingest_key(uuid,text)')::text")
    assert database.one("select public.answer()") == 42
    assert database.rows("select * from mine.credit") == []
    assert database.rows("select * from public.my_codes") == []
    right = "select has_table_privilege('metabase', 'public.user_request_analytics', 'select')"
    assert database.one(right)
    assert database.one("select has_table_privilege('anon', 'public.countries', 'select')")
    assert database.rows(CHECK) == []


def test_what_others_made_in_the_way_is_named_and_nothing_changes(
    place: Place, sql_copy: Path
) -> None:
    migrate(place.url)
    place.database.execute("create schema mine")
    place.database.execute("create view mine.credit as select used_eur from public.balances")
    before = place.schema()
    with pytest.raises(Exception, match=r"sql/090_ledger\.sql was refused.*view mine\.credit"):
        migrate(place.url, directory=make_next_release(sql_copy))
    assert place.schema() == before
    place.database.execute("drop view mine.credit")
    assert migrate(place.url, directory=sql_copy)


def test_a_right_that_is_no_longer_given_is_taken_back(place: Place, sql_copy: Path) -> None:
    extra = sql_copy / "990_extra.sql"
    extra.write_text(
        "grant select on private.ingest_keys to service_role;\n"
        "grant insert on public.donations to authenticated;\n"
        "grant execute on function private.is_org_reader() to anon;\n"
        "grant usage on sequence public.audit_log_audit_id_seq to anon;\n"
        "comment on constraint budgets_pkey on public.budgets is 'the key';\n"
    )
    migrate(place.url, directory=sql_copy)
    assert len(place.database.rows(CHECK)) == 4
    extra.unlink()
    migrate(place.url, directory=sql_copy)
    assert place.database.rows(CHECK) == []


@pytest.mark.parametrize("installed", ["nothing", "0.1.0", "this release"])
def test_the_text_for_the_supabase_cli_does_what_migrate_does(
    installed: str,
    any_place: Place,
    make_place: MakePlace,
    first_release: Path,
    sql_copy: Path,
    tmp_path: Path,
) -> None:
    if installed == "0.1.0":
        install_release(any_place, first_release, installed)
    elif installed == "this release":
        migrate(any_place.url)
        make_next_release(sql_copy)
    text = script(any_place.url, sql_copy)
    file = tmp_path / "footprint.sql"
    file.write_text(text)
    run_psql(any_place, file)
    outcome = migrate(any_place.url, directory=sql_copy)
    assert outcome.migrations == () and outcome.replaced == 0
    assert any_place.schema() == fresh(any_place, make_place, sql_copy).schema()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run_psql(any_place, file)
    assert "make it again with footprint migrate --sql" in refused.value.stderr


def run_psql(place: Place, file: Path) -> None:
    command = [str(place.server.bin / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-f", str(file)]
    subprocess.run([*command, place.url], check=True, capture_output=True, text=True)


def test_a_dry_run_says_all_of_it_and_changes_nothing(
    place: Place, first_release: Path, sql_copy: Path
) -> None:
    install_release(place, first_release, "0.1.0")
    before = place.schema(), contents(place.url)
    lines: list[str] = []
    migrate(place.url, lines.append, make_next_release(sql_copy), dry_run=True)
    assert (place.schema(), contents(place.url)) == before
    assert "applied sql/migrations/0107_places_and_carriers.sql (196 rows)" in lines
    assert "would follow the transaction: 0109_rebuild_rollups.step" in lines


def test_what_was_left_as_it_was_is_said(place: Place, sql_copy: Path) -> None:
    migrate(place.url)
    facilities = next((sql_copy / "migrations").glob("0004_*")).read_text()
    again = sql_copy / "migrations" / "0107_factors_again.sql"
    again.write_text(facilities.replace("' <> '", "' <> 'x"))
    with psycopg.connect(place.url) as connection:
        connection.execute("alter table public.factor_sets disable trigger user")
        connection.execute(
            """update public.factor_sets set sources = sources || '{"fingerprint": "another"}'"""
        )
        connection.execute("alter table public.factor_sets enable trigger user")
    lines: list[str] = []
    migrate(place.url, lines.append, sql_copy)
    [said] = [line for line in lines if line.startswith("warning")]
    assert "factor set 2026.11 is in this database with other figures: it was left" in said


def test_no_migration_that_was_released_is_edited() -> None:
    here = sql_directory() / "migrations"
    for version in RELEASES:
        [wheel] = (FOLDER / version).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith("footprint/sql/migrations/"):
                    assert (here / Path(name).name).read_bytes() == archive.read(name)


def test_the_program_knows_the_number_of_its_newest_migration() -> None:
    assert SqlFiles(sql_directory()).migrations[-1].number == SCHEMA


def test_every_migration_leaves_the_transaction_to_the_run() -> None:
    ends = re.compile(
        r"^\s*(begin|start transaction|commit|rollback|savepoint \w+)\s*;", re.I | re.M
    )
    for file in SqlFiles(sql_directory()).migrations:
        assert not ends.search(file.text), file.name


@pytest.mark.parametrize("shape", ["plain", "hosted"])
def test_the_way_back_of_the_docs_leads_to_the_older_release_with_its_rows(
    shape: str, make_place: MakePlace, first_release: Path, tmp_path: Path
) -> None:
    place = make_place("15", shape)
    install_release(place, first_release, "0.1.0")
    before = contents(place.superuser_url)
    dump = tmp_path / "footprint.dump"
    backup = [str(place.server.bin / "pg_dump"), "-Fc", "-n", "public", "-n", "private"]
    dump.write_bytes(subprocess.run([*backup, place.url], check=True, capture_output=True).stdout)
    migrate(place.url)

    back = make_place("15", shape)
    with psycopg.connect(place.superuser_url) as old, psycopg.connect(back.superuser_url) as new:
        # What Supabase's own backup brings back.
        for row in old.execute("select id, email, email_confirmed_at from auth.users").fetchall():
            new.execute(
                "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, %s)", row
            )
    restore = [str(place.server.bin / "pg_restore"), "-d", back.url, str(dump)]
    done = subprocess.run(restore, check=False, capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    # public is there already, and the project's own default privileges are not ours to set.
    harmless = ('schema "public" already exists', 'role "supabase_admin"')
    assert all(any(words in line for words in harmless) for line in errors), errors
    assert contents(back.superuser_url) == before
    run_psql(back, first_release / "footprint" / "sql" / "125_joining.sql")
    trigger = "select count(*) from pg_trigger where tgname = 'footprint_link_auth_user'"
    assert back.database.one(trigger) == 1
    assert back.database.rollup_differences() == 0
    assert migrate(back.url)
    assert back.schema() == place.schema()


def test_repair_puts_back_what_was_changed_by_hand(place: Place) -> None:
    migrate(place.url)
    before = place.schema()
    for change in (
        "drop view public.users",
        "drop function public.my_peers(date)",
        "alter function public.me() security definer",
        'drop policy "people read their own requests" on public.request_logs',
        "grant select on public.donations to anon",
        "drop trigger footprint_link_auth_user on auth.users",
    ):
        place.database.execute(change)
    assert not migrate(place.url)
    assert migrate(place.url, repair=True)
    assert place.schema() == before
    assert place.database.rows(CHECK) == []
