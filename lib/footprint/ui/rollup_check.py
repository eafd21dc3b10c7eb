"""Whether the sums that pages show are what the requests say: checked and mended on demand."""

from __future__ import annotations

from datetime import date, timedelta

import streamlit as st

from footprint.data.data_quality import CheckedDay, check_rollups, rebuild_rollup_day
from footprint.data.period import Period
from footprint.ui.acts import act
from footprint.ui.formats import Formats
from footprint.ui.page import View

_CHECKED = "rollups_checked"
_DAYS = {"Last 7 days": 7, "Last 31 days": 31, "Last 12 months": 366}
_NAMES = {
    "usage_user_daily": "people by day",
    "usage_org_daily": "the organisation by day",
    "usage_user_monthly": "people by month",
    "usage_tag_monthly": "tags by month",
    "user_usage_totals": "totals of people",
}


def draw_rollup_check(view: View, today: date, timezone: str) -> bool:
    """Draw the check, its result and the act that mends; return whether nothing wrong is known."""
    st.write(
        "Pages read sums by day and month, which the database keeps as requests come and go. This "
        "works them out anew from the requests and compares every figure."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        span = st.selectbox("Days to check", list(_DAYS), width=180, key="rollup_days")
        asked = st.button("Check the sums", icon=":material/rule:")
    if asked:
        period = Period(today - timedelta(days=_DAYS[span] - 1), today)
        st.session_state[_CHECKED] = (period, _check(view, period))
    if _CHECKED not in st.session_state:
        st.caption(f"Not checked in this visit · days in {timezone}")
        return True
    period, wrong = st.session_state[_CHECKED]
    if not wrong:
        days = view.formats.days(period.first, period.last)
        st.success(f"{days}: every sum is what the requests say.", icon=":material/check_circle:")
        return True
    st.error(differing(wrong, view.formats), icon=":material/error:")
    if st.button("Rebuild them", type="primary", icon=":material/build:"):
        act(lambda: _rebuild(view, period, wrong))
    return False


def differing(wrong: list[CheckedDay], formats: Formats) -> str:
    """Return which sums of which days differ, in a sentence."""
    rollups = dict.fromkeys(name for day in wrong for name, n in day.differences.items() if n)
    rows = sum(sum(day.differences.values()) for day in wrong)
    days = sorted({day.day for day in wrong})
    shown = ", ".join(formats.day(day) for day in days[:5])
    more = f" and {len(days) - 5} more" if len(days) > 5 else ""
    names = ", ".join(_NAMES[name] for name in rollups)
    return f"{formats.counted(rows, 'sum')} not as the requests say ({names}): {shown}{more}."


def _check(view: View, period: Period) -> list[CheckedDay]:
    wrong = []
    bar = st.progress(0.0, "Comparing sums with requests…")
    for n, checked in enumerate(check_rollups(view.me, period), 1):
        day = view.formats.day(checked.day)
        bar.progress(min(1.0, n / (period.length * 1.1)), f"Compared {day}")
        if not checked.is_right:
            wrong.append(checked)
    bar.empty()
    return wrong


def _rebuild(view: View, period: Period, wrong: list[CheckedDay]) -> str:
    days = sorted({checked.day for checked in wrong})
    bar = st.progress(0.0)
    for n, day in enumerate(days):
        bar.progress(n / len(days), f"Rebuilding {view.formats.day(day)}")
        rebuild_rollup_day(view.me, day)
    bar.empty()
    left = _check(view, period)
    st.session_state[_CHECKED] = (period, left)
    if left:
        return "Rebuilt, but something still differs: look below."
    return f"{view.formats.counted(len(days), 'day')} rebuilt, and every sum is right again."
