"""Screens for when there is nothing to draw yet: what to do first, in code that runs."""

from __future__ import annotations

import json
import uuid
from datetime import date

import streamlit as st

from footprint.auth import Me
from footprint.data.period import CUSTOM, Period
from footprint.shell.text import plain
from footprint.ui.filters import DAYS_KEY, PERIOD_KEY, clear_filters
from footprint.ui.formats import Formats, month_name

KEY_COMMAND = 'footprint keys create "LiteLLM proxy"'
IMPORT_COMMAND = "footprint import requests.csv"
IMPORT_EXAMPLE = """\
started_at,user_id,provider,model,tokens_input_uncached,tokens_output_text
{today}T09:15:00+00:00,{user_id},openai,gpt-4o,1200,300
"""
SEND_COMMAND = """\
curl "$SUPABASE_URL/rest/v1/rpc/ingest_request_logs" \\
  -H "apikey: $SUPABASE_PUBLISHABLE_KEY" \\
  -H "x-ingest-key: $FOOTPRINT_INGEST_KEY" \\
  -H "content-type: application/json" \\
  -d '{body}'
"""


def first_event(user_id: str, today: date) -> dict[str, object]:
    """Return a request as the ingest contract has it, for the reader to change and send."""
    return {
        "event_id": str(uuid.uuid4()),
        "started_at": f"{today}T09:15:00+00:00",
        "user_id": user_id,
        "provider": "openai",
        "model": "gpt-4o",
        "tokens_input_uncached": 1200,
        "tokens_output_text": 300,
        "cost_usd": "0.006",
    }


def nothing_of_mine(me: Me) -> None:
    """Say that no request is this person's yet, and how one becomes theirs."""
    with st.container(border=True, gap="small"):
        st.header(":material/eco: Nothing of yours yet", anchor=False)
        st.write(
            "No request of yours has been recorded. As soon as the gateway records one under your "
            "name, this page shows what it cost and weighed."
        )
        st.write("A request counts as yours when it carries your id:")
        st.code(me.user_id, language=None)
        if me.role == "member":
            st.caption("Ask your administrator whether the gateway sends it along.")
        else:
            st.page_link(
                "pages/organisation.py", label="See the organisation", icon=":material/groups:"
            )


def first_steps(me: Me, today: date) -> None:
    """Draw what to do before there is anything to see: send requests, or import a file."""
    with st.container(border=True, gap="small"):
        st.header(":material/eco: Nothing recorded yet", anchor=False)
        st.write(
            "Two ways to the first figures: let your gateway send requests as they happen, or "
            "import the ones you already have. Both can be done again without counting twice."
        )
        send, load = st.tabs(["Send requests", "Import a file"])
        with send:
            st.write("Make an ingest key; it is shown once and can do nothing but send requests.")
            st.code(KEY_COMMAND, language="bash")
            st.write("Send one request, or up to a thousand at a time:")
            body = json.dumps({"p_events": [first_event(me.user_id, today)]}, indent=2)
            st.code(SEND_COMMAND.format(body=body), language="bash")
        with load:
            st.write("A CSV or JSON-lines file, one request a line; gzip is fine too:")
            st.code(IMPORT_EXAMPLE.format(user_id=me.user_id, today=today), language=None)
            st.code(IMPORT_COMMAND, language="bash")
            st.caption(
                "LiteLLM's own column names (startTime, prompt_tokens, spend) are understood as "
                "they are; for others see `footprint import --help`."
            )


def nothing_in_period(last_day: date, formats: Formats) -> None:
    """Say that the period is empty, and offer the month in which there last was something."""
    month = Period(last_day.replace(day=1), last_day)
    with st.container(border=True, gap="small"):
        st.header(":material/event_busy: No request in this period", anchor=False)
        st.write(f"The newest one is from {plain(formats.day(last_day))}.")
        st.button(
            f"Show {month_name(last_day)}",
            icon=":material/calendar_month:",
            type="primary",
            on_click=_show,
            args=(month,),
        )


def nothing_passes() -> None:
    """Say that no request of the period passes the filter, and offer to take it away."""
    with st.container(border=True, gap="small"):
        st.header(":material/filter_alt_off: No request passes the filter", anchor=False)
        st.write("There may be some in another period, or without it.")
        st.button("Show everything", type="primary", on_click=clear_filters)


def _show(period: Period) -> None:
    st.session_state[PERIOD_KEY] = CUSTOM
    st.session_state[DAYS_KEY] = (period.first, period.last)
