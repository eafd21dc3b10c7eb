"""The month ahead, the others, what moved and what needs attention: texts worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from footprint.charts.measures import COST, ENERGY_USED
from footprint.data.attention import Attention
from footprint.data.footprint import Recent
from footprint.data.organisation import Latency
from footprint.data.peers import Peers
from footprint.data.period import Period
from footprint.ui.attention import findings
from footprint.ui.formats import Formats
from footprint.ui.movers import changes, movers_table
from footprint.ui.operations import latency_card
from footprint.ui.outlook import outlook_card, outlook_of
from footprint.ui.peers import peers_table

ENGLISH, GERMAN = Formats.of("en-GB"), Formats.of("de-DE")
# A Saturday; the month has nine days ahead of it, and today.
TODAY = date(2026, 11, 21)


def recent(first: date, cost: float, today: float) -> Recent:
    """Return days from ``first`` with one cost each, and today's so far."""
    days = pd.date_range(date(2026, 9, 26), TODAY, name="day")
    amounts = [0.0 if day.date() < first else cost for day in days]
    amounts[-1] = today
    columns = {"cost_eur": amounts, "energy_kwh": amounts, "carbon_gco2e": amounts}
    return Recent(TODAY, pd.DataFrame(columns, index=days))


def test_a_month_at_an_even_pace_comes_to_its_days() -> None:
    found = outlook_of(recent(date(2026, 9, 26), 2.0, 0.5), COST)
    assert found is not None
    assert (found.low, found.mid, found.high) == (60, 60, 60)

    card = outlook_card(recent(date(2026, 9, 26), 2.0, 0.5), COST, ENGLISH)
    assert (card.label, card.value) == ("Cost, November 2026", "≈ €60.00")
    # Twenty complete days at 2, and half a euro today.
    assert card.notes == ("90% interval €60.00 – €60.00", "€40.50 so far, today included")


def test_too_short_a_history_says_so_and_forecasts_nothing() -> None:
    young = recent(date(2026, 10, 25), 2.0, 0.5)  # 27 complete days
    assert outlook_of(young, ENERGY_USED) is None
    assert outlook_card(young, ENERGY_USED, ENGLISH).value == "Not enough history"


def test_ones_month_stands_beside_the_median() -> None:
    mine = {"cost_eur": 3.0, "tokens_used": 500.0, "energy_kwh": None, "water_l": 0.5}
    median: dict[str, float | None] = {"cost_eur": 1.5, "tokens_used": 1000.0, "energy_kwh": 0.012}
    table = peers_table(Peers(date(2026, 10, 1), 39, None, mine, median), ENGLISH)
    rows = [tuple(text.replace("\u00a0", " ") for text in row) for row in table.to_numpy()]
    assert rows == [
        ("Cost", "€3.00", "€1.50", "+100%"),
        ("Tokens", "500", "1 k", "−50%"),
        ("Energy", "unknown", "12 Wh", "unknown"),
        ("CO₂e", "unknown", "unknown", "unknown"),
        ("Water", "500 mL", "unknown", "unknown"),
    ]


def test_who_was_not_there_has_no_month_of_their_own() -> None:
    table = peers_table(Peers(date(2026, 10, 1), 39, None, {}, {"cost_eur": 1.5}), ENGLISH)
    assert list(table["You"]) == ["none"] * 5


def test_what_moved_most_comes_first_with_new_and_gone_named_so() -> None:
    now = pd.DataFrame({"model": ["a", "b", "b", "c"], "cost_eur": [5.0, 1.0, 2.0, 4.0]})
    before = pd.DataFrame({"model": ["a", "b", "d"], "cost_eur": [4.5, 3.0, 10.0]})
    moved = changes(now, before, "model", COST)
    # b stayed at 3; d went from 10, c came with 4, a rose by a half.
    assert list(moved["name"]) == ["d", "c", "a"]
    table = movers_table(moved, COST, GERMAN)
    assert list(table[""]) == ["gone", "new", "+11\u00a0%"]
    assert [change.split()[0] for change in table["Change"]] == [
        ":material/arrow_downward:",
        ":material/arrow_upward:",
        ":material/arrow_upward:",
    ]


