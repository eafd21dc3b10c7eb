"""A month as finance takes it away: what a file will hold, and its rows, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from footprint.data.client import Session, rpc

KINDS: Final = ("statement", "requests", "focus")
# Rows asked for at a time: what the app holds of a file at any moment.
PAGE_ROWS: Final = 2000

# A row: every value as text, in the order of the columns; None is unknown.
Row = list[str | None]


@dataclass(frozen=True)
class Export:
    """An export that has begun: what it will hold, and where it goes on."""

    kind: str
    # First day of the month.
    month: date
    timezone: str
    organisation: str
    # How people are told apart: name, pseudonym or nothing.
    people_shown_by: str
    factor_set: str
    method_version: str
    # The columns by name: whether they hold figures.
    columns: dict[str, bool]
    rows: int
    requests: int
    cost_eur: Decimal
    cost_usd: Decimal
    as_of: str
    first_page: dict[str, Any]


def begin_export(session: Session, kind: str, month: date) -> Export:
    """Begin an export (finance and admin only; it is written to the audit log).

    Raises:
        AccessDenied: where this person may not have it.
        InputError: where there is no such export or month.
    """
    call = {"p_kind": kind, "p_month": month.isoformat(), "p_limit": PAGE_ROWS}
    answer = rpc(session, "finance_export", call)
    return Export(
        kind=kind,
        month=month,
        timezone=answer["timezone"],
        organisation=answer["organisation_name"] or "",
        people_shown_by=answer["people_shown_by"],
        factor_set=answer["factor_set"] or "",
        method_version=answer["method_version"] or "",
        columns={name: kind_of == "number" for name, kind_of in answer["columns"]},
        rows=int(answer["rows"]),
        requests=int(answer["requests"]),
        cost_eur=Decimal(answer["cost_eur"]),
        cost_usd=Decimal(answer["cost_usd"]),
        as_of=answer["as_of"],
        first_page=answer["page"],
    )


def export_pages(session: Session, export: Export) -> Iterator[list[Row]]:
    """Yield the rows of an export, a page at a time, in the order of their key."""
    page = export.first_page
    yield page["rows"]
    call = {
        "p_kind": export.kind,
        "p_month": export.month.isoformat(),
        "p_as_of": export.as_of,
        "p_limit": PAGE_ROWS,
    }
    while page["next"] is not None:
        page = rpc(session, "finance_export_page", {**call, "p_after": page["next"]})
        yield page["rows"]
