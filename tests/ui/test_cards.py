"""What a card says: value, change, range, coverage, source. Expected texts are worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from footprint.data.finance import FinanceMonth, Restoration
from footprint.data.footprint import Footprint, MarketFigure, Recent
from footprint.data.organisation import OrganisationFootprint
from footprint.data.period import Period
from footprint.data.usage import usage, usage_table
from footprint.ui.cards import Card
from footprint.ui.finance import finance_cards
from footprint.ui.footprint_cards import footprint_cards, organisation_cards
from footprint.ui.formats import Formats

ENGLISH = Formats.of("en-GB")
WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
SOME = {
    "requests": 200,
    "failures": 1,
    "billed": 198,
    "billable": 198,
    "priced": 99,
    "measurable": 200,
    "measured": 199,
    "attributed": 150,
    "tokens_input_uncached": 1_000_000,
    "tokens_cache_read": 400_000,
    "tokens_cache_write": 100_000,
    "tokens_output_text": 200_000,
    "tokens_reasoning": 50_000,
    "tokens_used": 1_750_000,
    "tokens_priced": 1_400_000,
    "tokens_measured": 1_750_000,
    "tokens_attributed": 875_000,
    "cost_usd": "10.00",
    "cost_eur": "9.005",
    "cost_eur_measured": "9.005",
    "cost_eur_attributed": "1.801",
    "energy_kwh": 1.2,
    "energy_kwh_low": 0.3,
    "energy_kwh_high": 4.4,
}


def footprint(now: dict[str, Any], before: dict[str, Any]) -> Footprint:
    nothing = pd.DataFrame()
    return Footprint(
        period=WEEK,
        previous_period=WEEK.previous,
        timezone="UTC",
        totals=usage(now),
        previous=usage(before),
        by_day=nothing,
        by_time_model=nothing,
        by_model=nothing,
        by_provider=nothing,
        previous_by_model=nothing,
        recent=Recent(WEEK.last, nothing),
        market_figures=(MarketFigure("gemini", 96.0, "Google 2025", ""),),
        first_day=WEEK.previous.first if before else WEEK.first,
        last_day=WEEK.last,
        rates_since=date(2026, 11, 1),
    )


def cards(now: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Card]:
    drawn = footprint_cards(footprint(now, before or {}), ENGLISH)
    return {card.label: card for card in drawn}


def spaced(card: Card) -> tuple[str, tuple[str, ...]]:
    return card.value.replace("\u00a0", " "), tuple(n.replace("\u00a0", " ") for n in card.notes)


def test_a_card_has_its_range_and_its_coverage() -> None:
    shown = cards(SOME)
    assert spaced(shown["Cost"]) == (
        "€9.01",
        ("$10.00 at the rate of each day", "50% of requests, 80% of tokens priced"),
    )
    assert spaced(shown["Energy"]) == (
        "1.20 kWh",
        ("90% range 0.3–4.4 kWh", "99.5% of requests, 100% of tokens, 100% of cost estimated"),
    )
    assert spaced(shown["Tokens"]) == (
        "1.75 M",
        ("1 M in · 500 k cached · 250 k out", "200 requests, 0.5% failed"),
    )


@pytest.mark.parametrize(
    ("rates_since", "said"),
    [
        (None, "$10.00 at the planning rate"),
        (date(2026, 11, 9), "$10.00 at the planning rate"),
        (
            date(2026, 11, 5),
            "$10.00 at the rate of each day, before 5 Nov 2026 the planning rate",
        ),
        (WEEK.first, "$10.00 at the rate of each day"),
    ],
)
def test_the_cost_says_by_which_rate_dollars_became_euros(
    rates_since: date | None, said: str
) -> None:
    week = replace(footprint(SOME, {}), rates_since=rates_since)
    assert spaced(footprint_cards(week, ENGLISH)[0])[1][0] == said


def test_what_is_covered_in_full_is_said_in_a_word() -> None:
    shown = cards({**SOME, "measured": 200})
    assert shown["Energy"].notes[1] == "100% of requests, tokens and cost estimated"


def test_carbon_and_water_are_compared_with_one_sourced_thing_each() -> None:
    weighed = {**SOME, "carbon_gco2e": 1420.0, "water_l": 598.0}
    drawn = footprint_cards(footprint(weighed, {}), ENGLISH, "de-DE")
    carbon, water = drawn[3], drawn[4]
    # 142 g a kilometre, 59.8 L a shower.
    assert any(note.startswith("about 10 km in a European car") for note in carbon.notes)
    assert "about 10 showers" in water.notes
    assert "ADEME Impact CO2 (2024)" in carbon.source
    assert "Residential End Uses of Water" in water.source
    american = footprint_cards(footprint(weighed, {}), ENGLISH, "en-US")[3]
    assert any("average US car" in note for note in american.notes)


def test_market_based_carbon_stands_beside_with_its_share_and_source() -> None:
    figures = {"market_measured": 40, "carbon_market_gco2e": 8.3}
    card = cards({**SOME, "measured": 200, **figures})["CO₂e"]
    assert "market-based 8.30\u00a0g for 20% of these" in card.notes
    assert "(Google 2025)" in card.source


def test_what_is_unknown_is_unknown_and_never_zero() -> None:
    shown = cards({"requests": 3, "billed": 3, "billable": 3, "measurable": 3, "failures": 3})
    assert spaced(shown["Cost"]) == ("unknown", ("0% of requests priced",))
    assert spaced(shown["CO₂e"]) == ("unknown", ("0% of requests estimated",))
    assert spaced(shown["Tokens"]) == ("unknown", ("3 requests, 100% failed",))


def test_answers_from_the_gateways_cache_need_no_price() -> None:
    shown = cards({"requests": 3, "cache_hits": 3, "billed": 0, "measurable": 0})
    assert shown["Cost"].notes == ("no request to be priced",)
    assert shown["Water"].notes == ("no request to be estimated",)


def test_a_change_is_told_where_there_was_something_before() -> None:
    shown = cards(SOME, {"cost_eur": "18.01", "tokens_used": 1_000_000})
    assert (shown["Cost"].change, shown["Tokens"].change) == ("-50%", "+75%")
    assert shown["Energy"].change is None


def test_no_change_is_told_against_a_period_that_was_recorded_in_part() -> None:
    young = replace(footprint(SOME, {"cost_eur": "1"}), first_day=WEEK.previous.last)
    assert footprint_cards(young, ENGLISH)[0].change is None


def test_more_carbon_is_worse_and_more_tokens_are_neither() -> None:
    shown = cards(SOME)
    assert shown["CO₂e"].judgement == "more is worse"
    assert shown["Tokens"].judgement == "neither"


def test_every_card_says_where_its_figure_comes_from() -> None:
    for card in cards(SOME).values():
        assert len(card.source) > 40
        assert not {"neutral", "offset", "net "} & set(card.source.lower().split())


def test_receipts_and_pledges_stand_apart_and_are_never_added_up() -> None:
    both = cards({**SOME, "restored_m2_verified": 12.0, "restored_m2_pending": 3.0})
    assert spaced(both["Nature restored"]) == (
        "12 m²",
        ("with a receipt", "3 m² pending: pledged, not yet receipted"),
    )
    pledged = cards({**SOME, "restored_m2_verified": 0, "restored_m2_pending": 0.03})
    assert spaced(pledged["Nature restored"]) == (
        "None yet",
        ("no receipt in this period yet", "300 cm² pending: pledged, not yet receipted"),
    )


def test_the_organisation_adds_people_and_requests() -> None:
    whole = OrganisationFootprint(
        **vars(footprint(SOME, {"requests": 100})),
        by_team=pd.DataFrame(),
        previous_by_team=pd.DataFrame(),
        people_active=12,
        people_active_previous=10,
        people_are_named=True,
        by_team_period=None,
    )
    shown = {card.label: card for card in organisation_cards(whole, ENGLISH)}
    assert list(shown)[:4] == ["Cost", "Tokens", "Requests", "People active"]
    assert (shown["Requests"].value, shown["Requests"].change) == ("200", "+100%")
    assert shown["People active"].notes == (
        "75% of requests, 50% of tokens, 20% of cost linked to a person",
    )
    assert shown["People active"].change == "+20%"


def month(status: str, **fx: Any) -> FinanceMonth:
    return FinanceMonth(
        month=date(2026, 10, 1),
        timezone="UTC",
        first_month=date(2026, 10, 1),
        last_month=date(2026, 10, 1),
        people_shown_by="name",
        totals=usage({**SOME, "restored_m2_pending": 0.4}),
        lines=usage_table([]),
        restoration=Restoration(status, 0.05, Decimal("0.45025"), Decimal("0.60"), 0.5, 1.2),
        fx=fx,
        factor_set="2026.11",
    )


@pytest.mark.parametrize(
    ("fx", "text"),
    [
        ({"lowest": 0.91, "highest": 0.93}, "$10.00, at 0.9100–0.9300 € per $"),
        ({"lowest": 0.91, "highest": 0.91}, "$10.00, at 0.9100 € per $"),
        (
            {"lowest": None, "planning_rate_eur_per_usd": 0.9},
            "$10.00, at 0.90 € per $ (planning rate)",
        ),
    ],
)
def test_finance_says_at_what_rate_dollars_became_euros(fx: dict[str, Any], text: str) -> None:
    cost = finance_cards(month("pending", **fx), ENGLISH)[0]
    assert cost.notes[0] == text


def test_finance_compares_a_month_with_the_one_before() -> None:
    before = month("verified", lowest=1, highest=1)
    doubled = replace(
        before,
        totals=replace(
            before.totals,
            cost_eur=(before.totals.cost_eur or Decimal(0)) * 2,
            requests=before.totals.requests * 3,
        ),
    )
    cards = finance_cards(doubled, ENGLISH, before)
    assert [card.change for card in cards] == ["+100%", "+200%", "0%", None]
    assert all(card.change is None for card in finance_cards(doubled, ENGLISH))


def test_finance_tells_pledged_donated_and_restored_apart() -> None:
    *_, pledge, restored = finance_cards(month("verified", lowest=1, highest=1), ENGLISH)
    assert (pledge.value, pledge.notes) == (
        "€0.45",
        ("5% of the cost", "€0.60 donated, by receipts"),
    )
    assert spaced(restored) == ("0.50 m²", ("with a receipt",))
    *_, open_month = finance_cards(month("pending", lowest=1, highest=1), ENGLISH)
    assert spaced(open_month) == (
        "None yet",
        ("no receipt yet", "0.40 m² pending, at €1.20/m²"),
    )
