"""What one person's requests cost and weigh in a period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.period import Period
from footprint.data.usage import Usage, usage, usage_table


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
    by_day_provider: pd.DataFrame
    by_model: pd.DataFrame
    by_provider: pd.DataFrame
    # The days of the oldest and newest request there is, in any period; None without one.
    first_day: date | None
    last_day: date | None

    @property
    def is_comparable(self) -> bool:
        """Whether the whole of the period before was recorded, so that a change says something."""
        return self.first_day is not None and self.first_day <= self.previous_period.first


def my_footprint(me: Me, period: Period) -> Footprint:
    """Return what this person's own requests cost and weigh in a period."""
    return _my_footprint(me.user_id, me.role, period.first, period.last, me.session)


@st.cache_data(ttl="1m", max_entries=512, show_spinner=False)
def _my_footprint(user_id: str, role: str, first: date, last: date, _session: Session) -> Footprint:
    answer = rpc(_session, "my_footprint", {"p_from": first.isoformat(), "p_to": last.isoformat()})
    return Footprint(**footprint_fields(answer))


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
        "by_day_provider": _with_days(
            usage_table(answer["by_day_provider"] or [], "day", "provider")
        ),
        "by_model": usage_table(answer["by_model"] or [], "provider", "model"),
        "by_provider": usage_table(answer["by_provider"] or [], "provider"),
        "first_day": _day(answer["first_day"]) if answer.get("first_day") else None,
        "last_day": _day(answer["last_day"]) if answer.get("last_day") else None,
    }


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _with_days(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(day=pd.to_datetime(table["day"]))
