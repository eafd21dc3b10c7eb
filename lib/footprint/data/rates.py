"""What a dollar of LLM cost stands for today: euros, and square metres pledged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, fetch_all, fetch_first, rpc
from footprint.data.usage import number


@dataclass(frozen=True)
class Rates:
    """Euros per dollar, and square metres pending per euro; None where unknown."""

    eur_per_usd: float | None
    pending_m2_per_eur: float | None


@dataclass(frozen=True)
class CurrencyRate:
    """Euros for one unit of a currency, and the day from which they hold."""

    eur_per_unit: float
    day: str


def currency_rate(me: Me, currency: str, day: date) -> CurrencyRate | None:
    """Return the rate that a cost in another currency than USD and EUR has; None where unknown.

    Args:
        me: who asks.
        currency: ISO 4217.
        day: of the request, in the reporting time zone.
    """
    wanted = {"currency": f"eq.{currency}", "day": f"lte.{day}"}
    row = fetch_first(me.session, "currency_rates", "day.desc", wanted)
    return CurrencyRate(float(row["eur_per_unit"]), str(row["day"])) if row else None


def rates(me: Me, today: date) -> Rates:
    """Return the rates of a day: the last known exchange rate, else the planning rate."""
    return _rates(today, me.session)


@st.cache_data(ttl="10m", max_entries=4, show_spinner=False)
def _rates(today: date, _session: Session) -> Rates:
    recent = {"day": f"gte.{today - timedelta(days=14)}"}
    known = fetch_all(_session, "fx_rates", "day", recent)
    if known:
        eur = number(known[-1]["eur_per_usd"])
    else:
        planned = {"key": "eq.fx_planning_rate_eur_per_usd"}
        rows = fetch_all(_session, "settings", "key", planned)
        eur = number(rows[0]["value"]) if rows else None
    first = today.replace(day=1).isoformat()
    months = rpc(_session, "restoration_rates", {"p_from": first, "p_to": first})
    return Rates(eur, number(months[0]["pending_m2_per_eur"]) if months else None)


@st.cache_data(ttl="10m", max_entries=1, show_spinner=False)
def rates_since(_session: Session) -> date | None:
    """Return the day of the first known exchange rate; before it the planning rate counts."""
    first = fetch_first(_session, "fx_rates", "day")
    return date.fromisoformat(first["day"]) if first else None
