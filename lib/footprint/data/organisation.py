"""What the whole organisation's requests cost and weigh in a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.filters import EVERYTHING, Filters
from footprint.data.footprint import Footprint, footprint_fields
from footprint.data.period import Period
from footprint.data.rates import rates_since
from footprint.data.usage import count, number, usage_table


@dataclass(frozen=True)
class OrganisationFootprint(Footprint):
    """Everybody's footprint, with teams and the number of people who made requests."""

    by_team: pd.DataFrame
    previous_by_team: pd.DataFrame
    # None where so few that they must not be counted.
    people_active: int | None
    people_active_previous: int | None
    people_are_named: bool
    # The whole months that ``by_team`` is of where people are not named; None: of the period.
    by_team_period: Period | None


@dataclass(frozen=True)
class Latency:
    """How long successful requests took, seconds, from a sample of the newest; None: unknown."""

    median_s: float | None
    p95_s: float | None
    requests: int
    # The days that the sample is of.
    days: Period | None


@dataclass(frozen=True)
class Tags:
    """The figures of tags, the columns of ``Usage`` after ``tag``, and the days they are of."""

    by_tag: pd.DataFrame
    days: Period


def organisation_footprint(
    me: Me, period: Period, filters: Filters = EVERYTHING
) -> OrganisationFootprint:
    """Return what everybody's requests cost and weigh in a period (admin and finance only)."""
    return _organisation_footprint(me.user_id, me.role, period, filters, me.session)


def latency_spread(me: Me, period: Period, filters: Filters) -> Latency:
    """Return median and 95th percentile of the latency of successful requests."""
    return _latency_spread(me.user_id, me.role, period, filters, me.session)


def people_movers(me: Me, period: Period, filters: Filters) -> pd.DataFrame:
    """Return for each measure the ten people whose amount changed most.

    Returns:
        Columns ``measure`` (a column of ``Usage``), ``person``, ``team``, ``now`` and ``before``.

    Raises:
        AccessDenied: where people are not named.
    """
    return _people_movers(me.user_id, me.role, period, filters, me.session)


def usage_by_tag(me: Me, period: Period, filters: Filters) -> Tags:
    """Return the figures of tags in the whole months that a period touches.

    Raises:
        AccessDenied: where people are not named.
    """
    return _usage_by_tag(me.user_id, me.role, period, filters, me.session)


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _organisation_footprint(
    user_id: str, role: str, period: Period, filters: Filters, _session: Session
) -> OrganisationFootprint:
    answer = rpc(_session, "organisation_footprint", _call(period, filters), exact=True)
    months = answer.get("by_team_period")
    return OrganisationFootprint(
        **footprint_fields(answer),
        rates_since=rates_since(_session),
        by_team=usage_table(answer["by_team"] or [], "team"),
        previous_by_team=usage_table(answer["previous_by_team"] or [], "team"),
        people_active=count(answer["people_active"]),
        people_active_previous=count(answer["people_active_previous"]),
        people_are_named=bool(answer["people_are_named"]),
        by_team_period=_days(months) if months else None,
    )


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _latency_spread(
    user_id: str, role: str, period: Period, filters: Filters, _session: Session
) -> Latency:
    answer = rpc(_session, "latency_spread", _call(period, filters))
    return Latency(
        number(answer["median_s"]),
        number(answer["p95_s"]),
        int(answer["requests"]),
        _days(answer) if answer["from"] else None,
    )


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _people_movers(
    user_id: str, role: str, period: Period, filters: Filters, _session: Session
) -> pd.DataFrame:
    rows = rpc(_session, "people_movers", _call(period, filters))
    table = pd.DataFrame(rows, columns=["measure", "person", "team", "now", "before"])
    return table.astype({"now": "float64", "before": "float64"})


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _usage_by_tag(
    user_id: str, role: str, period: Period, filters: Filters, _session: Session
) -> Tags:
    call = period.arguments() | filters.arguments("models", "providers")
    answer = rpc(_session, "usage_by_tag", call, exact=True)
    return Tags(usage_table(answer["tags"], "tag"), _days(answer))


def _call(period: Period, filters: Filters) -> dict[str, object]:
    return period.arguments() | filters.arguments("models", "providers", "teams")


def _days(answer: dict[str, Any]) -> Period:
    return Period(date.fromisoformat(answer["from"]), date.fromisoformat(answer["to"]))
