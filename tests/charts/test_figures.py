"""What the figures hold: the values, their units, their ranges, and what they say."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from footprint.charts.bars import by_group, by_model
from footprint.charts.by_day import band_by_day, mix_by_day, stacked_by_day
from footprint.charts.measures import CARBON_EMITTED, COST, ENERGY_USED, MEASURES, TOKENS_USED
from footprint.charts.prepare import models_over_time, over_time
from footprint.charts.text import describe_groups, describe_mix, describe_series, safe
from footprint.charts.theme import GREEN, PALETTE
from footprint.data.period import Period
from footprint.ui.formats import Formats

ENGLISH, GERMAN = Formats.of("en-GB"), Formats.of("de-DE")
WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))
SPACE = "\u00a0"
PLACES = {"gpt-4o": 0, "large": 8}


def energy_by_day(*kwh: float | None) -> pd.DataFrame:
    days = pd.date_range(WEEK.first, periods=len(kwh))
    mid = pd.Series(kwh, dtype="float64")
    return pd.DataFrame(
        {"day": days, "energy_kwh": mid, "energy_kwh_low": mid / 2, "energy_kwh_high": mid * 2}
    )


def band(*kwh: float | None, formats: Formats = ENGLISH) -> Any:
    columns = [ENERGY_USED.low, ENERGY_USED.column, ENERGY_USED.high]
    series = over_time(energy_by_day(*kwh), columns, WEEK, WEEK.last)
    return band_by_day(series, ENERGY_USED, formats)


def costs(*rows: tuple[str, str, float | None]) -> Any:
    table = pd.DataFrame(rows, columns=["day", "model", "cost_eur"])
    table["day"] = pd.to_datetime(table["day"])
    return models_over_time(table, COST, WEEK, WEEK.last)


def models(**carbon_g: float | None) -> pd.DataFrame:
    mid = pd.Series(list(carbon_g.values()), dtype="float64")
    return pd.DataFrame(
        {
            "provider": ["openai"] * len(carbon_g),
            "model": list(carbon_g),
            "team": ["Law <b>& Order"] * len(carbon_g),
            "requests": [1] * len(carbon_g),
            "carbon_gco2e": mid,
            "carbon_gco2e_low": mid / 2,
            "carbon_gco2e_high": mid * 2,
        }
    )


def test_an_estimate_by_day_is_a_line_within_the_band_of_its_range() -> None:
    low, high, mid = band(0.001, 0.002).data

    # The largest end, 4 Wh, reads best in Wh.
    assert list(mid.y[:2]) == [1, 2]
    assert list(low.y[:2]) == [0.5, 1]
    assert list(high.y[:2]) == [2, 4]
    assert high.fill == "tonexty"
    assert mid.customdata[1] == f"<b>2{SPACE}Wh</b><br>range 1–4{SPACE}Wh"


def test_the_axis_carries_the_unit() -> None:
    assert band(0.001).layout.yaxis.ticksuffix == f"{SPACE}Wh"
    series = costs(("2026-11-03", "openai", 1))
    assert stacked_by_day(series, COST, ENGLISH, PLACES).layout.yaxis.tickprefix == "€"
    assert stacked_by_day(series, COST, GERMAN, PLACES).layout.yaxis.ticksuffix == f"{SPACE}€"
    assert stacked_by_day(series, COST, GERMAN, PLACES).layout.separators == ",."


def test_a_day_that_is_not_over_is_named_so() -> None:
    assert band(0.001).layout.xaxis.ticktext[-1] == "today"
    columns = [ENERGY_USED.low, ENERGY_USED.column, ENERGY_USED.high]
    over = over_time(energy_by_day(0.001), columns, WEEK, date(2026, 12, 1))
    assert band_by_day(over, ENERGY_USED, ENGLISH).layout.xaxis.ticktext[-1] == "8 Nov"


def test_an_unknown_day_leaves_a_gap_and_says_so() -> None:
    *_, mid = band(0.001, None).data
    assert pd.isna(mid.y[1])
    assert mid.customdata[1].startswith("<b>unknown</b>")


def test_a_stack_has_the_models_in_their_looks_and_the_sum_for_the_hover() -> None:
    series = costs(("2026-11-03", "gpt-4o", 1), ("2026-11-03", "large", 2))
    figure = stacked_by_day(series, COST, ENGLISH, PLACES)

    large, gpt, total = figure.data
    assert (large.name, gpt.name) == ("large", "gpt-4o")
    assert (gpt.marker.color, gpt.marker.pattern.shape) == (PALETTE[0], "")
    assert (large.marker.color, large.marker.pattern.shape) == (PALETTE[1], "/")
    assert total.customdata[1] == "€3.00"
    assert figure.layout.barmode == "stack"


def test_a_model_is_drawn_the_same_in_every_chart() -> None:
    table = models(large=300).assign(cost_eur=1.0)
    bar = by_model(table, COST, ENGLISH, PLACES).data[0]
    layer = mix_by_day(costs(("2026-11-03", "large", 2)), COST, ENGLISH, PLACES).data[0]
    assert (bar.marker.color[0], bar.marker.pattern.shape[0]) == (PALETTE[1], "/")
    assert (layer.marker.color, layer.marker.pattern.shape) == (PALETTE[1], "/")


def test_the_mix_is_the_share_of_each_model_in_its_day() -> None:
    series = costs(
        ("2026-11-03", "gpt-4o", 1), ("2026-11-03", "large", 3), ("2026-11-04", "gpt-4o", 5)
    )
    gpt, large = mix_by_day(series, COST, ENGLISH, PLACES).data
    assert (gpt.y[1], large.y[1]) == (25, 75)
    assert (gpt.y[2], large.y[2]) == (100, 0)
    assert pd.isna(gpt.y[0])  # a day without requests has no mix
    assert gpt.customdata[1] == "25%, €1.00"
    assert describe_mix(series, COST, ENGLISH).endswith("In all: gpt-4o 67%; large 33%.")


@pytest.mark.parametrize("measure", MEASURES)
def test_no_chart_uses_webgl_or_wants_zooming(measure: Any) -> None:
    figures = [band(0.001), stacked_by_day(costs(("2026-11-03", "a", 1)), measure, ENGLISH, PLACES)]
    for figure in figures:
        assert {trace.type for trace in figure.data} <= {"scatter", "bar"}
        assert figure.layout.xaxis.fixedrange and figure.layout.yaxis.fixedrange


def test_a_model_of_unknown_cost_keeps_the_order_of_the_stack_and_says_so() -> None:
    series = costs(("2026-11-03", "gpt-4o", None), ("2026-11-03", "large", 2))
    figure = stacked_by_day(series, COST, ENGLISH, PLACES)

    _, gpt, total = figure.data
    assert gpt.y[1] == 0
    assert gpt.customdata[1] == "unknown"
    assert total.customdata[1] == "€2.00"


def test_a_list_of_bars_names_each_group_and_writes_its_figure() -> None:
    figure = by_model(models(big=300, small=100), CARBON_EMITTED, ENGLISH, PLACES)

    texts = [note.text for note in figure.layout.annotations]
    assert texts == ["<b>big</b>", f"300{SPACE}g · 75%", "<b>small</b>", f"100{SPACE}g · 25%"]


def test_the_range_of_a_bar_is_pale_behind_it_and_its_low_end_marked() -> None:
    pale, solid, lows = by_model(models(big=300), CARBON_EMITTED, ENGLISH, PLACES).data

    assert list(solid.x) == [300]
    assert (pale.base[0], pale.base[0] + pale.x[0]) == (150, 600)
    assert list(lows.x) == [150]
    *_, lows = by_model(models(big=300, tiny=1), CARBON_EMITTED, ENGLISH, PLACES).data
    assert lows.x[0] == 150 and pd.isna(lows.x[1])
    assert "range 150–600" in solid.customdata[0]


def test_a_group_of_which_nothing_is_known_is_named_without_a_bar() -> None:
    figure = by_model(models(big=300, mystery=None), CARBON_EMITTED, ENGLISH, PLACES)

    assert [note.text for note in figure.layout.annotations][2:] == ["<b>mystery</b>", "unknown"]
    assert pd.isna(figure.data[1].x[1])


def test_an_exact_measure_has_no_range() -> None:
    table = models(big=1).assign(tokens_used=12_345)
    (bar,) = by_model(table, TOKENS_USED, ENGLISH, PLACES).data
    assert list(bar.x) == [12.345]


def test_providers_and_teams_are_drawn_in_one_colour() -> None:
    table = models(a=1)
    figure = by_group(table, "provider", CARBON_EMITTED, ENGLISH)
    assert figure.data[1].marker.color[0] == GREEN
    figure = by_group(table, "team", CARBON_EMITTED, ENGLISH)
    assert figure.data[1].marker.color[0] == GREEN
    assert figure.layout.annotations[0].text == "<b>Law &lt;b&gt;&amp; Order</b>"


def test_tags_overlap_so_they_have_no_shares_and_no_sum_of_the_others() -> None:
    table = models(**{f"t{n}": n for n in range(1, 13)}).rename(columns={"model": "tag"})
    texts = [
        note.text for note in by_group(table, "tag", CARBON_EMITTED, ENGLISH).layout.annotations
    ]
    assert len(texts) == 2 * 8
    assert texts[:2] == ["<b>t12</b>", f"12{SPACE}g"]
    assert not any("other" in text for text in texts)


@pytest.mark.parametrize("measure", MEASURES)
def test_nothing_to_draw_is_drawn_without_complaint(measure: Any) -> None:
    columns = ["provider", "model", "requests", measure.column, measure.low, measure.high]
    table = pd.DataFrame({name: [] for name in columns})
    assert len(by_model(table, measure, ENGLISH, PLACES).layout.annotations) == 0


def test_a_name_is_shown_letter_by_letter_and_cut_in_the_middle() -> None:
    assert safe("<i>a & b</i>") == "&lt;i&gt;a &amp; b&lt;/i&gt;"
    assert safe("") == "Unknown"
    long = safe("a" * 30 + "b" * 30)
    assert len(long) <= 34 and long.startswith("aaa") and long.endswith("bbb") and "…" in long


def test_a_chart_over_time_says_sum_highest_and_lowest() -> None:
    series = costs(("2026-11-03", "openai", 1), ("2026-11-04", "mistral", 2.5))
    assert describe_series(series, COST, ENGLISH) == (
        "Cost by day, 2 Nov – 8 Nov 2026: €3.50 in all; most in the day of 4 Nov 2026 with "
        "€2.50, least in that of 2 Nov 2026 with €0.00."
    )


def test_a_list_of_bars_says_how_many_and_the_three_largest() -> None:
    table = models(a=1, b=4, c=3, d=2)
    assert describe_groups(table, "model", CARBON_EMITTED, "model", ENGLISH).replace(
        SPACE, " "
    ) == ("CO₂e by model, 4 in all. Largest: b 4 g (40%); c 3 g (30%); d 2 g (20%).")


def test_a_chart_of_nothing_says_so() -> None:
    table = models(a=None)
    assert describe_groups(table, "model", CARBON_EMITTED, "model", ENGLISH) == (
        "CO₂e by model: nothing known."
    )
    assert "nothing known" in describe_series(costs(), COST, ENGLISH)
