"""One person's own requests: the days they fell on, and each one, newest first."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, fetch_all, rpc
from footprint.data.filters import EVERYTHING, Filters
from footprint.data.period import Period
from footprint.data.usage import number

# One request, as the columns of ``request_logs``; None is unknown.
Request = dict[str, Any]
_CLASSES = (
    "tokens_input_uncached",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_output_text",
    "tokens_reasoning",
)
# What the columns of figures end with; a table's numerics may arrive as text.
_UNITS = ("_s", "_usd", "_eur", "_kwh", "_gco2e", "_l", "_low", "_high")
# How many requests a page shows, and how many a file asks for at a time.
PAGE_ROWS = 50
FILE_ROWS = 200


@dataclass(frozen=True)
class Wanted:
    """Which requests: of a period, of some models and providers, of one status and tag or all."""

    period: Period
    filters: Filters = EVERYTHING
    status: str | None = None
    tag: str | None = None


@dataclass(frozen=True)
class Cursor:
    """The request after which a page begins."""

    started_at: str
    event_id: str

    @classmethod
    def after(cls, request: Request) -> Cursor:
        """Return the place just after a request."""
        return cls(request["started_at"], request["event_id"])


@dataclass(frozen=True)
class Turn:
    """One message: whose (user, assistant, system, tool …), and its text."""

    role: str
    text: str


@dataclass(frozen=True)
class Content:
    """What was asked and answered, redacted, and when it will be erased (UTC)."""

    asked: tuple[Turn, ...]
    answered: tuple[Turn, ...]
    expires_at: datetime


def request_days(me: Me, period: Period) -> pd.DataFrame:
    """Return columns ``day``, ``provider``, ``model``, ``requests``, ``failures`` of a period."""
    return _request_days(me.user_id, period.first, period.last, me.session)


def requests_page(
    me: Me, wanted: Wanted, after: Cursor | None, rows: int = PAGE_ROWS
) -> list[Request]:
    """Return a page of this person's requests, newest first.

    Args:
        me: who asks.
        wanted: which requests.
        after: where the page begins; None for the newest.
        rows: at most so many, up to 200.
    """
    return _requests_page(me.user_id, wanted, after, rows, me.session)


def every_request(me: Me, wanted: Wanted) -> Iterator[Request]:
    """Yield all of this person's requests, newest first, however many there are."""
    after = None
    while True:
        page: list[Request] = _ask_page(me.session, wanted, after, FILE_ROWS)
        yield from page
        if len(page) < FILE_ROWS:
            return
        after = Cursor.after(page[-1])


def one_request(me: Me, event_id: str) -> Request | None:
    """Return one of this person's requests; None where they have no such one."""
    try:
        known = uuid.UUID(event_id)
    except ValueError:
        return None
    rows = fetch_all(me.session, "request_logs", "event_id", {"event_id": f"eq.{known}"})
    if not rows:
        return None
    request = {name: _figure(name, value) for name, value in rows[0].items()}
    if request["cache_hit"]:  # Free, whatever its sender says of a cost.
        request |= {"cost_usd": 0.0, "cost_eur": 0.0, "cost_tools_usd": None}
    return request


def content_of(me: Me, event_id: str) -> Content | None:
    """Return what was asked and answered in one of this person's requests; None where not kept."""
    wanted = {"event_id": f"eq.{uuid.UUID(event_id)}"}
    rows = fetch_all(me.session, "request_payloads", "event_id", wanted)
    if not rows:
        return None
    row = rows[0]
    return Content(
        tuple(_turns(row["messages"], "user")),
        tuple(_turns(row["response"], "assistant")),
        datetime.fromisoformat(row["expires_at"]),
    )


def tokens_in_all(request: Request) -> int | None:
    """Return the sum of the token classes that are known; None where none is."""
    classes = (value for name, value in request.items() if name in _CLASSES)
    known = [int(value) for value in classes if value is not None]
    return sum(known) if known else None


def _turns(value: Any, role: str) -> Iterator[Turn]:
    """Yield what the callback sends (`role` and `text`); another sender's form as its JSON."""
    for item in value if isinstance(value, list) else [value]:
        found = item if isinstance(item, dict) else {"text": item}
        text = found.get("text", found.get("content"))
        if item is not None:
            told = text if isinstance(text, str) else json.dumps(item, ensure_ascii=False)
            yield Turn(str(found.get("role") or role), told)


def _figure(name: str, value: Any) -> Any:
    if name.startswith("tokens_") and isinstance(value, str):
        return int(value)
    is_figure = name.endswith(_UNITS) or name in ("fx_eur_per_usd", "reported_cost")
    return number(value) if is_figure else value


@st.cache_data(ttl="1m", max_entries=512, show_spinner=False)
def _request_days(user_id: str, first: date, last: date, _session: Session) -> pd.DataFrame:
    table = pd.DataFrame(
        rpc(_session, "my_request_days", Period(first, last).arguments()),
        columns=["day", "provider", "model", "requests", "failures"],
    )
    table["day"] = pd.to_datetime(table["day"])
    return table.astype({"requests": "int64", "failures": "int64"})


@st.cache_data(ttl="1m", max_entries=512, show_spinner=False)
def _requests_page(
    user_id: str, wanted: Wanted, after: Cursor | None, rows: int, _session: Session
) -> list[Request]:
    return _ask_page(_session, wanted, after, rows)


def _ask_page(session: Session, wanted: Wanted, after: Cursor | None, rows: int) -> list[Request]:
    call = {
        **wanted.period.arguments(),
        **wanted.filters.arguments("models", "providers"),
        "p_status": wanted.status,
        "p_tag": wanted.tag,
        "p_before": after and after.started_at,
        "p_before_id": after and after.event_id,
        "p_limit": rows,
    }
    return list(rpc(session, "my_requests", call, exact=True))
