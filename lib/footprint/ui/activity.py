"""What the activity page draws: filters, failures and days, and the list of requests."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.charts.activity import (
    calendar,
    calendar_period,
    describe_activity,
    error_rate,
    error_rate_over_time,
    failures_over_time,
)
from footprint.charts.prepare import Series, over_time
from footprint.data.activity import (
    PAGE_ROWS,
    Cursor,
    Request,
    Wanted,
    every_request,
    request_days,
    requests_page,
    tokens_in_all,
)
from footprint.data.deployment import Deployment
from footprint.data.period import Period
from footprint.finance.activity_csv import activity_csv, file_name
from footprint.ui.cards import Card
from footprint.ui.charts import Drawing, chart_row
from footprint.ui.formats import CARBON, ENERGY, TOKENS, UNKNOWN, WATER, Amount, Formats, exact
from footprint.ui.page import View
from footprint.ui.tables import styled

REQUEST_KEY = "request"
STATUSES = {
    "success": "Succeeded",
    "failure": "Failed",
    "cancelled": "Cancelled",
    "abandoned": "Abandoned",
}
_TRAIL = "activity_trail"
_COUNTS = ["requests", "failures"]


def activity_filter(days: pd.DataFrame, period: Period) -> Wanted:
    """Draw the filters under the title and return what they leave; they live in the address.

    Args:
        days: the requests of the period, as ``request_days`` answers.
        period: the period.
    """
    with st.grid(4, min_column_width=160):
        provider = _choice("Provider", "provider", days)
        model = _choice("Model", "model", days)
        status = st.selectbox(
            "Status",
            list(STATUSES.values()),
            index=None,
            placeholder="All",
            key="status",
            bind="query-params",
        )
        tag = st.text_input("Tag", key="tag", bind="query-params", placeholder="Any", max_chars=200)
    by_name = {name: status for status, name in STATUSES.items()}
    return Wanted(period, provider, model, by_name.get(status or ""), (tag or "").strip() or None)


def activity_cards(days: pd.DataFrame, formats: Formats) -> list[Card]:
    """Return how many requests there were, how many failed, and the busiest day."""
    by_day = days.groupby("day")["requests"].sum()
    made, failed = int(days["requests"].sum()), int(days["failures"].sum())
    return [
        Card(
            label="Requests",
            icon=":material/forum:",
            value=formats.number(made),
            change=None,
            notes=(f"on {formats.number(len(by_day))} days",),
            source="Every request recorded as yours, failed ones and cache answers included.",
        ),
        Card(
            label="Failed",
            icon=":material/error:",
            value=formats.number(failed),
            change=None,
            notes=("the provider or the gateway answered with an error",),
            source="Cancelled and abandoned requests are not counted as failed.",
        ),
        Card(
            label="Error rate",
            icon=":material/percent:",
            value=formats.share(failed, made) if made else UNKNOWN,
            change=None,
            notes=("failed ÷ requests",),
            source="Of the requests of the period, by provider and model where chosen.",
        ),
    ]


def draw_activity(me: Me, wanted: Wanted, deployment: Deployment, formats: Formats) -> None:
    """Draw failures, error rate and the calendar of days."""
    shown = calendar_period(wanted.period)
    days = narrowed(request_days(me, shown), wanted)
    by_day = days.groupby("day", as_index=False)[_COUNTS].sum()
    inside = by_day[by_day["day"] >= pd.Timestamp(wanted.period.first)]
    if wanted.period.first < shown.first:
        period_days = narrowed(request_days(me, wanted.period), wanted)
        inside = period_days.groupby("day", as_index=False)[_COUNTS].sum()
    series = over_time(inside, _COUNTS, wanted.period, deployment.today)
    whole = by_day.set_index("day").reindex(pd.date_range(shown.first, shown.last), fill_value=0)
    said = describe_activity(series.table, series.period.first, series.period.last, formats)
    chart_row(
        (
            4,
            Drawing(
                "failures",
                f"Failures by {series.grain}",
                lambda: failures_over_time(series, formats),
                f"Failures by {series.grain}, {said}",
                lambda: _counts_table(series.table, series, formats),
            ),
        ),
        (
            4,
            Drawing(
                "error_rate",
                f"Error rate by {series.grain}",
                lambda: error_rate_over_time(series, formats),
                f"Error rate by {series.grain}, {said}",
                lambda: _counts_table(series.table, series, formats),
            ),
        ),
    )
    chart_row(
        (
            8,
            Drawing(
                "calendar",
                f"Requests by day, {formats.days(shown.first, shown.last)}",
                lambda: calendar(whole["requests"], formats),
                "Calendar of requests, "
                + describe_activity(whole, shown.first, shown.last, formats),
                lambda: _counts_table(whole[whole["requests"] > 0], None, formats),
            ),
        )
    )


def narrowed(days: pd.DataFrame, wanted: Wanted) -> pd.DataFrame:
    """Return the days of the provider and model that are wanted; status and tag are not here."""
    for column, value in (("provider", wanted.provider), ("model", wanted.model)):
        if value is not None:
            days = days[days[column] == value]
    return days


def draw_requests(view: View, wanted: Wanted, timezone: str) -> None:
    """Draw the list of requests, a page at a time, and the file of all of them."""
    trail = _trail(wanted)
    found = requests_page(view.me, wanted, trail[-1] if trail else None, PAGE_ROWS + 1)
    page = found[:PAGE_ROWS]
    with st.container(border=True):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        )
        head.header("Requests", anchor=False)
        _download(head, view.me, wanted, timezone)
        if not page:
            st.info("No request passes these filters.", icon=":material/search_off:")
            return
        _list(page, timezone, view.formats)
        st.caption(
            f"Newest first · times in {timezone} · choose a row for its detail"
            + (" · status and tag narrow this list, not the charts" if _is_fine(wanted) else "")
        )
        if trail or len(found) > PAGE_ROWS:
            with st.container(horizontal=True):
                st.button(
                    "Newer",
                    icon=":material/chevron_left:",
                    disabled=not trail,
                    on_click=_back,
                    args=(trail,),
                )
                st.button(
                    "Older",
                    icon=":material/chevron_right:",
                    disabled=len(found) <= PAGE_ROWS,
                    on_click=trail.append,
                    args=(Cursor.after(page[-1]),),
                )


def requests_table(page: list[Request], timezone: str) -> pd.DataFrame:
    """Return requests as the list shows them: unformatted, one row each."""
    rows = [
        {
            "Time": pd.Timestamp(request["started_at"])
            .tz_convert(ZoneInfo(timezone))
            .tz_localize(None),
            "Model": request["model"],
            "Status": outcome(request),
            "Tokens": tokens_in_all(request),
            "Cost": request["cost_eur"],
            "Latency": request["latency_s"],
            "Energy": request["energy_kwh"],
            "CO₂e": request["carbon_gco2e"],
            "Water": request["water_l"],
            "Provider": request["provider"] or None,
            "Tags": ", ".join(request["tags"] or ()) or None,
        }
        for request in page
    ]
    figures = ("Tokens", "Cost", "Latency", "Energy", "CO₂e", "Water")
    return pd.DataFrame(rows).astype(dict.fromkeys(figures, "float64"))


def outcome(request: Request) -> str:
    """Return how a request ended, with what went wrong where that is known."""
    status = STATUSES[request["status"]]
    if request["cache_hit"]:
        return f"{status} from the gateway's cache"
    return f"{status}: {request['error_class']}" if request["error_class"] else status


def seconds(value: float | None, formats: Formats) -> str:
    """Write a time in seconds, or in milliseconds below one."""
    if value is None or pd.isna(value):
        return UNKNOWN
    return (
        f"{formats.number(value * 1000)}\u00a0ms"
        if value < 1
        else f"{formats.number(value, 1)}\u00a0s"
    )


def fine_money(value: Amount, formats: Formats, currency: str = "EUR") -> str:
    """Write what one request cost: to the cent, below a cent with two significant digits."""
    known = exact(value)
    if known is None or known == 0 or abs(known) >= Decimal("0.01"):
        return formats.money(value, currency)
    before, after = formats.around_money(currency)
    return f"{before}{formats.number(known, min(1 - known.adjusted(), 12))}{after}"


def _choice(label: str, column: str, days: pd.DataFrame) -> str | None:
    known = days.groupby(column)["requests"].sum().sort_values(ascending=False)
    chosen: str | None = st.selectbox(
        label,
        [name for name in known.index if name],
        index=None,
        placeholder="All",
        key=column,
        bind="query-params",
    )
    return chosen


def _is_fine(wanted: Wanted) -> bool:
    return wanted.status is not None or wanted.tag is not None


def _trail(wanted: Wanted) -> list[Cursor]:
    """Return where the pages before this one ended; other filters begin anew."""
    kept: tuple[Wanted, list[Cursor]] | None = st.session_state.get(_TRAIL)
    if kept is None or kept[0] != wanted:
        kept = (wanted, [])
        st.session_state[_TRAIL] = kept
    return kept[1]


def _back(trail: list[Cursor]) -> None:
    trail.pop()


def _download(head: Any, me: Me, wanted: Wanted, timezone: str) -> None:
    head.download_button(
        "Download CSV",
        lambda: activity_csv(every_request(me, wanted), wanted, timezone),
        file_name=file_name(wanted),
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help="All requests that pass the filters, not only this page: UTF-8, comma, decimal point.",
    )


def _list(page: list[Request], timezone: str, formats: Formats) -> None:
    ids = [request["event_id"] for request in page]
    key = f"requests_from_{ids[0]}_{len(ids)}"
    writers = {
        "Tokens": lambda value: formats.quantity(value, TOKENS),
        "Cost": lambda value: fine_money(value, formats),
        "Latency": lambda value: seconds(value, formats),
        "Energy": lambda value: formats.quantity(value, ENERGY),
        "CO₂e": lambda value: formats.quantity(value, CARBON),
        "Water": lambda value: formats.quantity(value, WATER),
    }
    st.dataframe(
        styled(requests_table(page, timezone), writers),
        key=key,
        hide_index=True,
        placeholder=UNKNOWN,
        height=min(460, 37 + 35 * len(page)),
        on_select=lambda: _choose(key, ids),
        selection_mode="single-row",
        column_config={
            "Time": st.column_config.DatetimeColumn(
                pinned=True, format="YYYY-MM-DD HH:mm:ss", width=150
            ),
            "Model": st.column_config.Column(width=170),
            "Status": st.column_config.Column(width=150),
        },
        alt=f"{len(page)} requests, newest first: time, model, status, tokens, cost and impact",
    )


def _choose(key: str, ids: list[str]) -> None:
    """Put the chosen request into the address, so that the link shows it again."""
    rows = st.session_state[key].selection.rows
    if rows:
        st.query_params[REQUEST_KEY] = ids[rows[0]]
    else:
        st.query_params.pop(REQUEST_KEY, None)


def _counts_table(table: pd.DataFrame, series: Series | None, formats: Formats) -> Any:
    newest = table.iloc[::-1]
    shown = pd.DataFrame(
        {
            "Week of" if series and series.is_weekly else "Day": [
                formats.day(pd.Timestamp(str(start)).date()) for start in newest.index
            ],
            "Requests": newest["requests"].to_numpy(),
            "Failed": newest["failures"].to_numpy(),
            "Error rate": error_rate(newest).to_numpy(),
        }
    )
    writers: Mapping[str, Any] = {
        "Requests": formats.number,
        "Failed": formats.number,
        "Error rate": lambda rate: "none made" if pd.isna(rate) else formats.share(rate, 1),
    }
    return styled(shown, writers)
