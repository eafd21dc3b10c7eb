"""What the whole organisation's requests cost and weigh in a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.footprint import Footprint, footprint_fields
from footprint.data.period import Period
from footprint.data.usage import usage_table


@dataclass(frozen=True)
class OrganisationFootprint(Footprint):
    """Everybody's footprint, with teams and the number of people who made requests."""

    by_team: pd.DataFrame
    people_active: int
    people_active_previous: int


def organisation_footprint(me: Me, period: Period) -> OrganisationFootprint:
    """Return what everybody's requests cost and weigh in a period (admin and finance only)."""
    return _organisation_footprint(me.user_id, me.role, period.first, period.last, me.session)


@st.cache_data(ttl="1m", max_entries=128, show_spinner=False)
def _organisation_footprint(
    user_id: str, role: str, first: date, last: date, _session: Session
) -> OrganisationFootprint:
    days = {"p_from": first.isoformat(), "p_to": last.isoformat()}
    answer = rpc(_session, "organisation_footprint", days)
    return OrganisationFootprint(
        **footprint_fields(answer),
        by_team=usage_table(answer["by_team"] or [], "team"),
        people_active=int(answer.get("people_active") or 0),
        people_active_previous=int(answer.get("people_active_previous") or 0),
    )
