"""What `store_events` does with good, bad, repeated, late and strange events."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from house import Database, event


def stored(database: Database, **columns: Any) -> dict[str, Any]:
    """Store one event and return its row."""
    e = event(**columns)
    answer = database.store(e)
    assert answer["inserted"] == 1, answer
    row = database.one(
        "select to_jsonb(r) from public.request_logs r where event_id = %s", [e["event_id"]]
    )
    assert isinstance(row, dict)
    return row


def test_sending_anything_twice_changes_nothing(any_database: Database) -> None:
    events = [event() for _ in range(5)]
    assert any_database.store(*events)["inserted"] == 5
    again = any_database.store(*events, events[0])
    assert (again["inserted"], again["duplicates"]) == (0, 6)
    assert any_database.one("select count(*) from public.request_logs") == 5
    assert any_database.rollup_differences() == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"event_id": "not-a-uuid"}, "event_id is not a UUID"),
        ({"event_id": None}, "event_id is not a UUID"),
        ({"started_at": "2026-02-31T00:00:00Z"}, "started_at is not"),
        ({"started_at": "2026-02-01 00:00:00"}, "started_at is not"),
        ({"started_at": "1999-12-31T23:59:59Z"}, "started_at is not"),
        ({"started_at": "infinity"}, "started_at is not"),
        ({"model": ""}, "model is missing"),
        ({"model": None}, "model is missing"),
        ({"model": "🦙" * 301}, "model is longer than 300"),
        ({"status": "ok"}, "status is not"),
        ({"tokens_output_text": -1}, "negative"),
        ({"tokens_output_text": 1.5}, "not a whole number"),
        ({"tokens_output_text": "many"}, "not a whole number"),
        ({"tokens_output_text": [1]}, "not a whole number"),
        ({"tokens_output_text": 10**13}, "above 10^12"),
        ({"cost_usd": "-0.01"}, "cost_usd is negative"),
        ({"cost_usd": "NaN"}, "cost_usd is not a number"),
        ({"cost_usd": "1e400"}, "cost_usd is above"),
        ({"cost_usd": {"usd": 1}}, "cost_usd is not a number"),
        ({"latency_s": -1}, "a duration is not"),
        ({"provider": "x" * 400}, "longer than 320"),
    ],
)
def test_one_bad_event_is_refused_with_its_reason_and_the_good_ones_stay(
    database: Database, wrong: dict[str, Any], reason: str
) -> None:
    answer = database.store(event(), event(**wrong), event())
    assert answer["inserted"] == 2
    [refused] = answer["rejected"]
    assert refused["index"] == 1
    assert reason in refused["reason"]


@pytest.mark.parametrize("junk", [5, "text", None, [], True])
def test_an_event_that_is_no_object_costs_nobody_else(database: Database, junk: Any) -> None:
    with database.connect() as connection:
        row = connection.execute(
            "select private.store_events(%s::jsonb)", [json.dumps([junk, event()])]
        ).fetchone()
    assert row is not None
    assert row[0]["inserted"] == 1
    assert row[0]["rejected"][0]["reason"] == "the event is not a JSON object"


@pytest.mark.parametrize(("body", "code"), [("{}", "PT400"), ("5", "PT400"), ("null", "PT400")])
def test_a_body_that_is_no_list_is_refused(database: Database, body: str, code: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        database.one("select private.store_events(%s::jsonb)", [body])
    assert caught.value.sqlstate == code


def test_more_than_a_thousand_events_are_refused_whole(database: Database) -> None:
    with pytest.raises(psycopg.Error) as caught:
        database.store(*(event() for _ in range(1001)))
    assert caught.value.sqlstate == "PT413"
    assert database.one("select count(*) from public.request_logs") == 0


def test_unknown_is_null_and_never_zero(database: Database) -> None:
    row = stored(database, cost_usd=None, model="nobody-knows-this-model", tokens_reasoning=None)
    assert row["cost_usd"] is None
    assert row["cost_eur"] is None
    assert row["tokens_reasoning"] is None
    assert row["energy_kwh"] is None
    assert row["impact_reason"] == "no_factor"


def test_unknown_models_are_named_in_the_answer(database: Database) -> None:
    answer = database.store(
        event(model="nobody-knows-this-model"),
        event(model="nor-this", provider=None),
        event(model="nobody-knows-this-model", tokens_input_uncached=0, tokens_output_text=0),
    )
    assert answer["unknown_models"] == ["nor-this", "openai/nobody-knows-this-model"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cache_hit": True}, "gateway_cache"),
        (
            {"tokens_input_uncached": None, "tokens_output_text": None, "status": "failure"},
            "no_tokens",
        ),
        ({"call_type": "image_generation"}, "not_modelled"),
    ],
)
def test_a_request_without_an_impact_says_why(
    database: Database, fields: dict[str, Any], reason: str
) -> None:
    row = stored(database, **fields)
    assert row["energy_kwh"] is None
    assert row["impact_reason"] == reason


def test_a_cost_becomes_eur_at_the_rate_of_its_own_day(database: Database) -> None:
    database.execute(
        "insert into public.fx_rates (day, eur_per_usd, source) values "
        "('2026-10-09', 0.5, 'test'), ('2026-10-12', 0.25, 'test')"
    )
    friday = stored(database, started_at="2026-10-09T12:00:00Z", cost_usd="1")
    sunday = stored(database, started_at="2026-10-11T23:59:59Z", cost_usd="1")
    monday = stored(database, started_at="2026-10-12T00:00:00Z", cost_usd="1")
    before = stored(database, started_at="2026-10-01T00:00:00Z", cost_usd="1")
    assert [r["cost_eur"] for r in (friday, sunday, monday)] == [0.5, 0.5, 0.25]
    assert sunday["fx_date"] == "2026-10-09"
    assert (before["cost_eur"], before["fx_date"]) == (
        0.9,
        None,
    )  # the planning rate, and it says so


def test_a_corrected_rate_re_derives_just_its_days(database: Database) -> None:
    database.execute(
        "insert into public.fx_rates (day, eur_per_usd, source) values "
        "('2026-10-09', 0.5, 'test'), ('2026-10-12', 0.25, 'test')"
    )
    stored(database, started_at="2026-10-10T12:00:00Z", cost_usd="1")
    stored(database, started_at="2026-10-12T12:00:00Z", cost_usd="1")
    database.execute("update public.fx_rates set eur_per_usd = 0.6 where day = '2026-10-09'")
    assert database.rows("select cost_eur from public.request_logs order by started_at") == [
        (Decimal("0.6"),),
        (Decimal("0.25"),),
    ]
    database.execute("delete from public.fx_rates")
    assert database.one("select sum(cost_eur) from public.request_logs") == Decimal("1.8")
    database.execute(
        "update public.settings set value = '0.8' where key = 'fx_planning_rate_eur_per_usd'"
    )
    assert database.one("select sum(cost_eur) from public.usage_org_daily") == Decimal("1.6")
    assert database.rollup_differences() == 0


def test_a_future_time_is_clamped_and_flagged(database: Database) -> None:
    row = stored(database, started_at="2126-01-01T00:00:00Z")
    assert row["flags"] == ["clock_ahead"]
    assert database.one("select max(started_at) <= now() from public.request_logs")


def test_a_zone_changes_carbon_and_water_and_never_energy(database: Database) -> None:
    usual, french = stored(database), stored(database, grid_zone="FRA")
    assert usual["energy_kwh"] == french["energy_kwh"]
    assert french["carbon_gco2e"] < usual["carbon_gco2e"]
    assert french["grid_zone"] == "FRA"
    unknown = stored(database, grid_zone="ATLANTIS")
    assert unknown["flags"] == ["unknown_zone"]
    assert unknown["carbon_gco2e"] == usual["carbon_gco2e"]


def test_an_admins_mapping_gives_a_name_another_models_factor(database: Database) -> None:
    database.execute(
        "insert into public.model_mappings (provider, model, target_provider, target_model, source) "
        "values ('acme', 'house-model', 'openai', 'gpt-4o', 'test')"
    )
    mapped = stored(database, provider="Acme", model="House-Model")
    assert mapped["match"] == "admin"
    assert mapped["energy_kwh"] == stored(database)["energy_kwh"]


def test_a_session_mapped_before_or_after_makes_its_requests_a_persons(database: Database) -> None:
    database.store(event(user_id=None, session_id="early"))
    assert database.one("select private.map_session('early', 'google_1171', 'g@example.org')") == 1
    late = stored(database, user_id=None, session_id="early")
    assert (late["user_profile_id"], late["attribution"]) == ("google_1171", "session")
    tokens = "select tokens_used from public.user_usage_totals where user_id = 'google_1171'"
    assert database.one(tokens) == 2400
    assert database.one(
        "select count(*) from public.usage_user_daily where user_id = 'google_1171'"
    )
    assert database.rollup_differences() == 0


def test_a_mapped_session_outranks_a_declared_user_and_a_verified_user_outranks_it(
    database: Database,
) -> None:
    database.one("select private.map_session('s', 'user-of-other')")
    declared = stored(database, session_id="s", user_id="user-of-member", attribution="declared")
    verified = stored(database, session_id="s", user_id="user-of-member", attribution="verified")
    assert (declared["user_profile_id"], declared["attribution"]) == ("user-of-other", "session")
    assert (verified["user_profile_id"], verified["attribution"]) == ("user-of-member", "verified")


def test_a_mapped_session_outranks_a_signed_user_who_is_more_than_declared(
    database: Database,
) -> None:
    database.one("select private.map_session('s', 'user-of-other')")
    mapped = stored(database, session_id="s", user_id="user-of-member", attribution="signed")
    signed = stored(database, session_id="t", user_id="user-of-member", attribution="signed")
    assert (mapped["user_profile_id"], mapped["attribution"]) == ("user-of-other", "session")
    assert (signed["user_profile_id"], signed["attribution"]) == ("user-of-member", "signed")


def test_an_id_seen_for_the_first_time_gets_a_profile_with_the_least_role(
    database: Database,
) -> None:
    stored(database, user_id="new-id", user_email="new@example.org", user_name="New", team="t")
    [profile] = database.rows(
        "select email, full_name, team, role, auth_user_id from public.user_profiles "
        "where user_id = 'new-id'"
    )
    assert profile == ("new@example.org", "New", "t", "member", None)


def test_a_rejected_event_makes_nobody_known(database: Database) -> None:
    database.store(event(user_id="ghost", tokens_output_text=-1))
    assert database.one("select count(*) from public.user_profiles where user_id = 'ghost'") == 0


def test_strange_names_and_numbers_survive_unchanged(database: Database) -> None:
    row = stored(
        database,
        user_id="名前 🦊 '; drop table x; --",
        model="=cmd|' /C calc'!A0",
        tokens_output_text=10**9,
        cost_usd=0,
        tags=["b", "a", "a", "", "<script>"],
    )
    assert row["user_profile_id"] == "名前 🦊 '; drop table x; --"
    assert row["model"] == "=cmd|' /C calc'!A0"
    assert row["tokens_output_text"] == 10**9
    assert row["cost_usd"] == 0
    assert sorted(row["tags"]) == ["<script>", "a", "b"]


def test_the_impact_of_a_stored_row_is_the_formulas(database: Database) -> None:
    row = stored(database, tokens_cache_read=300, tokens_cache_write=50, tokens_reasoning=70)
    factor, facility, grid = (
        database.one(query, values)
        for query, values in (
            (
                "select to_jsonb(f) from public.impact_factors f where factor_id = %s",
                [row["factor_id"]],
            ),
            (
                "select to_jsonb(p) from public.provider_facilities p "
                "where provider = 'openai' and factor_set = %s",
                [row["factor_set"]],
            ),
            (
                "select to_jsonb(g) from public.grid_factors g where zone = %s and factor_set = %s",
                [row["grid_zone"], row["factor_set"]],
            ),
        )
    )
    # Worked out here from the published formula: reasoning counts as output, writing to the cache
    # as uncached input.
    weighted = 270 + factor["weight_input"] * 1050 + factor["weight_cached"] * 300
    energy = factor["energy_j_per_token_out"] * weighted * factor["host_overhead"]
    energy *= facility["pue"] / 3.6e6
    carbon = energy * grid["carbon_gco2e_per_kwh"] + factor["embodied_gco2e_per_token_out"] * 270
    water = energy / facility["pue"] * facility["wue_l_per_kwh"] + energy * grid["water_l_per_kwh"]
    assert row["energy_kwh"] == pytest.approx(energy, abs=1e-12)
    assert row["carbon_gco2e"] == pytest.approx(carbon, abs=1e-12)
    assert row["water_l"] == pytest.approx(water, abs=1e-12)
    assert row["energy_kwh_high"] == pytest.approx(energy * factor["band"], abs=1e-12)


def test_overlapping_batches_in_any_order_count_each_event_once(database: Database) -> None:
    events = [event(event_id=str(uuid.UUID(int=n))) for n in range(100)]
    assert database.store(*events[:60])["inserted"] == 60
    assert database.store(*reversed(events[40:]))["inserted"] == 40


def test_a_cost_in_eur_is_the_same_eur_again_and_its_usd_are_of_that_day(
    any_database: Database,
) -> None:
    any_database.execute(
        "insert into public.fx_rates (day, eur_per_usd, source) values ('2026-10-15', 0.87, 'test')"
    )
    row = stored(any_database, cost_usd=None, cost_eur="0.0034")
    assert Decimal(str(row["cost_usd"])) == Decimal("0.003908045977")  # 0.0034 / 0.87
    assert abs(Decimal(str(row["cost_eur"])) - Decimal("0.0034")) < Decimal("1e-11")
    assert stored(any_database, cost_usd="0.5", cost_eur="9")["cost_usd"] == 0.5
    for wrong in ("much", "-1", [1]):
        answer = any_database.store(event(cost_usd=None, cost_eur=wrong))
        assert "reported_cost" in answer["rejected"][0]["reason"]


def test_a_batch_answers_with_its_impact_within_the_scope_of_its_key(
    any_database: Database,
) -> None:
    key = any_database.make_key(team="research")
    events = [event(), event(model="unheard-of")]
    with any_database.acting("anonymous", {"x-ingest-key": key}) as connection:
        call = "select public.ingest_request_logs(%s::jsonb, true)"
        answer = connection.execute(call, [json.dumps(events)]).fetchone()[0]  # type: ignore[index]
        again = connection.execute(call, [json.dumps(events)]).fetchone()[0]  # type: ignore[index]
    known, unknown = (
        next(e for e in answer["events"] if e["event_id"] == sent["event_id"]) for sent in events
    )
    assert known["energy_kwh_low"] < known["energy_kwh"] < known["energy_kwh_high"]
    assert (unknown["energy_kwh"], unknown["impact_reason"]) == (None, "no_factor")
    assert (again["duplicates"], again["events"]) == (2, answer["events"])
    stranger = any_database.make_key(team="sales")
    with any_database.acting("anonymous", {"x-ingest-key": stranger}) as connection:
        other = connection.execute(call, [json.dumps(events)]).fetchone()[0]  # type: ignore[index]
    assert (other["duplicates"], other["events"]) == (2, [])


def test_a_batch_of_known_bad_and_new_events_stores_just_the_new_ones(
    any_database: Database,
) -> None:
    known = [event() for _ in range(3)]
    any_database.store(*known)
    bad = event(event_id="not-a-uuid")
    answer = any_database.store(known[0], bad, event(), known[2], known[1] | {"model": "other"})
    assert (answer["inserted"], answer["duplicates"]) == (1, 3)
    assert [r["event_id"] for r in answer["rejected"]] == ["not-a-uuid"]
    assert any_database.one("select count(*) from public.request_logs where model = 'other'") == 0
    assert any_database.rollup_differences() == 0


def test_a_quantity_may_have_as_many_digits_as_a_float(any_database: Database) -> None:
    seconds = 3.3333333333333335
    assert any_database.store(event(quantities={"audio_seconds": seconds}))["inserted"] == 1
    assert any_database.one(
        "select quantities ->> 'audio_seconds' from public.request_logs"
    ) == str(seconds)
    for wrong in (-1, "many", 10**13, None, [1]):
        answer = any_database.store(event(quantities={"audio_seconds": wrong}))
        assert "quantities.audio_seconds" in answer["rejected"][0]["reason"]
