"""What every actor can and cannot read and write, over SQL.

The relations come from the catalogue, so that a new table cannot be forgotten: it fails the first
test until somebody writes down who may see it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest

from house import Database, event

ACTORS = ("anonymous", "member", "other", "admin", "finance", "service")

# Rows each actor sees of each relation, once `full` has filled it: "-" is "permission denied".
# One request each of member and other, one of nobody.
SEES = {
    #                           anon member other admin finance service
    "audit_log":                "-  0 0 1 0 1",
    "balances":                 "-  1 0 1 1 1",
    "budgets":                  "-  0 0 1 1 1",
    "coverage_org_monthly":     "-  0 0 1 1 1",
    "coverage_user_monthly":    "-  1 1 0 0 3",
    "currency_rates":           "-  1 1 1 1 1",
    "donations":                "-  1 1 1 1 1",
    "factor_sets":              "-  + + + + +",
    "fx_rates":                 "-  1 1 1 1 1",
    "grid_factors":             "-  + + + + +",
    "impact_factors":           "-  + + + + +",
    "model_mappings":           "-  1 1 1 1 1",
    "monthly_token_usage":      "-  1 1 0 0 3",
    "profiles":                 "-  1 1 4 1 4",
    "proposed_transactions":    "-  0 0 1 1 1",
    "provider_facilities":      "-  + + + + +",
    "region_words":             "-  + + + + +",
    "region_zones":             "-  + + + + +",
    "request_events":           "-  1 1 0 0 3",
    "request_logs":             "-  1 1 0 0 3",
    "request_payloads":         "-  1 0 0 0 1",
    "restatement_lines":        "-  0 0 1 1 1",
    "restatements":             "-  1 1 1 1 1",
    "settings":                 "-  + + + + +",
    "settings_history":         "-  0 0 + + +",
    "transactions":             "-  1 0 1 1 1",
    "usage_org_daily":          "-  0 0 3 3 3",
    "usage_tag_monthly":        "-  0 0 1 1 1",
    "usage_user_daily":         "-  1 1 0 0 2",
    "usage_user_monthly":       "-  1 1 0 0 3",
    "user_profiles":            "-  1 1 4 1 4",
    "user_recent_activity":     "-  1 1 0 0 3",
    "user_request_analytics":   "-  1 1 0 0 3",
    "user_sessions":            "-  1 0 0 0 1",
    "user_usage_totals":        "-  1 1 2 2 2",
    "users":                    "-  1 1 4 1 4",
    "zone_overrides":           "-  1 1 1 1 1",
}  # fmt: skip

CELLS = [
    (relation, actor, cell)
    for relation, line in SEES.items()
    for actor, cell in zip(ACTORS, line.split(), strict=True)
]

# Functions of the exposed schema → who may execute them. Each guards itself beyond that.
SIGNED_IN = {"member", "other", "admin", "finance"}
EVERYBODY = SIGNED_IN | {"anonymous", "service"}
EXECUTES = {
    "add_ingest_key": SIGNED_IN,
    "budget_states": SIGNED_IN,
    "attention": SIGNED_IN,
    "check_rollup_day": SIGNED_IN,
    "check_rollup_month": SIGNED_IN,
    "decide_transaction": SIGNED_IN,
    "decide_zero_price": SIGNED_IN,
    "delete_person": SIGNED_IN,
    "deployment_info": SIGNED_IN,
    "erase_person": SIGNED_IN,
    "export_person": SIGNED_IN,
    "deployments_seen": SIGNED_IN,
    "export_person_requests": SIGNED_IN,
    "finance_export": SIGNED_IN,
    "finance_export_check": SIGNED_IN,
    "finance_export_page": SIGNED_IN,
    "finance_month": SIGNED_IN,
    "find_people": SIGNED_IN,
    "get_user_analytics": SIGNED_IN,
    "get_user_monthly_usage": SIGNED_IN,
    "get_user_request_history": SIGNED_IN,
    "get_user_token_breakdown": SIGNED_IN,
    "ingest_quality": SIGNED_IN,
    "ingest_request_logs": EVERYBODY,
    "invite_person": SIGNED_IN,
    "latency_spread": SIGNED_IN,
    "ledger": SIGNED_IN,
    "list_ingest_keys": SIGNED_IN,
    "list_invitations": SIGNED_IN,
    "look_at_person": SIGNED_IN,
    "looks_at_me": SIGNED_IN,
    "map_model": SIGNED_IN,
    "map_person_session": SIGNED_IN,
    "me": SIGNED_IN,
    "my_credit": SIGNED_IN,
    "my_footprint": SIGNED_IN,
    "my_peers": SIGNED_IN,
    "my_request_days": SIGNED_IN,
    "my_requests": SIGNED_IN,
    "organisation_footprint": SIGNED_IN,
    "people_movers": SIGNED_IN,
    "preview_setting": SIGNED_IN,
    "price_unpriced": SIGNED_IN,
    "price_unpriced_unit": SIGNED_IN,
    "read_audit_log": SIGNED_IN,
    "rebuild_rollup_day": SIGNED_IN,
    "record_donation": SIGNED_IN,
    "record_transaction": SIGNED_IN,
    "register_session": EVERYBODY,
    "restated_months": SIGNED_IN,
    "restatement_log": SIGNED_IN,
    "restoration_rates": SIGNED_IN | {"service"},
    "restoration_shares": SIGNED_IN,
    "restore_person": SIGNED_IN,
    "reverse_transaction": SIGNED_IN,
    "schema_release": SIGNED_IN | {"service"},
    "set_budget": SIGNED_IN,
    "set_person_role": SIGNED_IN,
    "set_person_team": SIGNED_IN,
    "set_setting": SIGNED_IN,
    "set_zone_override": SIGNED_IN,
    "stop_ingest_key": SIGNED_IN,
    "unattributed_requests": SIGNED_IN,
    "unknown_models": SIGNED_IN,
    "unpriced_models": SIGNED_IN,
    "unpriced_parts": SIGNED_IN,
    "zero_priced_models": SIGNED_IN,
    "usage_by_tag": SIGNED_IN,
    "usage_choices": SIGNED_IN,
    "verify_donation": SIGNED_IN,
    "withdraw_invitation": SIGNED_IN,
}
# Functions of `private` that the API's roles may execute: helpers of policies and the definer
# halves of the functions above. None takes whose rows to read without checking it.
PRIVATE_EXECUTES = {
    "authenticated": set(EXECUTES) - {"me", "my_credit", "my_request_days", "my_requests"}
    | {
        "current_role_name",
        "current_user_id",
        "is_admin",
        "is_org_reader",
        "people_are_named",
        "quantities_text",
        "reporting_timezone",
        "sees_people",
    },
    "anon": {"ingest_request_logs", "register_session"},
    "service_role": {
        "ingest_request_logs",
        "people_are_named",
        "register_session",
        "reporting_timezone",
        "restoration_rates",
        "schema_release",
    },
}

FORBIDDEN_WRITES = {
    "promote oneself": "update public.user_profiles set role = 'admin' where user_id = 'user-of-member'",
    "take over an account": "update public.user_profiles set auth_user_id = null",
    "change one's team": "update public.user_profiles set team = 'board'",
    "make a profile": "insert into public.user_profiles (user_id, role) values ('x', 'admin')",
    "delete a profile": "delete from public.user_profiles",
    "forge a request": "insert into public.request_logs (event_id, started_at, model, status, "
    "impact_reason) values (gen_random_uuid(), now(), 'm', 'success', 'no_factor')",
    "hide a request": "delete from public.request_logs",
    "cheapen a request": "update public.request_logs set cost_usd = 0",
    "write a rollup": "update public.usage_user_daily set cost_eur = 0",
    "write the organisation's rollup": "delete from public.usage_org_daily",
    "write the counter": "update public.user_usage_totals set tokens_used = 0",
    "print money": "insert into public.transactions (user_id, kind, amount_eur, idempotency_key) "
    "values ('user-of-member', 'topup', 1e6, 'k')",
    "approve one's own money": "insert into public.proposed_transactions (user_id, kind, amount_eur, "
    "idempotency_key) values ('user-of-member', 'topup', 1, 'p')",
    "raise a budget": "update public.budgets set amount_eur = 1e9",
    "invent a donation": "insert into public.donations (month, donated_on, organisation, claim_type, "
    "amount, amount_eur, area_m2) values ('2026-01-01', '2026-01-01', 'x', 'planted', 1, 1, 1)",
    "change a setting": "update public.settings set value = '1' where key = 'pledge_share'",
    "change a rate": "insert into public.fx_rates values (current_date, 1, 'me')",
    "change another currency's rate": "insert into public.currency_rates values ('CNY', current_date, 1, 'me')",
    "forget a rate": "delete from public.currency_rates where currency = 'CNY'",
    "enter rates": "select private.set_currency_rates('{}', 'me')",
    "work out costs anew": "select private.rederive_cost(null, null, array['CNY'])",
    "map a model": "insert into public.model_mappings values ('a', 'b', 'c', 'd', 'e')",
    "move a deployment": "insert into public.zone_overrides values ('a', 'b', 'FRA', 'e')",
    "fill a gap": "select private.fill_unknown('a', 'b', 1)",
    "derive anew": "select private.derive_again('true', '2026.11', null, null)",
    "restate the past": "select private.begin_restatement(null, null, null, 'x')",
    "rewrite a restatement": "update public.restatement_lines set old_energy_kwh = 0",
    "claim a session": "insert into public.user_sessions values ('s9', 'user-of-member')",
    "empty the audit log": "truncate public.audit_log",
    "read ingest keys": "select * from private.ingest_keys",
    "make an ingest key": "select private.create_ingest_key(sha256('x'), 'x', null, null, null)",
    "store without a key": "select private.store_events('[]')",
    "map a session without a key": "select private.map_session('s', 'user-of-member')",
    "read anybody's report": "select private.footprint_report(null, '2026-10-01', '2026-10-31', "
    "null, null, null)",
    "write the audit log": "select private.audit('x', 'y', null, null)",
    "rebuild the rollups": "select private.rebuild_rollups()",
    "read the rollups' sources": "select * from private.recomputed_usage_user_daily_between('2026-01-01', now())",
    "see a query of the rollups": "select private.rollup_query('usage_user_daily')",
    "read accounts": "select * from auth.users",
}


@pytest.fixture
def full(database: Database) -> Iterator[Database]:
    """A database with at least one row in everything, and one of each person's own."""
    database.store(
        event(session_id="s1", tags=["t"]),
        event(user_id="user-of-other", team="sales"),
        event(user_id=None),
    )
    database.execute("insert into public.user_sessions values ('s1', 'user-of-member')")
    database.execute(
        "insert into public.request_payloads (event_id, user_profile_id, messages, expires_at) "
        "select event_id, user_profile_id, '[]', now() + interval '1 day' from public.request_logs "
        "where user_profile_id = 'user-of-member'"
    )
    database.execute("insert into public.fx_rates values ('2026-01-01', 0.9, 'test')")
    database.execute(
        "insert into public.currency_rates values ('CNY', '2026-01-01', 0.128, 'test')"
    )
    database.execute(
        "insert into public.model_mappings values ('acme', 'm', 'openai', 'gpt-4o', 'test')"
    )
    database.execute(
        "insert into public.transactions (user_id, kind, amount_eur, idempotency_key) "
        "values ('user-of-member', 'topup', 10, 'k1')"
    )
    database.execute(
        "insert into public.budgets (scope, from_month, amount_eur) "
        "values ('organisation', '2026-10-01', 5)"
    )
    database.execute(
        "insert into public.proposed_transactions (user_id, kind, amount_eur, idempotency_key) "
        "values ('user-of-member', 'topup', 10, 'k3')"
    )
    full_of_restatements = (
        "insert into public.zone_overrides values ('acme', 'm', 'FRA', 'test')",
        "insert into public.restatements (factor_set, reason, finished_at) values ('2026.11', 'x', now())",
        "insert into public.restatement_lines select restatement_id, '2026-10-01', 'p', 'm', '', 1 "
        "from public.restatements",
    )
    for statement in full_of_restatements:
        database.execute(statement)
    donation = {
        "month": "2026-10-01", "donated_on": "2026-10-20", "organisation": "Heath Trust",
        "claim_type": "restored", "amount": 10, "amount_eur": 10, "area_m2": 8,
    }  # fmt: skip
    database.one("select public.record_donation(%s)", [json.dumps(donation)], actor="finance")
    database.execute("update public.settings set value = '0.06' where key = 'pledge_share'")
    yield database


