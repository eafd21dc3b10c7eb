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
class ModelSum:
    """What a file will hold of a model: rows, and the cost in EUR that they show."""

    rows: int
    cost_eur: Decimal


@dataclass(frozen=True)
class RowAtFault:
    """A row of the sums that is not what the requests say.

    Attributes:
        sums: "month" for people by month, "day" for the organisation by day.
        day: None in sums by month.
        who: the person, or in sums by day the team, where the reader may know them; else None.
        held_eur: what the row shows, EUR.
        said_eur: what its requests say, EUR.
    """

    sums: str
    provider: str
    model: str
    day: date | None
    who: str | None
    held_eur: Decimal
    said_eur: Decimal
    held_requests: int
    said_requests: int


@dataclass(frozen=True)
class ModelAtFault:
    """A model of which a file would not hold what the month does; costs in EUR."""

    provider: str
    model: str
    file_eur: Decimal
    month_eur: Decimal
    file_requests: int
    month_requests: int


@dataclass(frozen=True)
class Faults:
    """Where a month contradicts itself: models, and the rows of the sums that are wrong.

    No row is wrong where the sums are what the requests say, and differ all the same.
    """

    models: tuple[ModelAtFault, ...]
    rows: tuple[RowAtFault, ...]


@dataclass(frozen=True)
class Check:
    """Why a file does not hold what its head promised: what arrived since, and what is wrong."""

    arrived: int
    arrived_eur: Decimal
    faults: Faults | None


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
    # What it will hold by provider and model.
    models: dict[tuple[str, str], ModelSum]
    faults: Faults | None


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
        models={
            (provider, model): ModelSum(int(rows), Decimal(cost_eur))
            for provider, model, rows, cost_eur, *_ in answer["models"]
        },
        faults=_faults(answer["faults"]),
    )


def check_export(session: Session, export: Export) -> Check:
    """Ask why an export's rows may not be what its head promised."""
    call = {
        "p_kind": export.kind,
        "p_month": export.month.isoformat(),
        "p_as_of": export.as_of,
    }
    answer = rpc(session, "finance_export_check", call)
    return Check(int(answer["arrived"]), Decimal(answer["arrived_eur"]), _faults(answer["faults"]))


def _faults(answer: dict[str, Any] | None) -> Faults | None:
    if answer is None:
        return None
    models = (
        ModelAtFault(
            row["provider"],
            row["model"],
            Decimal(row["file_eur"]),
            Decimal(row["month_eur"]),
            int(row["file_requests"]),
            int(row["month_requests"]),
        )
        for row in answer["models"]
    )
    rows = (
        RowAtFault(
            row["sums"],
            row["provider"],
            row["model"],
            date.fromisoformat(row["day"]) if row["day"] else None,
            row["who"],
            Decimal(row["held_eur"]),
            Decimal(row["said_eur"]),
            int(row["held_requests"]),
            int(row["said_requests"]),
        )
        for row in answer["rows"]
    )
    return Faults(tuple(models), tuple(rows))


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
