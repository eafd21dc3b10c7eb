"""One month as finance books it: exact money, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.client import Session, rpc
from footprint.data.usage import Usage, money, number, usage, usage_table

LINE_KEYS = ("user_id", "email", "full_name", "team", "provider", "model")
SHARE_COLUMNS = ["user_id", "email", "full_name", "team", "cost_eur", "area_cm2"]


@dataclass(frozen=True)
class Restoration:
    """The month's contribution to nature: what is pledged, what has a receipt."""

    # "verified" where the month is over and has receipts, else "pending".
    status: str
    # Of the month's cost, 0–1.
    pledge_share: float | None
    pledged_eur: Decimal | None
    # What receipts show, and the area they show.
    donated_eur: Decimal | None
    area_m2: float | None
    # What a square metre costs, by the receipts of a year or by contract.
    price_eur_per_m2: float | None
    # Of a verified month: columns SHARE_COLUMNS, a row a person (the last without one: nobody
    # known), whose whole square centimetres add up to the receipts exactly. Pending: no row.
    shares: pd.DataFrame = field(default_factory=lambda: _shares([]))


@dataclass(frozen=True)
class FinanceMonth:
    """A month's totals and lines, one line a person, provider and model."""

    # The first day of the month.
    month: date
    timezone: str
    # The oldest and newest month with a request; None without one.
    first_month: date | None
    last_month: date | None
    totals: Usage
    # Columns: LINE_KEYS, then every field of Usage; money exact.
    lines: pd.DataFrame
    restoration: Restoration
    # How dollars became euros, as the database states it.
    fx: dict[str, Any]
    factor_set: str
    # How people are told apart: name, pseudonym or nothing.
    people_shown_by: str


def finance_month(me: Me, month: date) -> FinanceMonth:
    """Return one month of the whole organisation (finance and admin only).

    Args:
        me: who asks.
        month: any day of the month, in the reporting time zone.
    """
    return _finance_month(me.user_id, me.role, month.replace(day=1), me.session)


def month_before(me: Me, statement: FinanceMonth, today: date) -> FinanceMonth | None:
    """Return the month before, to compare with: both are over and wholly recorded.

    Args:
        me: who asks.
        statement: the month that is compared.
        today: the current day in the reporting time zone.
    """
    before = (statement.month - timedelta(days=1)).replace(day=1)
    if statement.month >= today.replace(day=1) or before <= (statement.first_month or before):
        return None
    return finance_month(me, before)


def lines_by(statement: FinanceMonth, key: str) -> pd.DataFrame:
    """Return the month's lines added up by one of their keys, costliest first; money exact.

    Args:
        statement: the month.
        key: ``user_id`` (the person's other keys stay beside it), ``team``, ``provider`` or
            ``model``.

    Returns:
        The columns that name a group, then every field of ``Usage``; an amount of which nothing in
        a group is known stays unknown.
    """
    groups: dict[Any, list[dict[Any, Any]]] = {}
    for line in statement.lines.to_dict("records"):
        groups.setdefault(line[key], []).append(line)
    names = ("user_id", "email", "full_name", "team") if key == "user_id" else (key,)
    rows = [
        {name: lines[0][name] for name in names}
        | {name: _sum(line[name] for line in lines) for name in (f.name for f in fields(Usage))}
        for lines in groups.values()
    ]
    rows.sort(key=lambda row: row["cost_eur"] or 0, reverse=True)
    return usage_table(rows, *names)


def _sum(values: Iterable[Any]) -> Any:
    known = [value for value in values if not pd.isna(value)]
    return sum(known) if known else None


@st.cache_data(ttl="1m", max_entries=64, show_spinner=False)
def _finance_month(user_id: str, role: str, month: date, _session: Session) -> FinanceMonth:
    answer = rpc(_session, "finance_month", {"p_month": month.isoformat()}, exact=True)
    return FinanceMonth(
        month=_month(answer["month"]) or month,
        timezone=answer["timezone"],
        first_month=_month(answer.get("first_month")),
        last_month=_month(answer.get("last_month")),
        totals=usage(answer["totals"] or {}),
        lines=usage_table(answer["lines"] or [], *LINE_KEYS),
        restoration=_restoration(answer.get("restoration") or {}),
        fx=answer.get("fx") or {},
        factor_set=answer.get("active_factor_set") or "",
        people_shown_by=answer["people_shown_by"],
    )


def _restoration(answer: dict[str, Any]) -> Restoration:
    return Restoration(
        status=answer.get("status") or "pending",
        pledge_share=number(answer.get("pledge_share")),
        pledged_eur=money(answer.get("pledged_eur")),
        donated_eur=money(answer.get("donated_eur")),
        area_m2=number(answer.get("area_m2")),
        price_eur_per_m2=number(answer.get("price_eur_per_m2")),
        shares=_shares(answer.get("shares") or []),
    )


def _shares(rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=SHARE_COLUMNS)
    table["cost_eur"] = pd.Series([money(row["cost_eur"]) for row in rows], dtype="object")
    table["area_cm2"] = pd.to_numeric(table["area_cm2"]).astype("int64")
    return table


def _month(text: str | None) -> date | None:
    """Read ``2026-11`` or ``2026-11-01``."""
    return date.fromisoformat(f"{text[:7]}-01") if text else None
