"""How one's own month stands against the median of the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.usage import number

MEASURES = ("cost_eur", "tokens_used", "energy_kwh", "carbon_gco2e", "water_l")


@dataclass(frozen=True)
class Peers:
    """A month that is over; amounts by the column of ``Usage``, None where unknown.

    Attributes:
        month: its first day.
        others: how many other people made requests in it; None where that is not told.
        reason: why there is no median: "few" people or "privacy"; None where there is one.
        mine: one's own amounts; empty where one made no request.
        median: of the others, to two significant digits.
    """

    month: date
    others: int | None
    reason: str | None
    mine: dict[str, float | None]
    median: dict[str, float | None]


def my_peers(me: Me, last: date) -> Peers:
    """Return one's newest month that is over by a day, beside the median of the others."""
    return _my_peers(me.user_id, last, me.session)


@st.cache_data(ttl="10m", max_entries=512, show_spinner=False)
def _my_peers(user_id: str, last: date, _session: Session) -> Peers:
    answer = rpc(_session, "my_peers", {"p_to": last.isoformat()})
    mine, median = answer.get("mine") or {}, answer.get("median") or {}
    return Peers(
        month=date.fromisoformat(answer["month"]),
        others=answer.get("others"),
        reason=answer["reason"],
        mine={name: number(mine.get(name)) for name in MEASURES} if mine else {},
        median={name: number(median.get(name)) for name in MEASURES},
    )
