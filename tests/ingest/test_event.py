"""`UsageEvent`: identity, validation, JSON."""

from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.event import FIELDS, TOKENS, UsageEvent, event_id
from house import Database

START = datetime(2026, 10, 15, 10, 0, 0, 123456, tzinfo=UTC)


def an_event(**fields: Any) -> UsageEvent:
    given_fields: dict[str, Any] = {
        "event_id": uuid.uuid4(),
        "started_at": START,
        "model": "gpt-4o",
    } | fields
    return UsageEvent(**given_fields)


def test_the_identity_is_the_uuid5_of_call_status_and_start_in_microseconds() -> None:
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "https://github.com/llm-footprint/footprint/request")
    # 2026-10-15T10:00:00.123456Z is 20,741 days, 10 h and 123,456 µs after 1970-01-01.
    micros = (20_741 * 86_400 + 36_000) * 1_000_000 + 123_456
    expected = uuid.uuid5(namespace, f"call-1|success|{micros}")
    assert event_id("call-1", "success", START) == expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"tokens_input_uncached": 1.5}, "tokens_input_uncached must be a whole number, not 1.5"),
        ({"tokens_input_uncached": True}, "must be a whole number, not True"),
        ({"tokens_output_text": "3"}, "tokens_output_text must be a whole number, not 3"),
        ({"tokens_reasoning": float("nan")}, "must be a whole number, not nan"),
        ({"cost_usd": 0.5}, "cost_usd must be a number from 0 to 10^7"),
        ({"latency_s": "1"}, "latency_s must be from 0 to 10^7 seconds"),
        ({"latency_s": float("nan")}, "latency_s must be from 0 to 10^7 seconds"),
        ({"model": 5}, "model must be a text, not 5"),
        ({"user_id": 5}, "user_id must be a text, not 5"),
        ({"tags": (5,)}, "tags must be texts"),
    ],
)
def test_a_value_of_another_kind_is_named_before_anything_is_promised(
    fields: dict[str, Any], words: str
) -> None:
    assert words in "; ".join(an_event(**fields).problems())


def test_the_identity_is_the_same_in_every_time_zone() -> None:
    elsewhere = START.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert event_id("c", "success", START) == event_id("c", "success", elsewhere)


def test_a_fallback_under_one_call_id_is_two_events() -> None:
    assert event_id("c", "failure", START) != event_id("c", "success", START)
    later = START + timedelta(microseconds=1)
    assert event_id("c", "success", START) != event_id("c", "success", later)


def test_a_start_without_time_zone_has_no_identity() -> None:
    with pytest.raises(ValueError, match="time zone"):
        event_id("c", "success", START.replace(tzinfo=None))


def test_the_token_classes_are_disjoint_and_add_up() -> None:
    event = an_event(
        tokens_input_uncached=100,
        tokens_cache_read=20,
        tokens_cache_write=3,
        tokens_output_text=40,
        tokens_reasoning=5,
    )
    assert (event.tokens_input, event.tokens_output) == (123, 45)
    assert TOKENS == (
        "tokens_input_uncached",
        "tokens_cache_read",
        "tokens_cache_write",
        "tokens_output_text",
        "tokens_reasoning",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("model", "m" * 301),
        ("provider", "p" * 321),
        ("user_name", "nul\0"),
        ("user_email", "half \ud800"),
        ("tags", ("a\0b",)),
        ("tokens_reasoning", -1),
        ("tokens_input_uncached", 10**12 + 1),
        ("cost_usd", Decimal("-0.01")),
        ("cost_usd", Decimal("NaN")),
        ("cost_usd", Decimal("Infinity")),
        ("latency_s", float("nan")),
        ("latency_s", -1.0),
        ("started_at", datetime(2026, 1, 1)),
        ("started_at", datetime(1999, 12, 31, tzinfo=UTC)),
        ("status", "maybe"),
        ("attribution", "session"),
    ],
)
def test_what_cannot_be_stored_is_named_by_its_field(field: str, value: Any) -> None:
    problems = an_event(**{field: value}).problems()
    assert [problem.split()[0] for problem in problems] == [field]


