"""The list of one person's requests: a page at a time, newest first, and a file of all."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.activity import (
    PAGE_ROWS,
    Cursor,
    Request,
    Wanted,
    every_request,
    requests_page,
    tokens_in_all,
)
from footprint.finance.activity_csv import activity_csv, file_name
from footprint.ui.formats import CARBON, ENERGY, TOKENS, UNKNOWN, WATER, Formats
from footprint.ui.page import View
from footprint.ui.tables import styled, table_height

REQUEST_KEY = "request"
STATUSES = {
    "success": "Succeeded",
    "failure": "Failed",
    "cancelled": "Cancelled",
    "abandoned": "Abandoned",
}
_TRAIL = "activity_trail"


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
            + (" · status and tag narrow this list, not the charts" if is_fine(wanted) else "")
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


def is_fine(wanted: Wanted) -> bool:
    """Whether the list is narrowed by what the cards and charts do not know: status or tag."""
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
        "Cost": formats.fine_money,
        "Latency": formats.seconds,
        "Energy": lambda value: formats.quantity(value, ENERGY),
        "CO₂e": lambda value: formats.quantity(value, CARBON),
        "Water": lambda value: formats.quantity(value, WATER),
    }
    st.dataframe(
        styled(requests_table(page, timezone), writers),
        key=key,
        hide_index=True,
        placeholder=UNKNOWN,
        height=table_height(len(page), 464),
        on_select=lambda: _choose(key, ids),
        selection_mode="single-row",
        column_config={
            "Time": st.column_config.DatetimeColumn(pinned=True, format="localized", width=160),
            "Model": st.column_config.Column(width=150),
            "Status": st.column_config.Column(width=135),
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
