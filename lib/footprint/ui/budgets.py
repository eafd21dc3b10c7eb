"""Budgets on the finance page: how far each one is spent, and the form that sets one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.budgets import SCOPES, Budget, budget_states, set_budget
from footprint.data.finance import FinanceMonth
from footprint.errors import InputError
from footprint.shell.text import plain
from footprint.ui.acts import act
from footprint.ui.attention import Finding
from footprint.ui.formats import Formats, month_name
from footprint.ui.page import View
from footprint.ui.tables import styled, table_height

STATES = {"within": "Within", "near": "80% and more", "reached": "Reached"}


def draw_budgets(view: View, statement: FinanceMonth) -> None:
    """Draw the month's budgets against what was spent, and the button that sets one."""
    budgets = budget_states(view.me, statement.month)
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.header("Budget and actual", anchor=False)
            if st.button("Set a budget", icon=":material/edit:"):
                _set(view.me, statement)
        if not budgets:
            named = statement.people_shown_by == "name"
            whose = "the organisation, a team or a person" if named else "the organisation"
            st.write(
                f"No budget holds in this month. Set one for {whose}: at 80% and at 100% it shows "
                "here and on the first page."
            )
            return
        for budget in budgets:
            if budget.state != "within":
                _warn(budget, view.formats)
        _table(budgets, view.formats)


def budget_sentence(budget: Budget, formats: Formats) -> str:
    """Return how far a budget is spent, in words."""
    share = formats.share(budget.cost_eur, budget.amount_eur)
    whose = budget.title if budget.scope == "organisation" else f"{SCOPES[budget.scope]} "
    name = "" if budget.scope == "organisation" else budget.title
    return (
        f"{whose}{name}: {share} of the month's budget is spent, "
        f"{formats.money(budget.cost_eur)} of {formats.money(budget.amount_eur)}."
    )


def budget_findings(budgets: Sequence[Budget], formats: Formats) -> list[Finding]:
    """Return the budgets that need attention: reached ones first, then those nearly spent."""
    pressing = [
        budget for state in ("reached", "near") for budget in budgets if budget.state == state
    ]
    return [
        Finding(budget_sentence(budget, formats), "See the budgets", "pages/finance.py")
        for budget in pressing
    ]


def _warn(budget: Budget, formats: Formats) -> None:
    said = plain(budget_sentence(budget, formats))
    if budget.state == "reached":
        st.warning(said, icon=":material/warning:")
    else:
        st.info(said, icon=":material/info:")


def _table(budgets: Sequence[Budget], formats: Formats) -> None:
    table = pd.DataFrame(
        {
            "Budget of": budget.title,
            "Kind": SCOPES[budget.scope],
            "A month": float(budget.amount_eur),
            "Spent": float(budget.cost_eur),
            "Share": float(budget.cost_eur / budget.amount_eur),
            "Left": float(budget.amount_eur - budget.cost_eur),
            "State": STATES[budget.state],
            "Since": month_name(budget.from_month),
        }
        for budget in budgets
    )
    writers = dict.fromkeys(("A month", "Spent", "Left"), formats.money)
    st.dataframe(
        styled(table, {**writers, "Share": lambda share: formats.share(share, 1)}),
        hide_index=True,
        height=table_height(len(table), 320),
        column_config={"Budget of": st.column_config.Column(pinned=True, width=150)},
        alt="Each budget with what was spent of it, what is left, and since when it holds",
    )


@st.dialog("Set a budget", width="medium")
def _set(me: Me, statement: FinanceMonth) -> None:
    by_person = statement.people_shown_by == "name"
    scopes = list(SCOPES) if by_person else ["organisation"]
    scope = st.segmented_control(
        "For", scopes, default="organisation", format_func=SCOPES.__getitem__, required=True
    )
    name = None
    if scope == "team":
        teams = sorted({team for team in statement.lines["team"] if team})
        name = st.selectbox("Team", teams, accept_new_options=True, placeholder="Choose or type")
    elif scope == "person":
        people = _people(statement)
        name = st.selectbox("Person", list(people), format_func=people.__getitem__, index=None)
    amount = st.text_input("Euros a month", placeholder="1500", help="Empty ends the budget.")
    st.caption(
        f"It holds from {month_name(statement.month)} on, until another one is set; the change is "
        "noted in the audit log."
    )
    if st.button("Set", type="primary"):
        act(lambda: _done(me, scope or "organisation", name, statement.month, amount))


def _people(statement: FinanceMonth) -> dict[str, str]:
    """Return the people of the month by id."""
    rows = statement.lines.drop_duplicates("user_id").to_dict("records")
    return {
        row["user_id"]: row["full_name"] or row["email"] or row["user_id"]
        for row in rows
        if row["user_id"]
    }


def _done(me: Me, scope: str, name: str | None, month: date, entered: str) -> str:
    amount = euros(entered) if entered.strip() else None
    set_budget(me, scope, name, month, amount)
    if amount is None:
        return f"The budget ends with {month_name(month)}."
    return f"The budget holds from {month_name(month)} on."


def euros(entered: str) -> Decimal:
    """Read an amount of euros as people type it: ``1500``, ``1500.50``, ``1500,50``.

    Raises:
        InputError: where it is not one; nothing is guessed of grouped thousands.
    """
    text = entered.strip().removeprefix("€").removesuffix("€").strip().replace(",", ".")
    digits = text.removeprefix("-").removeprefix("−")
    whole, _, cents = digits.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 8) or (
        cents and not (cents.isascii() and cents.isdigit() and len(cents) <= 2)
    ):
        raise InputError("Write the euros as 1500 or 1500.50, without a sign for thousands.")
    return Decimal(digits) * (-1 if digits != text else 1)
