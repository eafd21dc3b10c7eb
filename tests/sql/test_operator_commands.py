"""`footprint migrate`, `keys`, `admin` and `fx`, as an operator types them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from house import Database, event


def footprint(database: Database | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("SUPABASE", "FOOTPRINT"))
    }
    if database:
        environment["SUPABASE_DB_URL"] = database.url
    done = subprocess.run(
        [sys.executable, "-m", "footprint.cli", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert "Traceback" not in done.stderr
    return done


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(database: Database) -> None:
    made = footprint(database, "keys", "create", "LiteLLM proxy", "--days", "30")
    key = made.stdout.splitlines()[0]
    assert key.startswith("fpk_")
    listed = footprint(database, "keys", "list").stdout
    assert "active" in listed
    assert "LiteLLM proxy" in listed
    assert key not in listed
    key_id = listed.split()[0]
    assert "is revoked" in footprint(database, "keys", "revoke", key_id).stdout
    assert "revoked" in footprint(database, "keys", "list").stdout
    actions = database.rows("select action from public.audit_log order by audit_id")
    assert actions == [("ingest_key.create",), ("ingest_key.revoke",)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["keys", "create", " "], "label of 1 to 100"),
        (["keys", "create", "x", "--days", "0"], "--days must be"),
        (["keys", "revoke", "nonsense"], "That is no key id"),
        (["keys", "revoke", "00000000-0000-0000-0000-000000000000"], "There is no key"),
        (["admin", "grant", "nobody@example.org"], "Nobody with this e-mail"),
        (["admin", "grant", "admin@example.org", "--role", "member"], "last admin"),
        (["fx", "set", "yesterday", "0.9", "--source", "x"], "is not a day"),
        (["fx", "set", "2026-10-01", "-1", "--source", "x"], "is not a rate"),
        (
            ["fx", "set", "2026-10-01", "1", "--source", "x", "--currency", "eur"],
            "The euro needs no",
        ),
        (["fx", "set", "2026-10-01", "1", "--source", "x", "--currency", "yuan"], "not a currency"),
        (["fx", "import", "/does/not/exist.csv"], "cannot be read"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    database: Database, arguments: list[str], words: str
) -> None:
    done = footprint(database, *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_an_address_every_command_says_which_setting_is_missing() -> None:
    for arguments in (["migrate"], ["keys", "list"], ["admin", "grant", "a@b.c"]):
        done = footprint(None, *arguments)
        assert done.returncode == 2
        assert "SUPABASE_DB_URL is not set" in done.stderr


def test_a_role_is_granted_and_audited(database: Database) -> None:
    assert (
        footprint(database, "admin", "grant", "Member@Example.org", "--role", "finance").returncode
        == 0
    )
    assert database.one("select public.me() ->> 'role'", actor="member") == "finance"
    assert database.one("select target from public.audit_log where action = 'role.grant'") == (
        "user-of-member"
    )


def test_the_ecbs_file_gives_every_day_its_rate_and_a_second_run_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    database.store(event(started_at="2026-10-03T12:00:00Z", cost_usd="1"))  # a Saturday
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text("Date,USD,JPY,\n2026-10-05,1.25,150,\n2026-10-02,1.6,151,\n2026-10-01,N/A,1,\n")
    assert "2 days read, 2 new" in footprint(database, "fx", "import", str(file)).stdout
    assert database.one("select cost_eur from public.request_logs") == 1 / 1.6
    assert "2 days read, 0 new" in footprint(database, "fx", "import", str(file)).stdout
    assert database.rollup_differences() == 0


ECB_FILE = (
    "Date,USD,JPY,CNY,TRL,\n2026-10-05,1.25,150,8,N/A,\n2026-10-02,1.6,151.51,7.7,N/A,\n"
    "2026-10-01,N/A,1,N/A,1800000,\n"
)


def test_the_ecbs_file_brings_every_currency_in_it_with_all_digits(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text(ECB_FILE)
    said = footprint(database, "fx", "import", str(file)).stdout
    assert "2 days read, 2 new" in said
    assert "Other currencies (3): 6 rates read, 6 new or corrected" in said
    query = (
        "select currency, day::text, eur_per_unit, source from public.currency_rates order by 1, 2"
    )
    found = {(currency, day): rate for currency, day, rate, _ in database.rows(query)}
    assert set(found) == {
        *(("CNY", "2026-10-02"), ("CNY", "2026-10-05"), ("TRL", "2026-10-01")),
        *(("JPY", "2026-10-01"), ("JPY", "2026-10-02"), ("JPY", "2026-10-05")),
    }
    units = {"CNY": Decimal("7.7"), "JPY": Decimal("151.51")}
    for currency, per_euro in units.items():
        assert abs(found[currency, "2026-10-02"] * per_euro - 1) < Decimal("1e-18")
    assert abs(found["TRL", "2026-10-01"] * 1800000 - 1) < Decimal("1e-18")
    assert "6 rates read, 0 new" in footprint(database, "fx", "import", str(file)).stdout


def test_only_the_currencies_that_are_named_come_in_beside_the_dollar(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text(ECB_FILE)
    named = ("--currency", "cny", "--currency", "TRL", "--currency", "USD")
    said = footprint(database, "fx", "import", str(file), *named).stdout
    assert "Other currencies (2): 3 rates read, 3 new or corrected" in said
    assert database.rows("select distinct currency from public.currency_rates order by 1") == [
        ("CNY",),
        ("TRL",),
    ]
    assert database.one("select count(*) from public.fx_rates") == 2
    wrong = footprint(database, "fx", "import", str(file), "--currency", "XXX")
    assert wrong.returncode == 2
    assert "no column XXX; beside USD it has: CNY, JPY, TRL." in wrong.stderr


def test_a_corrected_file_re_derives_costs_in_its_currencies_over_many_days(
    database: Database, tmp_path: Path
) -> None:
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(640)]
    file = tmp_path / "eurofxref-hist.csv"
    lines = [f"{day},1.25,{8 + n / 1000}\n" for n, day in enumerate(days)]
    file.write_text("".join(["Date,USD,CNY\n", *reversed(lines)]))
    assert "640 rates read, 640 new" in footprint(database, "fx", "import", str(file)).stdout
    in_yuan = {"cost_usd": None, "reported_cost": "8", "reported_currency": "CNY"}
    database.store(*(event(**in_yuan, started_at=f"{day}T12:00:00Z") for day in days))
    file.write_text("".join(["Date,USD,CNY\n", *(f"{day},1.25,4\n" for day in reversed(days))]))
    assert "640 rates read, 640 new" in footprint(database, "fx", "import", str(file)).stdout
    costs = "select distinct reported_cost, cost_eur, cost_usd from public.request_logs"
    assert database.rows(costs) == [(8, 2, Decimal("2.5"))]
    assert database.rollup_differences() == 0


def test_rates_that_were_lost_come_back_with_the_file(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "eurofxref-hist.csv"
    file.write_text("Date,USD,CNY,\n2026-10-02,1.6,8,\n")
    footprint(database, "fx", "import", str(file))
    database.store(event(cost_usd=None, reported_cost="16", reported_currency="CNY"))
    database.execute("truncate public.currency_rates")
    file.write_text("Date,USD,CNY,\n2026-10-02,1.25,8,\n")
    footprint(database, "fx", "import", str(file))
    costs = "select reported_cost, cost_eur, cost_usd from public.request_logs"
    assert database.rows(costs) == [(16, 2, Decimal("2.5"))]


def test_the_rate_of_another_currency_is_set_by_hand(database: Database) -> None:
    arguments = ("fx", "set", "2026-10-01", "0.1283", "--source", "the bank", "--currency", "cny")
    assert "1 CNY is 0.1283 EUR from 2026-10-01 on" in footprint(database, *arguments).stdout
    assert database.rows("select currency, eur_per_unit, source from public.currency_rates") == [
        ("CNY", Decimal("0.1283"), "the bank")
    ]


def test_migrate_says_when_there_is_nothing_to_do(database: Database) -> None:
    assert footprint(database, "migrate").stdout.strip() == "The database is up to date."


def test_help_names_every_command() -> None:
    help_text = footprint(None, "--help").stdout
    for command in (
        "up",
        "down",
        "status",
        "reset",
        "migrate",
        "keys",
        "admin",
        "fx",
        "import",
        "demo",
    ):
        assert command in help_text


def test_migrate_tells_where_a_database_stands_and_what_it_would_do(database: Database) -> None:
    shown = footprint(database, "migrate", "--status")
    assert shown.returncode == 0
    assert "0001_baseline" in shown.stdout
    assert shown.stdout.splitlines()[-1] == "Nothing to do."
    assert footprint(database, "migrate", "--sql").stdout == "-- The database is up to date.\n"
    assert "up to date" in footprint(database, "migrate", "--dry-run").stdout
    database.execute("drop view public.users")
    repaired = footprint(database, "migrate", "--repair")
    assert "applied sql/ as one set" in repaired.stderr
    assert database.one("select to_regclass('public.users') is not null")


def test_migrate_prints_the_text_for_an_empty_database_without_one() -> None:
    text = footprint(None, "migrate", "--sql").stdout
    assert text.startswith("-- Made by `footprint migrate --sql`")
    assert "create table public.request_logs" in text
    assert "\ncommit;\n-- Then run `footprint migrate`" in text


@pytest.mark.parametrize("wait", ["-1", "nan", "1e9", "soon"])
def test_migrate_bounds_how_long_it_waits(database: Database, wait: str) -> None:
    done = footprint(database, "migrate", "--wait", wait)
    assert done.returncode == 2
    assert "--wait" in done.stderr


def test_migrate_takes_one_way_at_a_time(database: Database) -> None:
    done = footprint(database, "migrate", "--sql", "--dry-run")
    assert done.returncode == 2
    assert "not allowed with" in done.stderr