def test_a_group_of_which_nothing_is_known_moved_by_nothing() -> None:
    now = pd.DataFrame({"team": ["a", ""], "cost_eur": [None, 1.0]})
    before = pd.DataFrame({"team": pd.Series([], dtype=object), "cost_eur": []})
    assert list(changes(now, before, "team", COST)["name"]) == ["No team"]


def facts(**changed: Any) -> Attention:
    fine: dict[str, Any] = {
        "today": TODAY,
        "last_day": TODAY,
        "requests": 1000,
        "billable": 800,
        "measurable": 800,
        "priced": 800,
        "measured": 800,
        "attributed": 1000,
        "unknown_models": 0,
        "open_months": 0,
        "open_pledged_eur": Decimal(0),
        "oldest_open_month": None,
        "unverified_donations": 0,
    }
    return Attention(**(fine | changed))


@pytest.mark.parametrize(
    ("waiting", "text", "remedy"),
    [
        (1, "1 donation waits to be compared with the receipt.", "Verify it"),
        (2, "2 donations wait to be compared with the receipt.", "Verify them"),
    ],
)
def test_finance_is_told_of_donations_that_wait(waiting: int, text: str, remedy: str) -> None:
    found = findings(facts(unverified_donations=waiting), "finance", ENGLISH)
    assert [(finding.text, finding.remedy) for finding in found] == [(text, remedy)]
    assert findings(facts(unverified_donations=waiting), "admin", ENGLISH) == []


def test_where_all_is_well_nothing_needs_attention() -> None:
    assert findings(facts(), "admin", ENGLISH) == findings(facts(), "finance", ENGLISH) == []


def test_an_admin_is_pointed_to_what_is_most_pressing_first() -> None:
    found = findings(
        facts(
            last_day=date(2026, 11, 17),
            measured=784,
            unknown_models=1,
            priced=760,
            attributed=960,
        ),
        "admin",
        ENGLISH,
    )
    assert [finding.text for finding in found] == [
        "No request has arrived since 17 Nov 2026.",
        "1 model has no known impact: 2% of the measurable requests of 30 days are not estimated.",
        "5% of the billable requests of 30 days have no price.",
        "4% of the requests of 30 days are linked to nobody.",
    ]
    assert found[0].file == "pages/ingest_keys.py"
    assert found[1].file == "pages/model_mapping.py"


def test_a_long_weekend_is_no_outage() -> None:
    assert findings(facts(last_day=date(2026, 11, 18)), "admin", ENGLISH) == []


@pytest.mark.parametrize(
    ("months", "words"), [(1, "August 2026"), (3, "3 months since August 2026")]
)
def test_finance_is_pointed_to_pledges_without_a_receipt(months: int, words: str) -> None:
    [found] = findings(
        facts(
            open_months=months,
            open_pledged_eur=Decimal("12.34"),
            oldest_open_month=date(2026, 8, 1),
            unknown_models=5,
        ),
        "finance",
        ENGLISH,
    )
    assert found.text == f"€12.34 pledged for {words} have no receipt yet."
    assert found.file == "pages/restoration.py"


def test_latency_is_told_with_the_sample_it_is_of() -> None:
    week = Period(date(2026, 11, 2), date(2026, 11, 8))
    card = latency_card(Latency(0.8124, 7.66, 1200, week), ENGLISH)
    assert (card.value, card.notes[0]) == ("812\u00a0ms", "95% within 7.7\u00a0s")
    assert card.notes[1] == "of 1,200 requests, 2 Nov – 8 Nov 2026"
    unknown = latency_card(Latency(None, None, 0, None), ENGLISH)
    assert unknown.value == "unknown"
