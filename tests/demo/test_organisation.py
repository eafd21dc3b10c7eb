"""The rule of the demo organisation: what is real stays real, and the same day gives the same."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footprint.demo.calendar import hours_of, period_before
from footprint.demo.donations import donations_for
from footprint.demo.models import MODELS, OWN_MODEL
from footprint.demo.organisation import TILES, requests_before
from footprint.demo.people import PEOPLE
from footprint.demo.trace import read_trace
from footprint.event import UsageEvent
from footprint.ingest.pricing import price_map

TODAY = date(2026, 11, 21)
DATA = Path(__file__).parents[2] / "lib/footprint/demo/data"
# Of AzureLLMInferenceTrace_conv.csv: what is shipped is what was published.
PUBLISHED_SHA256 = "2f1e5b666d4e3055fdbba98598ce2ec307767b9064e03e2fa46676dbcc7d0bf8"


@pytest.fixture(scope="module")
def year() -> list[UsageEvent]:
    return list(requests_before(TODAY, price_map()))


@pytest.fixture(scope="module")
def trace_rows() -> list[dict[str, str]]:
    text = gzip.decompress((DATA / "azure_llm_inference_trace_conv.csv.gz").read_bytes())
    return list(csv.DictReader(text.decode().splitlines()))


def answered(year: list[UsageEvent]) -> list[UsageEvent]:
    return [event for event in year if event.status != "failure"]


def row_of(event: UsageEvent) -> tuple[int, int]:
    """Return tile and row of the trace, from the call id ``demo-<tile>-<row>``."""
    assert event.litellm_call_id
    _, tile, row = event.litellm_call_id.split("-")
    return int(tile), int(row)


def test_the_trace_is_shipped_as_it_was_published_with_its_attribution() -> None:
    packed = (DATA / "azure_llm_inference_trace_conv.csv.gz").read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == PUBLISHED_SHA256
    attribution = (DATA / "ATTRIBUTION.md").read_text()
    for words in ("CC-BY 4.0", "Patel", "Splitwise", "ISCA 2024", PUBLISHED_SHA256):
        assert words in attribution


def test_every_tile_holds_the_real_pairs_of_the_whole_trace(
    year: list[UsageEvent], trace_rows: list[dict[str, str]]
) -> None:
    real = [(int(row["ContextTokens"]), int(row["GeneratedTokens"])) for row in trace_rows]
    assert len(real) == 19_366
    tiles: dict[int, dict[int, tuple[int, int]]] = {}
    for event in answered(year):
        tile, row = row_of(event)
        tiles.setdefault(tile, {})[row] = (event.tokens_input, event.tokens_output)
    assert sorted(tiles) == list(range(TILES))
    for found in tiles.values():
        assert [found[row] for row in range(len(real))] == real


def test_every_request_keeps_its_real_minute_second_and_microsecond(
    year: list[UsageEvent], trace_rows: list[dict[str, str]]
) -> None:
    for event in answered(year)[::37]:
        came = datetime.fromisoformat(trace_rows[row_of(event)[1]]["TIMESTAMP"])
        stored = event.started_at
        assert (stored.minute, stored.second, stored.microsecond) == (
            came.minute,
            came.second,
            came.microsecond,
        )


def test_all_totals_are_six_times_those_of_the_trace(
    year: list[UsageEvent], trace_rows: list[dict[str, str]]
) -> None:
    context = sum(int(row["ContextTokens"]) for row in trace_rows)
    generated = sum(int(row["GeneratedTokens"]) for row in trace_rows)
    assert sum(event.tokens_input for event in year) == 6 * context
    assert sum(event.tokens_output for event in year) == 6 * generated
    assert len(answered(year)) == 6 * 19_366 == 116_196


def test_the_same_day_gives_the_same_requests_in_another_process() -> None:
    code = (
        "import hashlib, itertools\n"
        "from datetime import date\n"
        "from footprint.demo.organisation import requests_before\n"
        "from footprint.ingest.delivery import encode\n"
        "from footprint.ingest.pricing import price_map\n"
        "digest = hashlib.sha256()\n"
        "events = requests_before(date(2026, 11, 21), price_map())\n"
        "for event in itertools.islice(events, 20000): digest.update(encode(event))\n"
        "print(digest.hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_every_request_can_be_stored_once(year: list[UsageEvent]) -> None:
    assert not [event for event in year if event.problems()]
    assert len({event.event_id for event in year}) == len(year)
    assert all(event.source == "demo" for event in year)


def test_the_year_is_twelve_whole_months_and_ends_yesterday(year: list[UsageEvent]) -> None:
    days = {event.started_at.date() for event in year}
    assert min(days) >= date(2025, 11, 1)
    assert max(days) == date(2026, 11, 20)
    months = Counter(event.started_at.strftime("%Y-%m") for event in year)
    assert len(months) == 13
    assert months["2026-10"] > 2 * months["2025-11"]


def test_most_is_asked_in_office_hours_on_weekdays(year: list[UsageEvent]) -> None:
    office = [e for e in year if e.started_at.weekday() < 5 and 7 <= e.started_at.hour < 18]
    assert len(office) > 0.8 * len(year)
    weekend = [e for e in year if e.started_at.weekday() >= 5]
    assert 0.01 * len(year) < len(weekend) < 0.06 * len(year)


def test_the_organisation_has_forty_people_eight_models_and_a_bit_of_everything(
    year: list[UsageEvent],
) -> None:
    assert len(PEOPLE) == len({p.user_id for p in PEOPLE}) == len({p.email for p in PEOPLE}) == 40
    assert len({p.team for p in PEOPLE}) == 5
    assert all(p.email.endswith("@demo.test") for p in PEOPLE)
    assert {e.user_id for e in year} - {None} == {p.user_id for p in PEOPLE}
    assert len(MODELS) == 8
    assert {m.provider for m in MODELS} == {"openai", "anthropic", "gemini", "mistral"}
    assert {(e.provider, e.model) for e in year} == {
        (m.provider, m.name) for m in (*MODELS, OWN_MODEL)
    }
    share = {name: sum(test) / len(year) for name, test in {
        "failed": [e.status == "failure" for e in year],
        "cancelled": [e.status == "cancelled" for e in year],
        "unnamed": [e.user_id is None for e in year],
        "own model": [e.model == OWN_MODEL.name for e in year],
        "from cache": [bool(e.tokens_cache_read) for e in year],
        "into cache": [bool(e.tokens_cache_write) for e in year],
        "reasoned": [bool(e.tokens_reasoning) for e in year],
        "gateway": [e.cache_hit for e in year],
        "tagged": [bool(e.tags) for e in year],
        "declared": [e.attribution == "declared" for e in year],
    }.items()}  # fmt: skip
    expected = {
        "failed": (0.02, 0.03), "cancelled": (0.002, 0.006), "unnamed": (0.03, 0.05),
        "own model": (0.01, 0.015), "from cache": (0.1, 0.3), "into cache": (0.005, 0.03),
        "reasoned": (0.1, 0.2), "gateway": (0.008, 0.012), "tagged": (0.5, 0.7),
        "declared": (0.1, 0.35),
    }  # fmt: skip
    outside = {n: s for n, s in share.items() if not expected[n][0] < s < expected[n][1]}
    assert outside == {}


def test_a_failure_has_no_tokens_and_comes_before_the_attempt_that_answered(
    year: list[UsageEvent],
) -> None:
    start = {e.litellm_call_id: e.started_at for e in answered(year)}
    failures = [e for e in year if e.status == "failure"]
    assert all(e.tokens_input_uncached is None and e.error_class for e in failures)
    assert all(e.cost_usd == 0 for e in failures)
    gaps = [start[e.litellm_call_id] - e.started_at for e in failures]
    assert timedelta(0) <= min(gaps)
    assert max(gaps) <= timedelta(seconds=21)


def test_nobody_asks_before_joining_and_no_model_before_it_is_used(year: list[UsageEvent]) -> None:
    joined = {p.user_id: p.joined for p in PEOPLE}
    since = {m.name: m.since for m in (*MODELS, OWN_MODEL)}
    period = period_before(TODAY)
    for event in year:
        month = period.month_of(event.started_at.date())
        assert month >= since[event.model]
        if event.user_id:
            assert month >= joined[event.user_id]


def test_use_falls_from_person_to_person_like_one_over_rank(year: list[UsageEvent]) -> None:
    counts = Counter(event.user_id for event in year if event.user_id)
    ordered = [count for _, count in counts.most_common()]
    assert ordered[0] > 0.12 * len(year)
    assert ordered[0] > 15 * ordered[-1]


@pytest.mark.parametrize("who", ["member@demo.test", "admin@demo.test", "finance@demo.test"])
def test_the_three_accounts_have_a_history_in_every_month(year: list[UsageEvent], who: str) -> None:
    months = Counter(e.started_at.strftime("%Y-%m") for e in year if e.user_email == who)
    assert len(months) == 13
    assert min(months.values()) >= 40


def test_only_the_model_of_the_house_has_no_price(year: list[UsageEvent]) -> None:
    for event in year:
        unknown = (
            event.model == OWN_MODEL.name and event.status != "failure" and not event.cache_hit
        )
        assert (event.cost_usd is None) == unknown
        assert (event.price_source or "").startswith("unknown") == unknown


@settings(deadline=None, max_examples=60)
@given(today=st.dates(date(2024, 1, 1), date(2040, 12, 31)))
def test_any_day_gives_whole_months_and_hours_that_add_up(today: date) -> None:
    period = period_before(today)
    assert period.last == today - timedelta(days=1)
    assert period.first.day == 1
    assert 365 <= (today - period.first).days <= 366 + 30
    closed = period.closed_months()
    assert closed[0] == period.first
    assert len(closed) == 12
    assert closed[-1] < today.replace(day=1)
    hours = hours_of(period, 5000)
    assert len(hours) == 5000
    assert hours == sorted(hours)
    assert hours[0] >= datetime(period.first.year, period.first.month, 1, tzinfo=UTC)
    assert hours[-1].date() <= period.last


def test_donations_are_near_the_cost_of_their_month_and_one_more_waits_for_its_check() -> None:
    months = period_before(TODAY).closed_months()
    costs = {month: Decimal(20 + number) for number, month in enumerate(months)}
    donations = donations_for(costs)
    assert {d.claim_type for d in donations} == {"restored", "planted", "protected"}
    for month in months:
        counted = [d for d in donations if d.month == month and d.claim_type != "protected"]
        [donation] = [d for d in counted if d.verified]
        assert Decimal("0.89") < donation.amount_eur / costs[month] < Decimal("1.15")
    assert [d.month for d in donations if not d.verified] == [months[-1]]
    assert len({d.donation_id for d in donations}) == len(donations) == 14
    assert all("(invented)" in d.organisation for d in donations)
    first = donations[0]
    assert first.receipt_sha256 == hashlib.sha256(first.receipt.encode()).hexdigest()
    # 20 EUR × 1.05 = 21 EUR, at 1.20 EUR a m2.
    assert (first.amount_eur, first.area_m2) == (Decimal(21), Decimal("17.5"))
    assert json.dumps(first.receipt).isascii()


def test_the_trace_is_read_in_its_order(trace_rows: list[dict[str, str]]) -> None:
    assert [a.context_tokens for a in read_trace()] == [int(r["ContextTokens"]) for r in trace_rows]
