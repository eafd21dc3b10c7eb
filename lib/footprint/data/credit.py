"""Prepaid credit: one's own, and the ledger of everybody for finance. Never cached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from footprint.auth import Me
from footprint.data.client import rpc
from footprint.data.usage import money
from footprint.forecast import MOST_DAYS

PAGE_ROWS = 50


@dataclass(frozen=True)
class Credit:
    """One's own credit in euros.

    ``entries`` has the columns ``at``, ``kind``, ``amount_eur`` (exact, signed as it changes the
    credit) and ``note``, newest first; the usage of a month is one entry of kind ``usage``.
    ``days`` holds the cost of the last complete days, oldest first and without a gap;
    ``cost_today`` is today's so far.
    """

    is_prepaid: bool
    today: date
    credited_eur: Decimal
    used_eur: Decimal
    entries: pd.DataFrame
    days: list[float]
    cost_today: float

    @property
    def balance_eur(self) -> Decimal:
        """What is left: the ledger less the known cost of all usage."""
        return self.credited_eur - self.used_eur


@dataclass(frozen=True)
class Person:
    """Somebody with or without credit; used and balance None where people are not named."""

    user_id: str
    title: str
    email: str | None
    team: str | None
    credited_eur: Decimal | None
    used_eur: Decimal | None
    balance_eur: Decimal | None


@dataclass(frozen=True)
class Entry:
    """One line of the ledger, or one that waits for a second person."""

    transaction_id: str
    user_id: str
    title: str
    kind: str
    amount_eur: Decimal
    note: str | None
    at: datetime
    entered_by: str | None
    entered_by_id: str | None
    approved_by: str | None
    is_reversed: bool


@dataclass(frozen=True)
class Ledger:
    """A page of the ledger, newest first, with everybody's balance."""

    is_prepaid: bool
    needs_two_people: bool
    people_are_named: bool
    people: list[Person]
    proposed: list[Entry]
    entries: list[Entry]


def my_credit(me: Me) -> Credit:
    """Return one's own credit."""
    answer = rpc(me.session, "my_credit")
    today = date.fromisoformat(answer["today"])
    costs = {row["day"][:10]: float(row["cost_eur"]) for row in answer["days"]}
    complete = [today - timedelta(days=back) for back in range(MOST_DAYS, 0, -1)]
    return Credit(
        is_prepaid=bool(answer["prepaid_mode"]),
        today=today,
        credited_eur=Decimal(answer["credited_eur"]),
        used_eur=Decimal(answer["used_eur"]),
        entries=_own_entries(answer),
        days=[costs.get(day.isoformat(), 0.0) for day in complete],
        cost_today=costs.get(today.isoformat(), 0.0),
    )


def ledger(me: Me, user_id: str | None = None, after: Entry | None = None) -> Ledger:
    """Return a page of the ledger, of one person or all (finance and admin only).

    Args:
        me: who asks.
        user_id: whose entries; None for everybody's.
        after: the entry after which the page begins; None for the newest.
    """
    call = {
        "p_user_id": user_id,
        "p_before": after and after.at.isoformat(),
        "p_before_id": after and after.transaction_id,
        "p_limit": PAGE_ROWS,
    }
    answer = rpc(me.session, "ledger", call)
    return Ledger(
        is_prepaid=answer["prepaid_mode"],
        needs_two_people=answer["needs_two_people"],
        people_are_named=answer["people_are_named"],
        people=[_person(row) for row in answer["people"]],
        proposed=[_proposed(row) for row in answer["proposed"]],
        entries=[_entry(row) for row in answer["entries"]],
    )


def record_transaction(
    me: Me, user_id: str, kind: str, amount: Decimal, key: str, note: str | None
) -> None:
    """Enter a ledger entry, once a key (finance and admin only).

    Args:
        me: who enters it.
        user_id: whose credit.
        kind: topup, refund, spend or adjustment.
        amount: EUR, signed as it changes the credit.
        key: made by the form; the same one again enters nothing.
        note: why.

    Raises:
        InputError: where it cannot be, in a sentence.
    """
    call = {"p_user_id": user_id, "p_kind": kind, "p_amount_eur": f"{amount}"}
    rpc(me.session, "record_transaction", {**call, "p_idempotency_key": key, "p_note": note})


def reverse_transaction(me: Me, entry: Entry, key: str, note: str) -> None:
    """Take an entry back by a second one (finance and admin only)."""
    call = {"p_transaction_id": entry.transaction_id, "p_idempotency_key": key, "p_note": note}
    rpc(me.session, "reverse_transaction", call)


def decide_transaction(me: Me, entry: Entry, decision: str) -> None:
    """Approve or refuse an entry that waits (finance and admin only, not who entered it)."""
    call = {"p_transaction_id": entry.transaction_id, "p_decision": decision}
    rpc(me.session, "decide_transaction", call)


def _own_entries(answer: dict[str, Any]) -> pd.DataFrame:
    rows = [
        {
            "at": date.fromisoformat(row["created_at"][:10]),
            "kind": row["kind"],
            "amount_eur": Decimal(row["amount_eur"]),
            "note": row["note"],
        }
        for row in answer["entries"]
    ] + [
        {
            "at": _last_of(date.fromisoformat(row["month"][:10])),
            "kind": "usage",
            "amount_eur": -Decimal(row["cost_eur"]),
            "note": None,
        }
        for row in answer["months"]
    ]
    table = pd.DataFrame(rows, columns=["at", "kind", "amount_eur", "note"])
    return table.sort_values("at", ascending=False, kind="stable", ignore_index=True)


def _last_of(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _person(row: dict[str, Any]) -> Person:
    return Person(
        user_id=row["user_id"],
        title=row["title"],
        email=row["email"],
        team=row["team"],
        credited_eur=money(row["credited_eur"]),
        used_eur=money(row["used_eur"]),
        balance_eur=money(row["balance_eur"]),
    )


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        transaction_id=row["transaction_id"],
        user_id=row["user_id"],
        title=row["title"],
        kind=row["kind"],
        amount_eur=Decimal(row["amount_eur"]),
        note=row["note"],
        at=datetime.fromisoformat(row["created_at"]),
        entered_by=row["created_by"],
        entered_by_id=None,
        approved_by=row["approved_by"],
        is_reversed=row["is_reversed"],
    )


def _proposed(row: dict[str, Any]) -> Entry:
    return Entry(
        transaction_id=row["transaction_id"],
        user_id=row["user_id"],
        title=row["title"],
        kind=row["kind"],
        amount_eur=Decimal(row["amount_eur"]),
        note=row["note"],
        at=datetime.fromisoformat(row["proposed_at"]),
        entered_by=row["proposed_by_title"],
        entered_by_id=row["proposed_by"],
        approved_by=None,
        is_reversed=False,
    )
