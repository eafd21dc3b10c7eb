"""Rows into events: which column fills what, and what a value may be."""

from __future__ import annotations

import csv
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footprint.errors import InputError
from footprint.event import UsageEvent, event_id
from footprint.ingest import values
from footprint.ingest.mapping import ALIASES, TARGETS, BadRow, Instructions, Mapper
from footprint.ingest.pricing import price_map
from footprint.ingest.rates import NO_PRICE, NO_USAGE
from footprint.ingest.readers import Record

DIGEST = bytes(range(32))
BASE = {"started_at": "2026-10-15T10:00:00Z", "model": "gpt-4o", "provider": "openai"}


def mapped(row: dict[str, Any], **instructions: Any) -> UsageEvent:
    return Mapper(Instructions(**instructions), price_map()).event(Record(2, DIGEST, row))


def refused(row: dict[str, Any]) -> str:
    with pytest.raises(BadRow) as raised:
        mapped(row)
    return str(raised.value)


def test_a_row_of_the_azure_trace_keeps_its_time_and_tokens() -> None:
    row = {
        "TIMESTAMP": "2023-11-16 18:15:46.6805900",
        "ContextTokens": "374",
        "GeneratedTokens": "44",
    }
    event = mapped(row, constants={"model": "gpt-4o", "provider": "openai", "user_id": "u1"})
    assert event.started_at == datetime(2023, 11, 16, 18, 15, 46, 680590, tzinfo=UTC)
    assert (event.tokens_input_uncached, event.tokens_output_text) == (374, 44)
    # 374 × 2.50 + 44 × 10.00 USD a million.
    assert event.cost_usd == Decimal("0.001375")
    assert (event.user_id, event.attribution, event.source) == ("u1", "declared", "import")


def test_litellms_spend_log_names_are_known() -> None:
    event = mapped(
        {
            "request_id": "chatcmpl-1",
            "call_type": "acompletion",
            "startTime": "2026-10-15T10:00:00.500000+00:00",
            "endTime": "2026-10-15T10:00:02.750000+00:00",
            "model": "openai/gpt-4o",
            "custom_llm_provider": "openai",
            "spend": "0.0123",
            "prompt_tokens": "100",
            "completion_tokens": "20",
            "user": "u1",
            "request_tags": '["a", "b"]',
        }
    )
    assert (event.provider, event.model) == ("openai", "gpt-4o")
    assert (event.tokens_input, event.tokens_output) == (100, 20)
    assert (event.cost_usd, event.price_source) == (Decimal("0.0123"), "imported")
    assert event.latency_s == 2.25
    assert event.tags == ("a", "b")
    assert event.event_id == event_id("chatcmpl-1", "success", event.started_at)


def test_openais_usage_includes_cached_and_reasoning_tokens() -> None:
    event = mapped(
        BASE
        | {
            "usage.prompt_tokens": 1000,
            "usage.prompt_tokens_details.cached_tokens": 600,
            "usage.completion_tokens": 300,
            "usage.completion_tokens_details.reasoning_tokens": 250,
        }
    )
    assert (event.tokens_input_uncached, event.tokens_cache_read) == (400, 600)
    assert (event.tokens_output_text, event.tokens_reasoning) == (50, 250)


def test_anthropics_usage_excludes_cached_tokens() -> None:
    event = mapped(
        BASE
        | {
            "usage.input_tokens": 60,
            "usage.cache_read_input_tokens": 10,
            "usage.cache_creation_input_tokens": 30,
            "usage.output_tokens": 7,
        }
    )
    assert event.tokens_input_uncached == 60
    assert event.tokens_input == 100


def test_a_named_column_wins_over_the_one_that_would_be_found() -> None:
    row = BASE | {"prompt_tokens": "1", "in": "2", "when": "2026-01-01"}
    event = mapped(row, columns={"tokens_input": "in", "started_at": "when"})
    assert event.tokens_input_uncached == 2
    assert event.started_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_constant_fills_only_what_a_row_leaves_open() -> None:
    constants = {"team": "research", "model": "gpt-4o-mini"}
    assert mapped(BASE | {"team": ""}, constants=constants).team == "research"
    named = mapped(BASE | {"team": "sales"}, constants=constants)
    assert (named.team, named.model) == ("sales", "gpt-4o")


