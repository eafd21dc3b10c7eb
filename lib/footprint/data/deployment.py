"""What every page prints about this deployment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.usage import number


@dataclass(frozen=True)
class Deployment:
    """One organisation's Footprint."""

    organisation_name: str
    reporting_timezone: str
    # The current day in the reporting time zone.
    today: date
    factor_set: str
    currency: str
    # Of the cost, pledged to restoring nature, 0–1.
    pledge_share: float | None


def deployment_info(me: Me) -> Deployment:
    """Return what every page prints: organisation, time zone, factor set."""
    return _deployment(me.user_id, me.role, me.session)


@st.cache_data(ttl="1m", max_entries=512, show_spinner=False)
def _deployment(user_id: str, role: str, _session: Session) -> Deployment:
    answer = rpc(_session, "deployment_info")
    return Deployment(
        organisation_name=answer.get("organisation_name") or "",
        reporting_timezone=answer["reporting_timezone"],
        today=date.fromisoformat(answer["today"]),
        factor_set=answer.get("active_factor_set") or "",
        currency=answer.get("currency") or "EUR",
        pledge_share=number(answer.get("pledge_share")),
    )