def test_every_relation_of_the_exposed_schema_is_in_the_table_above(database: Database) -> None:
    found = database.rows(
        "select relname from pg_class where relnamespace = 'public'::regnamespace "
        "and relkind in ('r', 'p', 'v', 'm', 'f')"
    )
    assert {name for (name,) in found} == set(SEES)


def test_everybody_sees_what_is_theirs_and_nothing_else(full: Database) -> None:
    wrong = []
    for relation, actor, expected in CELLS:
        try:
            seen = str(full.one(f"select count(*) from public.{relation}", actor=actor))
        except psycopg.errors.InsufficientPrivilege:
            seen = "-"
        if not (seen == expected or (expected == "+" and seen not in "-0")):
            wrong.append(f"{actor} sees {seen} rows of {relation}, not {expected}")
    assert not wrong, "\n".join(wrong)


def test_nobody_reads_the_private_schema(full: Database) -> None:
    relations = full.rows(
        "select relname from pg_class where relnamespace = 'private'::regnamespace "
        "and relkind in ('r', 'v')"
    )
    for (relation,) in relations:
        for actor in ACTORS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                full.one(f"select count(*) from private.{relation}", actor=actor)


@pytest.mark.parametrize("actor", [a for a in ACTORS if a != "service"])
@pytest.mark.parametrize("attempt", FORBIDDEN_WRITES)
def test_refused(attempt: str, actor: str, full_for_attempts: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        full_for_attempts.execute(FORBIDDEN_WRITES[attempt], actor=actor)


@pytest.mark.parametrize("attempt", [a for a in FORBIDDEN_WRITES if a != "read accounts"])
def test_refused_to_the_holder_of_the_service_key(
    attempt: str, full_for_attempts: Database
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        full_for_attempts.execute(FORBIDDEN_WRITES[attempt], actor="service")


@pytest.fixture(scope="module")
def full_for_attempts(module_database: Database) -> Database:
    """Attempts that are all refused may share one database."""
    module_database.store(event())
    return module_database


def test_functions_are_executable_by_the_allow_list_and_nobody_else(any_database: Database) -> None:
    roles = {"anon": "anonymous", "authenticated": "member", "service_role": "service"}
    public = {
        role: {name for name, who in EXECUTES.items() if actor in who}
        for role, actor in roles.items()
    }
    for schema, allowed in (("public", public), ("private", PRIVATE_EXECUTES)):
        for role in roles:
            found = any_database.rows(
                "select distinct proname from pg_proc where pronamespace = %s::regnamespace "
                "and has_function_privilege(%s, oid, 'execute')",
                [schema, role],
            )
            assert {name for (name,) in found} == allowed[role], (schema, role)


@pytest.mark.parametrize("actor", ["member", "other"])
@pytest.mark.parametrize(
    "call",
    [
        "select public.organisation_footprint('2026-10-01', '2026-10-31')",
        "select public.finance_month('2026-10-01')",
        "select public.budget_states('2026-10-01')",
        "select public.set_budget('organisation', null, '2026-10-01', 5)",
        "select public.ledger()",
        "select public.reverse_transaction(gen_random_uuid(), 'k', 'n')",
        "select public.decide_transaction(gen_random_uuid(), 'approved')",
        "select public.finance_export('requests', '2026-10-01')",
        "select public.finance_export_page('statement', '2026-10-01', now(), array['', '', ''])",
        "select public.finance_export_check('statement', '2026-10-01', now())",
        "select private.organisation_footprint('2026-10-01', '2026-10-31', null, null, null)",
        "select public.record_donation('{}')",
        "select public.restated_months(1)",
        "select public.restoration_shares('2026-09-01')",
        "select public.attention()",
        "select public.latency_spread('2026-10-01', '2026-10-31')",
        "select public.people_movers('2026-10-01', '2026-10-31')",
        "select public.usage_by_tag('2026-10-01', '2026-10-31')",
        "select public.usage_choices(true)",
        "select public.unknown_models()",
        "select public.map_model('a', 'b', 'it says so', 'openai', 'gpt-4o')",
        "select public.set_zone_override('a', 'b', 'FRA', 'e')",
        "select public.deployments_seen(90)",
        "select public.verify_donation(gen_random_uuid(), repeat('a', 64))",
        "select public.record_transaction('user-of-member', 'topup', 5, 'key')",
        "select public.get_user_analytics('user-of-admin')",
        "select public.get_user_request_history('user-of-admin')",
        "select public.get_user_token_breakdown('user-of-finance')",
        "select public.get_user_monthly_usage('user-of-finance')",
    ],
)
def test_a_member_is_told_no_by_functions_for_others(
    actor: str, call: str, full_for_attempts: Database
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        full_for_attempts.one(call, actor=actor)
    assert caught.value.sqlstate == "PT403"


def test_an_admins_look_at_a_person_is_logged_and_finance_may_not_look(full: Database) -> None:
    full.one("select public.look_at_person('user-of-member', 'a complaint')", actor="admin")
    looked = full.one("select public.get_user_request_history('user-of-member')", actor="admin")
    assert len(looked) == 1
    entry = full.rows(
        "select actor_user_id, target from public.audit_log where action = 'person.look'",
        actor="admin",
    )
    assert entry == [("user-of-admin", "user-of-member")]
    with pytest.raises(psycopg.Error) as caught:
        full.one("select public.get_user_request_history('user-of-member')", actor="finance")
    assert caught.value.sqlstate == "PT403"


def test_a_signed_in_stranger_without_a_profile_sees_nothing(full: Database) -> None:
    stranger = "00000000-0000-0000-0000-0000000000ff"
    with full.connect() as connection:
        connection.execute(
            "select set_config('request.jwt.claims', %s, false), "
            "set_config('request.jwt.claim.sub', %s, false)",
            [json.dumps({"sub": stranger}), stranger],
        )
        connection.execute("set role authenticated")
        for relation in ("request_logs", "usage_user_daily", "user_profiles", "transactions"):
            row = connection.execute(f"select count(*) from public.{relation}").fetchone()
            assert row == (0,)
        assert connection.execute("select public.me()").fetchone() == (None,)


def test_a_person_who_was_deleted_sees_nothing_and_history_stays(full: Database) -> None:
    full.execute(
        "update public.user_profiles set deleted_at = now() where user_id = 'user-of-member'"
    )
    assert full.one("select count(*) from public.request_logs", actor="member") == 0
    assert full.one("select public.me()", actor="member") is None
    assert full.one("select count(*) from public.request_logs") == 3


def test_an_unverified_e_mail_links_nothing_and_a_verified_one_links_once(
    database: Database,
) -> None:
    database.execute(
        "insert into public.user_profiles (user_id, email) values ('google_1171', 'Ann@Example.org')"
    )
    add = "insert into auth.users (id, email, email_confirmed_at) values (%s, %s, %s)"
    thief, ann = "00000000-0000-0000-0000-000000000010", "00000000-0000-0000-0000-000000000011"
    database.execute(add, [thief, "ann@example.org", None])
    linked = "select auth_user_id::text from public.user_profiles where user_id = 'google_1171'"
    assert database.one(linked) is None
    database.execute("delete from auth.users where id = %s", [thief])
    database.execute(add, [ann, "ann@example.org", "2026-01-01"])
    assert database.one(linked) == ann
    count = "select count(*) from public.user_profiles where lower(email) = 'ann@example.org'"
    assert database.one(count) == 1


def test_a_role_in_the_metadata_of_an_account_is_ignored(database: Database) -> None:
    database.execute(
        "insert into auth.users (id, email, email_confirmed_at, raw_user_meta_data) "
        "values (gen_random_uuid(), 'eve@example.org', now(), '{\"role\": \"admin\"}')"
    )
    assert (
        database.one("select role from public.user_profiles where email = 'eve@example.org'")
        == "member"
    )


def test_the_ledger_and_the_audit_log_cannot_be_changed_even_by_their_owner(full: Database) -> None:
    for statement in (
        "update public.transactions set amount_eur = 99",
        "delete from public.audit_log",
        "truncate public.settings_history",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            full.execute(statement)


def test_a_ledger_entry_is_made_once_for_its_key(full: Database) -> None:
    call = "select public.record_transaction('user-of-member', 'topup', %s, 'k2')"
    first = full.one(call, [5], actor="finance")
    assert full.one(call, [5], actor="finance") == first
    with pytest.raises(psycopg.Error, match="used for another transaction"):
        full.one(call, [6], actor="finance")
    assert full.one("select credited_eur from public.balances", actor="member") == 15