def test_an_id_of_its_own_is_kept() -> None:
    own = uuid.uuid4()
    assert mapped(BASE | {"event_id": str(own)}).event_id == own


def test_without_an_id_a_row_is_what_it_says_and_which_of_its_equals_it_is() -> None:
    mapper = Mapper(Instructions(constants={"user_id": "u1"}), price_map())
    first, second, other = (
        mapper.event(Record(line, bytes([line]) * 32, row))
        for line, row in ((2, BASE), (3, BASE), (4, BASE | {"tokens_input": 1}))
    )
    assert len({first.event_id, second.event_id, other.event_id}) == 3
    # Written otherwise, elsewhere in another file, it is the same; for somebody else it is not.
    again = Mapper(Instructions(constants={"user_id": "u1"}), price_map())
    written = BASE | {"started_at": "2026-10-15T12:00:00+02:00", "cost_usd": ""}
    assert again.event(Record(99, DIGEST, written)).event_id == first.event_id
    assert mapped(BASE, constants={"user_id": "u2"}).event_id != first.event_id
    # By this name 0.1.0 knew it.
    assert first.former_id == event_id(
        f"import|{(bytes([2]) * 32).hex()}", "success", first.started_at
    )
    own = mapped(BASE | {"event_id": str(uuid.uuid4())})
    assert own.former_id is None


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"started_at": ""}, "started_at is missing"),
        ({"model": " "}, "model is missing"),
        ({"started_at": "yesterday"}, "started_at is not an ISO 8601 time: yesterday"),
        ({"started_at": "01/02/2026"}, "started_at is not an ISO 8601 time"),
        ({"started_at": "2026-02-30"}, "started_at is not an ISO 8601 time"),
        ({"started_at": "1999-01-01"}, "started_at is before the year 2000"),
        ({"tokens_input": "-5"}, "tokens_input is negative: -5"),
        ({"tokens_input": "5.5"}, "tokens_input is not a whole number: 5.5"),
        ({"tokens_input": "NaN"}, "tokens_input is not a whole number: NaN"),
        ({"tokens_input": "1,234"}, "tokens_input is not a whole number"),
        (
            {"tokens_input": "1.234,56"},
            "tokens_input is not a whole number: 1.234,56 (write it with",
        ),
        ({"tokens_input": "1 000"}, "tokens_input is not a whole number: 1 000 (write it with"),
        (
            {"tokens_input": "1\u202f000"},
            "tokens_input is not a whole number: 1 000 (write it with",
        ),
        ({"cost_usd": "1.234,56"}, "cost_usd is not a number: 1.234,56 (write it with a decimal"),
        ({"cost_usd": "0,5"}, "cost_usd is not a number: 0,5 (write it with a decimal point"),
        ({"cost_usd": "12 EUR"}, "cost_usd is not a number: 12 EUR"),
        ({"tokens_input": "2.5e0"}, "tokens_input is not a whole number: 2.5e0"),
        ({"tokens_input": "1e99"}, "tokens_input_uncached must be from 0 to 10^12"),
        ({"started_at": "2099-06-01"}, "started_at lies in the future: 2099-06-01 00:00 UTC"),
        ({"started_at": "20990601120000"}, "started_at lies in the future: 2099-06-01 12:00 UTC"),
        ({"started_at": "20261399120000"}, "started_at is not an ISO 8601 time"),
        ({"started_at": "20260601120000000"}, "started_at lies in the future: 2612-"),
        ({"tokens_input": True}, "tokens_input is not a whole number"),
        ({"tokens_input": [1]}, "tokens_input is a list"),
        ({"tokens_input": "10", "tokens_cache_read": "11"}, "tokens_input is 10, less than the 11"),
        ({"tokens_output": "1", "tokens_reasoning": "2"}, "tokens_output is 1, less than the 2"),
        ({"tokens_reasoning": "-1"}, "tokens_reasoning is negative: -1"),
        ({"tokens_input": "9" * 30}, "tokens_input_uncached must be from 0 to 10^12"),
        ({"cost_usd": "NaN"}, "cost_usd is not a number: NaN"),
        ({"cost_usd": "1e999999"}, "cost_usd must be a number from 0 to 10^7"),
        ({"cost_usd": "-1"}, "cost_usd must be a number from 0 to 10^7, not -1"),
        ({"latency_s": "1e400"}, "latency_s must be from 0 to 10^7 seconds"),
        ({"status": "perhaps"}, "status is no status that is known: perhaps"),
        ({"stream": "sometimes"}, "stream is neither true nor false"),
        ({"event_id": "42"}, "event_id is not a UUID: 42"),
        ({"tags": "[1, "}, "tags are no JSON list"),
        ({"model": "m" * 301}, "model must have 1 to 300 characters"),
        ({"user_id": "\ud800"}, "user_id holds a character that cannot be stored"),
    ],
)
def test_a_row_that_cannot_be_used_says_which_field_and_why(
    row: dict[str, Any], reason: str
) -> None:
    assert refused(BASE | row).startswith(reason)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-10-15T10:00:00Z", datetime(2026, 10, 15, 10, tzinfo=UTC)),
        ("2026-10-15 12:00:00+02:00", datetime(2026, 10, 15, 10, tzinfo=UTC)),
        ("2026-10-15 10:00:00 UTC", datetime(2026, 10, 15, 10, tzinfo=UTC)),
        ("2026-10-15", datetime(2026, 10, 15, tzinfo=UTC)),
        ("1792058400", datetime(2026, 10, 15, 10, tzinfo=UTC)),
        ("20261015100000", datetime(2026, 10, 15, 10, tzinfo=UTC)),
        (20261015100000, datetime(2026, 10, 15, 10, tzinfo=UTC)),
        (1792058400.5, datetime(2026, 10, 15, 10, 0, 0, 500_000, tzinfo=UTC)),
        (1792058400123, datetime(2026, 10, 15, 10, 0, 0, 123_000, tzinfo=UTC)),
        (1792058400123456, datetime(2026, 10, 15, 10, 0, 0, 123_456, tzinfo=UTC)),
        ("1792058400123456789", datetime(2026, 10, 15, 10, 0, 0, 123_457, tzinfo=UTC)),
    ],
)
def test_times_are_iso_8601_or_unix(written: Any, meant: datetime) -> None:
    assert abs(values.moment(written) - meant) <= timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("written", "meant"), [("1e6", 1_000_000), ("2.5E+3", 2500), ("1.0", 1), ("7", 7), (7, 7)]
)
def test_whole_numbers_may_have_an_exponent(written: Any, meant: int) -> None:
    assert values.count(written) == meant


