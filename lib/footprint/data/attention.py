"""What the organisation's readers may have to act on today, as facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc


@dataclass(frozen=True)
class Attention:
    """Requests of the last thirty days, and the pledges of closed months without a receipt.

    Attributes:
        today: the current day in the reporting time zone.
        last_day: the day of the newest request; None without one.
        unknown_models: how many models lack a factor.
        open_months: closed months of the last twelve with a pledge and no verified receipt.
        open_pledged_eur: what was pledged for them.
        unverified_donations: donations that nobody has compared with their receipt.
    """

    today: date
    last_day: date | None
    requests: int
    billable: int
    measurable: int
    priced: int
    measured: int
    attributed: int
    unknown_models: int
    open_months: int
    open_pledged_eur: Decimal
    oldest_open_month: date | None
    unverified_donations: int


def attention(me: Me) -> Attention:
    """Return the facts (admin and finance only)."""
    return _attention(me.user_id, me.role, me.session)


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _attention(user_id: str, role: str, _session: Session) -> Attention:
    answer = rpc(_session, "attention")
    days = {
        name: date.fromisoformat(answer[name]) if answer[name] else None
        for name in ("last_day", "oldest_open_month")
    }
    counts = (
        "requests",
        "billable",
        "measurable",
        "priced",
        "measured",
        "attributed",
        "unknown_models",
    )
    return Attention(
        today=date.fromisoformat(answer["today"]),
        last_day=days["last_day"],
        **{name: int(answer[name]) for name in counts},
        open_months=int(answer["open_months"]),
        open_pledged_eur=Decimal(answer["open_pledged_eur"]),
        oldest_open_month=days["oldest_open_month"],
        unverified_donations=int(answer["unverified_donations"]),
    )
