"""Tables made ready to be drawn; the small tables and their sums are worked out by hand."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from footprint.charts.measures import CARBON_EMITTED, COST
from footprint.charts.prepare import OTHERS, models_over_time, over_time, top_groups
from footprint.data.period import Period


def costs(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["day", "provider", "cost_eur"])
    amounts = [None if pd.isna(v) else Decimal(str(v)) for v in table["cost_eur"]]
    return table.assign(day=pd.to_datetime(table["day"]), cost_eur=pd.Series(amounts, dtype=object))


WEEK = Period(date(2026, 11, 2), date(2026, 11, 8))


def test_a_day_without_requests_is_zero_and_an_unpriced_one_is_unknown() -> None:
    table = costs(("2026-11-03", "openai", 1.5), ("2026-11-04", "openai", None))
    series = over_time(table, ["cost_eur"], WEEK, date(2026, 11, 30), group="provider")
    values = list(series.table["openai"])
    assert values[:2] == [0, 1.5]
    assert math.isnan(values[2])
    assert values[3:] == [0, 0, 0, 0]


def test_a_provider_without_requests_on_a_day_used_nothing() -> None:
    table = costs(("2026-11-03", "openai", 1.5), ("2026-11-04", "mistral", 2))
    series = over_time(table, ["cost_eur"], WEEK, date(2026, 11, 30), group="provider")
    assert list(series.table["mistral"]) == [0, 0, 2, 0, 0, 0, 0]


def test_no_day_after_today_is_drawn() -> None:
    series = over_time(costs(), ["cost_eur"], WEEK, date(2026, 11, 4), group="provider")
    assert len(series.table) == 3
    assert series.is_running
    assert series.period == Period(date(2026, 11, 2), date(2026, 11, 4))


def test_a_long_period_is_drawn_by_week_and_nothing_is_lost() -> None:
    # 101 days from Thursday 1 January 2026: a first week of four days, then whole ones.
    period = Period(date(2026, 1, 1), date(2026, 4, 11))
    table = costs(*((str(d.date()), "openai", 1) for d in pd.date_range(period.first, period.last)))
    series = over_time(table, ["cost_eur"], period, date(2026, 12, 31), group="provider")
    assert series.is_weekly
    weeks = series.table["openai"]
    assert weeks.sum() == 101
    assert list(weeks[:3]) == [4, 7, 7]
    assert weeks.index[0] == pd.Timestamp("2025-12-29")
    assert series.days_of(date(2025, 12, 29)) == Period(date(2026, 1, 1), date(2026, 1, 4))
    assert series.days_of(date(2026, 4, 6)) == Period(date(2026, 4, 6), date(2026, 4, 11))


def test_a_hundred_days_are_still_drawn_by_day() -> None:
    period = Period(date(2026, 1, 1), date(2026, 4, 10))
    series = over_time(costs(), ["cost_eur"], period, date(2026, 12, 31), group="provider")
    assert not series.is_weekly
    assert len(series.table) == 100


def test_several_columns_keep_their_names() -> None:
    table = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-11-02"]),
            "carbon_gco2e_low": [1.0],
            "carbon_gco2e": [3.0],
            "carbon_gco2e_high": [9.0],
        }
    )
    columns = [CARBON_EMITTED.low, CARBON_EMITTED.column, CARBON_EMITTED.high]
    series = over_time(table, columns, WEEK, date(2026, 11, 3))
    assert series.table.to_numpy().tolist() == [[1, 3, 9], [0, 0, 0]]


def models(*amounts: float | None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "provider": ["p"] * len(amounts),
            "model": [f"m{n}" for n in range(len(amounts))],
            "requests": [10] * len(amounts),
            "cost_eur": pd.Series(
                [None if a is None else Decimal(str(a)) for a in amounts], dtype=object
            ),
        }
    )


def test_groups_are_sorted_and_the_unknown_comes_last() -> None:
    rows = top_groups(models(1, None, 3), ["provider", "model"], COST, "{n} other models")
    assert list(rows["model"]) == ["m2", "m0", "m1"]


def test_a_long_tail_is_added_up_and_named() -> None:
    rows = top_groups(models(*range(1, 13)), ["provider", "model"], COST, "{n} other models")
    assert len(rows) == 9
    last = rows.iloc[-1]
    # Models costing 1 to 4 are left over: 10 in all, 40 requests.
    assert (last["model"], last["cost_eur"], last["requests"]) == ("4 other models", 10, 40)


def test_a_tail_of_one_keeps_its_name() -> None:
    rows = top_groups(models(*range(1, 10)), ["provider", "model"], COST, "{n} other models")
    assert list(rows["model"])[-1] == "m0"


@pytest.mark.parametrize("amounts", [(), (None,)])
def test_nothing_known_stays_nothing_known(amounts: tuple[None, ...]) -> None:
    rows = top_groups(models(*amounts), ["provider", "model"], COST, "{n} other models")
    assert rows["cost_eur"].isna().all()


def test_the_six_largest_models_keep_their_names_over_time_and_the_others_are_one() -> None:
    rows: list[tuple[str, str | None, float]] = [
        ("2026-11-03", f"m{n}", float(n)) for n in range(1, 9)
    ]
    rows += [("2026-11-04", "m8", 1.0), ("2026-11-04", None, 0.5)]
    table = pd.DataFrame(rows, columns=["day", "model", "cost_eur"])
    table["day"] = pd.to_datetime(table["day"])
    series = models_over_time(table, COST, WEEK, date(2026, 11, 30))
    assert list(series.table.columns) == ["m8", "m7", "m6", "m5", "m4", "m3", OTHERS]
    assert list(series.table[OTHERS])[1:3] == [3, 0.5]  # m1 and m2; what came as others already


def test_a_model_of_two_providers_is_one_model_over_time() -> None:
    table = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-11-03"] * 2),
            "provider": ["openai", "azure"],
            "model": ["gpt-4o"] * 2,
            "cost_eur": [1.0, 2.0],
        }
    )
    assert models_over_time(table, COST, WEEK, WEEK.last).table["gpt-4o"].iloc[1] == 3