def test_a_long_text_is_no_number_at_once() -> None:
    began = time.process_time()
    with pytest.raises(values.BadValue):
        values.count("1" + ", " * 500_000 + "x")
    assert time.process_time() - began < 1


def test_a_request_of_within_a_day_is_no_mistake() -> None:
    soon = datetime.now(UTC) + timedelta(hours=20)
    assert mapped(BASE | {"started_at": soon.isoformat()}).started_at == soon


def test_a_billion_tokens_are_a_number_like_any_other() -> None:
    event = mapped(BASE | {"tokens_input": str(10**9), "tokens_output": "0"})
    assert event.tokens_input == 10**9
    assert event.cost_usd == 2500


def test_a_cost_of_nothing_is_unknown_and_not_free() -> None:
    event = mapped(BASE | {"model": "acme-9", "cost_usd": "0.00"})
    assert (event.cost_usd, event.price_source) == (None, NO_PRICE)


def test_a_row_with_an_error_class_failed() -> None:
    assert mapped(BASE | {"error_class": "RateLimitError"}).status == "failure"
    assert mapped(BASE | {"error_class": "RateLimitError"}).cost_usd == 0
    assert mapped(BASE | {"error_class": "x", "status": "ok"}).status == "success"


@pytest.mark.parametrize("nothing", ["", " ", "null", "NULL", "None", "\\N", "n/a", None])
def test_what_a_table_writes_for_nothing_is_unknown(nothing: str | None) -> None:
    event = mapped(BASE | {"tokens_input": nothing, "user_id": nothing, "cost_usd": nothing})
    assert (event.tokens_input_uncached, event.user_id) == (None, None)
    assert (event.cost_usd, event.price_source) == (None, NO_USAGE)


