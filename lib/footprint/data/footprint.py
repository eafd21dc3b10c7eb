"""What one person's requests cost and weigh in a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from footprint import forecast
from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.filters import EVERYTHING, Filters
from footprint.data.period import Period
from footprint.data.rates import rates_since
from footprint.data.usage import Usage, usage, usage_table


@dataclass(frozen=True)
class Recent:
    """Known amounts by day up to today, whatever the period: what a forecast is made from.

    ``days`` has a row for each day of the last eight complete weeks (of this month where that began
    earlier) and for today; 0 where nothing was used. Columns: cost_eur, energy_kwh, carbon_gco2e.
    """

    today: date
    days: pd.DataFrame


@dataclass(frozen=True)
class MarketFigure:
    """What a provider published about the electricity it buys."""

    provider: str
    gco2e_per_kwh: float
    source: str
    url: str


@dataclass(frozen=True)
class Footprint:
    """A period's totals and their parts, beside the period before.

    Each table has the columns that name its groups, then every field of ``Usage``.
    """

    period: Period
    previous_period: Period
    timezone: str
    totals: Usage
    previous: Usage
    by_day: pd.DataFrame
    # By day and model; by week in a long period; the models beyond the costliest twelve are None.
    by_time_model: pd.DataFrame
    by_model: pd.DataFrame
    by_provider: pd.DataFrame
    previous_by_model: pd.DataFrame
    recent: Recent
    market_figures: tuple[MarketFigure, ...]
    # The days of the oldest and newest request there is, in any period; None without one.
    first_day: date | None
    last_day: date | None
    # Days before this one are in euros by the planning rate of the settings; None: every day is.
    rates_since: date | None

    @property
    def is_comparable(self) -> bool:
        """Whether the whole of the period before was recorded, so that a change says something."""
        return self.first_day is not None and self.first_day <= self.previous_period.first


def my_footprint(me: Me, period: Period, filters: Filters = EVERYTHING) -> Footprint:
    """Return what this person's own requests cost and weigh in a period."""
    return _my_footprint(me.user_id, me.role, period, filters, me.session)


@st.cache_data(ttl="1m", max_entries=512, show_spinner=False)
def _my_footprint(
    user_id: str, role: str, period: Period, filters: Filters, _session: Session
) -> Footprint:
    call = period.arguments() | filters.arguments("models", "providers")
    answer = rpc(_session, "my_footprint", call, exact=True)
    return Footprint(**footprint_fields(answer), rates_since=rates_since(_session))


def footprint_fields(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of ``Footprint`` from the answer of ``my_footprint`` and its like."""
    period = answer["period"]
    return {
        "period": Period(_day(period["from"]), _day(period["to"])),
        "previous_period": Period(_day(period["previous_from"]), _day(period["previous_to"])),
        "timezone": period["timezone"],
        "totals": usage(answer["totals"] or {}),
        "previous": usage(answer["previous"] or {}),
        "by_day": _with_days(usage_table(answer["by_day"] or [], "day")),
        "by_time_model": _with_days(
            usage_table(answer["by_time_model"] or [], "day", "provider", "model")
        ),
        "by_model": usage_table(answer["by_model"] or [], "provider", "model"),
        "by_provider": usage_table(answer["by_provider"] or [], "provider"),
        "previous_by_model": usage_table(answer["previous_by_model"] or [], "provider", "model"),
        "recent": _recent(answer["recent"]),
        "market_figures": tuple(
            MarketFigure(
                figure["provider"], float(figure["gco2e_per_kwh"]), figure["source"], figure["url"]
            )
            for figure in answer["market_figures"] or []
        ),
        "first_day": _day(answer["first_day"]) if answer.get("first_day") else None,
        "last_day": _day(answer["last_day"]) if answer.get("last_day") else None,
    }


def _recent(answer: Mapping[str, Any]) -> Recent:
    today = _day(answer["today"])
    first = min(today - timedelta(days=forecast.MOST_DAYS), today.replace(day=1))
    columns = ["cost_eur", "energy_kwh", "carbon_gco2e"]
    table = pd.DataFrame(answer["days"] or [], columns=["day", *columns])
    known = table.assign(day=pd.to_datetime(table["day"])).set_index("day").astype("float64")
    days = pd.date_range(first, today, name="day")
    return Recent(today, known.reindex(days).fillna(0.0))


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _with_days(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(day=pd.to_datetime(table["day"]))