def test_a_good_event_has_no_problems_and_leaves_out_what_it_does_not_know() -> None:
    event = an_event(tokens_output_text=0, cost_usd=Decimal("0.0000001"), tags=("a", "b"))
    assert event.problems() == ()
    body = json.loads(json.dumps(event.to_json()))
    assert body["started_at"] == "2026-10-15T10:00:00.123456+00:00"
    assert body["tokens_output_text"] == 0
    assert body["tags"] == ["a", "b"]
    assert Decimal(body["cost_usd"]) == Decimal("0.0000001")
    assert "tokens_reasoning" not in body
    assert set(body) <= set(FIELDS)


texts = st.one_of(st.none(), st.text(max_size=330))
counts = st.one_of(st.none(), st.integers(-2, 2 * 10**12))


@given(
    fields=st.fixed_dictionaries(
        {
            "model": st.text(max_size=310),
            "user_id": texts,
            "team": texts,
            "error_class": texts,
            "tags": st.lists(st.text(max_size=30), max_size=3).map(tuple),
            "tokens_input_uncached": counts,
            "tokens_reasoning": counts,
            "cost_usd": st.one_of(st.none(), st.decimals(places=12)),
            "latency_s": st.one_of(st.none(), st.floats()),
        }
    )
)
def test_whatever_has_no_problem_becomes_json_that_holds_everything(fields: Any) -> None:
    event = an_event(**fields)
    if not event.problems():
        body = json.loads(json.dumps(event.to_json(), allow_nan=False))
        assert "\\u0000" not in json.dumps(body)
        for name in ("model", "user_id", "team"):
            assert body.get(name) == getattr(event, name)


def test_the_database_takes_every_field_under_its_name(database: Database) -> None:
    event = an_event(
        provider="openai",
        model_group="chat",
        call_type="responses",
        stream=True,
        status="failure",
        error_class="Timeout",
        error_code="408",
        litellm_call_id="call-1",
        trace_id="trace",
        session_id="session",
        source="sdk",
        user_id="u1",
        attribution="verified",
        end_user="someone",
        user_email="u1@example.org",
        user_name="U One",
        team="research",
        tokens_input_uncached=1,
        tokens_cache_read=2,
        tokens_cache_write=3,
        tokens_output_text=4,
        tokens_reasoning=5,
        tokens_estimated=True,
        service_tier="flex",
        quantities={"pages": 3, "audio_seconds": Decimal("12.5")},
        cache_hit=True,
        cost_usd=Decimal("0.000000000001"),
        cost_tools_usd=Decimal("0.000000000001"),
        price_source="test",
        latency_s=1.5,
        time_to_first_token_s=0.25,
        region="eu-west-3",
        grid_zone="FRA",
        tags=("a", "b"),
        job_id="batch-1",
        flags=("cut: tags", "unread: usage.new_tokens"),
    )
    assert database.store(event.to_json())["inserted"] == 1
    columns = [name for name in FIELDS if name not in ("user_id", "grid_zone", "former_id")]
    row = database.rows(f"select {', '.join(columns)}, user_profile_id from public.request_logs")[0]
    stored = dict(zip([*columns, "user_id"], row, strict=True))
    expected = dataclasses.asdict(event)
    del expected["grid_zone"]  # A gateway cache hit has no impact, and so no zone.
    del expected["former_id"]  # It names no column: only what is there already.
    expected["tags"], expected["flags"] = ["a", "b"], list(event.flags)
    expected["quantities"] = {"pages": 3, "audio_seconds": 12.5}
    assert {**stored, "latency_s": float(stored["latency_s"])} == {
        **expected,
        "time_to_first_token_s": Decimal("0.25"),
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "m" * 301),
        ("provider", "p" * 321),
        ("tokens_reasoning", 10**12 + 1),
        ("tokens_output_text", -1),
        ("cost_usd", Decimal(10**7) + 1),
        ("latency_s", 1e7 + 1),
        ("status", "maybe"),
        ("started_at", datetime(1999, 12, 31, tzinfo=UTC)),
    ],
)
def test_the_database_refuses_what_we_call_a_problem(
    database: Database, field: str, value: Any
) -> None:
    event = an_event(**{field: value})
    assert event.problems()
    answer = database.store(event.to_json())
    assert answer["inserted"] == 0
    assert len(answer["rejected"]) == 1
