"""Settings and ingest keys as an admin changes them: checked, previewed truly, audited."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import psycopg
import pytest

from house import Database, event

DIGEST = hashlib.sha256(b"fpk_new").hexdigest()


def refused(
    database: Database, state: str, call: str, values: Any = (), actor: str = "admin"
) -> str:
    with pytest.raises(psycopg.Error) as caught:
        database.one(call, values, actor=actor)
    assert caught.value.sqlstate == state, caught.value
    return str(caught.value)


def put(database: Database, key: str, value: object, function: str = "set_setting") -> Any:
    return database.one(
        f"select public.{function}(%s, %s)", [key, json.dumps(value)], actor="admin"
    )


@pytest.mark.parametrize("actor", ["member", "finance"])
@pytest.mark.parametrize(
    "call",
    [
        "select public.set_setting('pledge_share', '1')",
        "select public.preview_setting('pledge_share', '1')",
        f"select public.add_ingest_key('{DIGEST}', 'mine')",
        "select public.list_ingest_keys()",
        "select public.stop_ingest_key(gen_random_uuid())",
    ],
)
def test_only_admins_handle_settings_and_keys(
    module_database: Database, actor: str, call: str
) -> None:
    refused(module_database, "PT403", call, actor=actor)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pledge_share", 1.5, "a number from 0 to 1"),
        ("pledge_share", "0.1", "a number from 0 to 1"),
        ("contract_price_eur_per_m2", 0, "above 0"),
        ("fx_planning_rate_eur_per_usd", -1, "above 0"),
        ("reporting_timezone", "Mars/Olympus", "IANA time zone"),
        ("privacy_people", "hidden", "named"),
        ("payload_retention_days", 1.5, "whole number of days"),
        ("store_payloads", "yes", "true or false"),
        ("organisation_name", "", "1 to 200 characters"),
        ("active_factor_set", "1999.01", "factor set that is in the database"),
        ("demo_notice", None, "no such setting"),
        ("role", "admin", "no such setting"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused_in_a_sentence(
    module_database: Database, key: str, value: object, words: str
) -> None:
    for function in ("set_setting", "preview_setting"):
        call = f"select public.{function}(%s, %s)"
        assert words in refused(module_database, "PT400", call, [key, json.dumps(value)])


def test_a_change_is_kept_in_the_history_and_the_log_once(database: Database) -> None:
    put(database, "organisation_name", "Heath & Sons")
    put(database, "organisation_name", "Heath & Sons")
    assert database.rows(
        "select actor_user_id, target, before, after from public.audit_log where action = 'setting.set'"
    ) == [("user-of-admin", "organisation_name", "Your organisation", "Heath & Sons")]
    history = "select changed_by from public.settings_history where key = 'organisation_name' and old_value is not null"
    assert database.rows(history) == [("user-of-admin",)]


def test_a_new_time_zone_moves_the_days_it_was_previewed_to_move(database: Database) -> None:
    database.store(
        event(started_at="2026-10-31T23:30:00Z"),  # Paris: 1 November
        event(started_at="2026-10-15T22:30:00Z"),  # Paris: the 16th
        event(started_at="2026-10-15T12:00:00Z"),
    )
    preview = put(database, "reporting_timezone", "Europe/Paris", "preview_setting")
    assert preview["before"] == {"requests": 3}
    assert preview["after"] == {"other_day": 2, "other_month": 1}
    assert database.one("select private.reporting_timezone()") == "UTC"
    put(database, "reporting_timezone", "Europe/Paris")
    assert database.rollup_differences() == 0
    days = "select day::text from public.usage_user_daily order by day"
    assert [day for (day,) in database.rows(days)] == ["2026-10-15", "2026-10-16", "2026-11-01"]


def test_a_new_pledge_and_price_do_what_the_preview_said(database: Database) -> None:
    # 100 USD at the planning rate of 0.90 are 90 EUR; 5 % of it at 1.20 EUR a m2 are 3.75 m2.
    database.store(event(cost_usd="100"))
    preview = put(database, "pledge_share", 0.10, "preview_setting")
    assert preview["before"] == {"pledged_eur": 4.50, "pending_m2": 3.75}
    assert preview["after"] == {"pledged_eur": 9.00, "pending_m2": 7.50}
    assert database.one("select private.setting('pledge_share')::text") == "0.05"
    history = "select count(*) from public.settings_history where key = 'pledge_share' and old_value is not null"
    assert database.one(history) == 0
    put(database, "pledge_share", 0.10)
    assert put(database, "contract_price_eur_per_m2", 2.4, "preview_setting")["after"] == {
        "pledged_eur": 9.00,
        "pending_m2": 3.75,
    }


def test_a_new_planning_rate_changes_only_days_without_a_known_rate(database: Database) -> None:
    database.execute("insert into public.fx_rates values ('2026-10-01', 0.5, 'test')")
    database.store(
        event(cost_usd="10", started_at="2026-09-10T10:00:00Z"),
        event(cost_usd="10", started_at="2026-10-10T10:00:00Z"),
    )
    preview = put(database, "fx_planning_rate_eur_per_usd", 0.8, "preview_setting")
    assert preview["before"] == {"requests": 1, "cost_eur": 9.00}
    assert preview["after"] == {"requests": 1, "cost_eur": 8.00}
    put(database, "fx_planning_rate_eur_per_usd", 0.8)
    assert database.one("select sum(cost_eur) from public.usage_org_daily") == 13
    assert database.rollup_differences() == 0


def test_a_key_is_made_used_listed_and_revoked_and_its_secret_is_never_there(
    database: Database,
) -> None:
    key_id = database.one(
        "select public.add_ingest_key(%s, 'proxy', null, 'sales', now() + interval '1 day')",
        [DIGEST],
        actor="admin",
    )
    with database.acting("anonymous", {"x-ingest-key": "fpk_new"}) as connection:
        connection.execute("select public.ingest_request_logs(%s)", [json.dumps([event()])])
    [listed] = database.one("select public.list_ingest_keys()", actor="admin")
    assert (listed["label"], listed["scope"], listed["team"], listed["state"]) == (
        "proxy", "team", "sales", "active",
    )  # fmt: skip
    assert listed["last_used_at"] is not None
    assert DIGEST not in json.dumps(listed)
    stop = "select public.stop_ingest_key(%s)"
    assert database.one(stop, [key_id], actor="admin") == "proxy"
    assert database.one("select public.list_ingest_keys()", actor="admin")[0]["state"] == "revoked"
    with (
        pytest.raises(psycopg.Error, match="revoked"),
        database.acting("anonymous", {"x-ingest-key": "fpk_new"}) as connection,
    ):
        connection.execute("select public.ingest_request_logs('[]')")
    log = database.rows(
        "select actor_user_id, action from public.audit_log where target = %s order by 2",
        [str(key_id)],
    )
    assert log == [("user-of-admin", "ingest_key.create"), ("user-of-admin", "ingest_key.revoke")]


@pytest.mark.parametrize(
    ("state", "arguments"),
    [
        ("PT400", ("nonsense", "label", None, None, None)),
        ("PT400", (DIGEST, " ", None, None, None)),
        ("PT400", (DIGEST, "both", "user-of-member", "sales", None)),
        ("PT400", (DIGEST, "over", None, None, "2020-01-01")),
        ("PT404", (DIGEST, "nobody", "who-is-this", None, None)),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    module_database: Database, state: str, arguments: tuple[Any, ...]
) -> None:
    refused(module_database, state, "select public.add_ingest_key(%s, %s, %s, %s, %s)", arguments)


def test_the_same_key_is_not_taken_twice_and_no_key_is_not_stopped(database: Database) -> None:
    add = f"select public.add_ingest_key('{DIGEST}', 'one')"
    database.one(add, actor="admin")
    refused(database, "PT409", add)
    refused(database, "PT404", "select public.stop_ingest_key(gen_random_uuid())")