def test_a_field_that_does_not_exist_is_refused_with_the_ones_that_do() -> None:
    with pytest.raises(InputError, match=r"no field 'prompt'.*tokens_input"):
        Instructions({"prompt": "a"})


def test_a_header_without_what_is_needed_is_refused_with_what_it_has() -> None:
    def check(header: list[str], **instructions: Any) -> None:
        Mapper(Instructions(**instructions), price_map()).check(header)

    with pytest.raises(InputError, match="--map started_at=COLUMN; the columns are: a, b"):
        check(["a", "b"])
    with pytest.raises(InputError, match="--model"):
        check(["timestamp", "b"])
    with pytest.raises(InputError, match="--map team=c: there is no such column"):
        check(["timestamp", "model"], columns={"team": "c"})
    check(["timestamp"], constants={"model": "gpt-4o"})
    check(["when", "what"], columns={"started_at": "when", "model": "what"})


def test_no_name_is_known_for_two_fields() -> None:
    names = [*TARGETS, *(alias for aliases in ALIASES.values() for alias in aliases)]
    assert len(names) == len(set(names))
    assert set(ALIASES) <= set(TARGETS)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.sampled_from(["2026-01-01", "5", "-5", "0.1", "1e5", "true", "[1]", "{}", "١٢", "１２"]),
    st.lists(st.one_of(st.text(max_size=5), st.integers()), max_size=3),
    st.decimals(),
)


@settings(deadline=None, max_examples=300)
@given(row=st.dictionaries(st.sampled_from(sorted(TARGETS)), anything))
def test_whatever_a_row_holds_it_is_an_event_or_has_a_reason(row: dict[str, Any]) -> None:
    try:
        event = mapped({**BASE, **row})
    except BadRow as error:
        assert str(error)
        assert "\n" not in str(error)
        return
    assert event.problems() == ()
    body = json.loads(json.dumps(event.to_json(), allow_nan=False))
    assert body["model"]
    assert event.price_source
    known = event.cost_usd is not None or event.reported_cost is not None
    assert event.price_source.startswith("unknown") != known


def test_the_whole_trace_maps_to_the_totals_that_csv_adds_up(trace_csv: Path) -> None:
    with trace_csv.open(newline="") as file:
        rows = list(csv.DictReader(file))
    expected_in = sum(int(row["ContextTokens"]) for row in rows)
    expected_out = sum(int(row["GeneratedTokens"]) for row in rows)
    mapper = Mapper(Instructions(constants={"model": "gpt-4o"}), price_map())
    events = [mapper.event(Record(n, b"%d" % n, row)) for n, row in enumerate(rows)]
    assert len({event.event_id for event in events}) == 19_366
    assert sum(event.tokens_input for event in events) == expected_in
    assert sum(event.tokens_output for event in events) == expected_out
    cost = sum(event.cost_usd or 0 for event in events)
    assert cost == (Decimal("2.5") * expected_in + 10 * Decimal(expected_out)) / 10**6


def test_a_row_without_a_cost_of_its_own_is_held_against_its_other_money() -> None:
    tokens = {"tokens_input": "1000", "tokens_output": "10"}
    stated = mapped(BASE | tokens | {"cost_usd": "0.5", "usage.cost": "0.4", "search_fee": "0.1"})
    assert (stated.cost_usd, stated.flags) == (Decimal("0.5"), ())
    # The same columns, in a row that leaves the cost open or says 0, which means unknown.
    for nothing in ("", "0"):
        other = mapped(BASE | tokens | {"cost_usd": nothing, "search_fee": "0.1"})
        assert (other.cost_usd, other.flags) == (None, ("unread: search_fee",))
        usage = mapped(BASE | tokens | {"cost_usd": nothing, "usage.cost": "0.4"})
        assert usage.cost_usd == Decimal("0.4")


def test_a_plan_of_the_customers_is_no_tier_of_service() -> None:
    event = mapped(BASE | {"tokens_input": "1000", "tokens_output": "10", "tier": "gold"})
    assert (event.service_tier, event.cost_usd) == (None, Decimal("0.0026"))
