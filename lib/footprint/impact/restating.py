"""Deriving earlier requests anew: day by day in the database, resumable, with what changed kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from footprint.database import ask, connect
from footprint.errors import InputError


@dataclass(frozen=True)
class Restated:
    """A finished restatement: its number, its set, and how many requests changed."""

    restatement_id: int
    factor_set: str
    rows_changed: int


@dataclass(frozen=True)
class Scope:
    """What to restate: with which set (None: the active one), and which days (None: all)."""

    factor_set: str | None = None
    first: date | None = None
    last: date | None = None


def restate(
    database_url: str,
    scope: Scope,
    reason: str,
    tell: Callable[[int, float], None] = lambda rows, share: None,
) -> Restated:
    """Begin a restatement, or go on with the unfinished one of the same scope, and finish it.

    Args:
        database_url: Direct address of the database.
        scope: Which days, with which set.
        reason: Why; readers see it beside the figures.
        tell: Gets the number of rows changed so far and the share of the days done (0-1).

    Raises:
        InputError: where the set is not there, or another restatement is unfinished.
        ServiceUnavailable: where the database does not answer; what was done is kept.
    """
    with connect(database_url) as connection:
        number = ask(
            connection,
            "private.begin_restatement",
            scope.factor_set,
            scope.first,
            scope.last,
            reason,
        )
    return _finish(database_url, int(number), tell)


def resume(
    database_url: str, tell: Callable[[int, float], None] = lambda rows, share: None
) -> Restated:
    """Go on with the restatement that was interrupted.

    Raises:
        InputError: where there is none.
    """
    with connect(database_url) as connection:
        row = connection.execute(
            "select restatement_id from public.restatements where finished_at is null"
        ).fetchone()
    if row is None:
        raise InputError("Every restatement is finished: there is nothing to resume.")
    return _finish(database_url, int(row[0]), tell)


def rows_on_other_sets(database_url: str, factor_set: str) -> dict[str, int]:
    """Return how many requests stand on each other set than this one."""
    with connect(database_url) as connection:
        rows = connection.execute(
            "select factor_set, count(*) from public.request_logs"
            " where factor_set <> %s group by 1 order by 1",
            [factor_set],
        ).fetchall()
    return {str(name): int(count) for name, count in rows}


def _finish(database_url: str, number: int, tell: Callable[[int, float], None]) -> Restated:
    with connect(database_url) as connection:
        days_at_start: int | None = None
        step: dict[str, Any] = {"finished": False}
        while not step["finished"]:
            step = ask(connection, "private.restate_next", number)
            left = int(step["days_left"])
            days_at_start = days_at_start or left + 1
            tell(int(step["rows_changed"]), 1 - left / days_at_start)
        row = connection.execute(
            "select factor_set from public.restatements where restatement_id = %s", [number]
        ).fetchone()
    if row is None:
        raise InputError("The restatement is gone from the database.")
    return Restated(number, str(row[0]), int(step["rows_changed"]))
