"""What was meant to be spent in a month, against what was. Never cached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from footprint.auth import Me
from footprint.data.client import rpc

SCOPES = {"organisation": "Organisation", "team": "Team", "person": "Person"}


@dataclass(frozen=True)
class Budget:
    """One budget of a month: ``within``, ``near`` (from 80 %) or ``reached`` (from 100 %)."""

    scope: str
    # Team, or user id; empty for the organisation.
    name: str
    title: str
    from_month: date
    amount_eur: Decimal
    cost_eur: Decimal
    state: str


def budget_states(me: Me, month: date) -> list[Budget]:
    """Return the budgets that hold in a month (finance and admin only).

    Where people are not named, the organisation's alone.
    """
    answer = rpc(me.session, "budget_states", {"p_month": month.isoformat()})
    return [
        Budget(
            scope=row["scope"],
            name=row["name"],
            title=row["title"] or SCOPES["organisation"],
            from_month=date.fromisoformat(row["from_month"]),
            amount_eur=Decimal(row["amount_eur"]),
            cost_eur=Decimal(row["cost_eur"]),
            state=row["state"],
        )
        for row in answer["budgets"]
    ]


def set_budget(me: Me, scope: str, name: str | None, month: date, amount: Decimal | None) -> None:
    """Set a budget in euros from a month on; None ends it (finance and admin only).

    Raises:
        InputError: where scope, name or amount cannot be, in a sentence.
    """
    call = {"p_scope": scope, "p_name": name, "p_month": month.isoformat()}
    rpc(me.session, "set_budget", {**call, "p_amount_eur": None if amount is None else f"{amount}"})
