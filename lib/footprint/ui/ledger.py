"""What the ledger page draws: balances, what waits, the ledger, and the forms that add to it."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pandas as pd
import streamlit as st

from footprint.auth import Me
from footprint.data.credit import (
    PAGE_ROWS,
    Entry,
    Ledger,
    decide_transaction,
    ledger,
    record_transaction,
    reverse_transaction,
)
from footprint.errors import InputError
from footprint.shell.text import plain
from footprint.ui.acts import NOTHING, act, moment
from footprint.ui.budgets import euros
from footprint.ui.credit import KINDS
from footprint.ui.formats import Formats
from footprint.ui.page import View
from footprint.ui.tables import styled, table_height

_ENTERED = ("topup", "refund", "spend", "adjustment")
_HINTS = {
    "topup": "Adds to the credit.",
    "refund": "Takes what was paid back to the person.",
    "spend": "Takes what was spent on something else than requests.",
    "adjustment": "Adds or, with a minus, takes.",
}
_EVERYBODY = "Everybody"
# How many pages of the ledger a reader has asked for.
_PAGES = "ledger_pages"


def ledger_buttons(view: View, books: Ledger) -> None:
    """Draw the button that adds an entry."""
    with view.controls:
        if st.button("Add an entry", icon=":material/add:", type="primary"):
            _add(view.me, books, str(uuid.uuid4()))


def draw_proposed(view: View, books: Ledger, timezone: str) -> None:
    """Draw the entries that wait for a second person, with what can be done about each."""
    if not books.proposed:
        return
    with st.container(border=True):
        st.header("Waiting for a second person", anchor=False)
        st.caption("None of them is in a balance yet.")
        for entry in books.proposed:
            is_own = entry.entered_by_id == view.me.user_id
            with st.container(
                horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
            ):
                st.markdown(plain(_in_words(entry, view.formats, timezone)), width="stretch")
                with st.container(horizontal=True, width="content"):
                    if st.button(
                        "Approve",
                        key=f"approve_{entry.transaction_id}",
                        disabled=is_own,
                        help="Somebody else approves what you entered." if is_own else None,
                    ):
                        act(lambda entry=entry: _decided(view.me, entry, "approved"))  # type: ignore[misc]
                    if st.button("Refuse", key=f"refuse_{entry.transaction_id}"):
                        act(lambda entry=entry: _decided(view.me, entry, "refused"))  # type: ignore[misc]


def draw_balances(view: View, books: Ledger) -> None:
    """Draw the balance of everybody with credit."""
    with st.container(border=True):
        st.header("Balance by person", anchor=False)
        people = [person for person in books.people if person.credited_eur is not None]
        if not people:
            st.write("Nobody has credit yet: the first entry gives somebody some.")
            return
        table = pd.DataFrame(
            {
                "Person": person.title,
                "Balance": person.balance_eur,
                "Credited": person.credited_eur,
                "Used": person.used_eur,
                "Team": person.team or "No team",
            }
            for person in people
        ).astype(dict.fromkeys(("Credited", "Used", "Balance"), "float64"))
        money = dict.fromkeys(("Credited", "Used", "Balance"), view.formats.money)
        st.dataframe(
            styled(table, money),
            hide_index=True,
            height=table_height(len(table), 360),
            column_config={"Person": st.column_config.Column(pinned=True, width=160)},
            alt="What each person was credited, has used, and has left",
        )
        st.caption(
            "The ledger less the known cost of all of a person's requests; worked out anew each "
            "time, never stored."
            if books.people_are_named
            else "Used and left are not shown where people are not named."
        )


def draw_ledger(view: View, books: Ledger, timezone: str) -> None:
    """Draw the ledger, newest first, of one person or everybody, a page more at a click."""
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
        ):
            st.header("Entries", anchor=False)
            names = {person.user_id: person.title for person in books.people}
            user_id = st.selectbox(
                "Person",
                list(names),
                index=None,
                format_func=names.__getitem__,
                placeholder=_EVERYBODY,
                key="of",
                width=240,
            )
        entries, is_all = _entries(view.me, books, user_id)
        if not entries:
            st.write("No entry yet.")
            return
        st.dataframe(
            _table(entries, view.formats, timezone),
            hide_index=True,
            placeholder=NOTHING,
            height=table_height(len(entries)),
            column_config={
                "Person": st.column_config.Column(pinned=True, width=150),
                "What": st.column_config.Column(width=150),
            },
            alt=f"{len(entries)} entries of the ledger, newest first",
        )
        with st.container(horizontal=True):
            if not is_all and st.button("Show more", icon=":material/expand_more:"):
                st.session_state[_PAGES] = st.session_state.get(_PAGES, 1) + 1
                st.rerun()
            if st.button("Take an entry back", icon=":material/undo:"):
                _reverse(view.me, entries, str(uuid.uuid4()), view.formats, timezone)


def _entries(me: Me, books: Ledger, user_id: str | None) -> tuple[list[Entry], bool]:
    """Return as many pages as were asked for, and whether that is all."""
    page = books.entries if user_id is None else ledger(me, user_id).entries
    entries = list(page)
    for _ in range(st.session_state.get(_PAGES, 1) - 1):
        if len(page) < PAGE_ROWS:
            break
        page = ledger(me, user_id, entries[-1]).entries
        entries += page
    return entries, len(page) < PAGE_ROWS


def _table(entries: list[Entry], formats: Formats, timezone: str) -> object:
    table = pd.DataFrame(
        {
            "Person": entry.title,
            # The amount beside the name: further columns are out of sight on a phone.
            "Euros": float(entry.amount_eur),
            "What": KINDS[entry.kind] + (" (taken back)" if entry.is_reversed else ""),
            "Note": entry.note or "",
            "When": moment(entry.at, timezone),
            "Entered by": entry.entered_by or "an operator",
            "Approved by": entry.approved_by or "",
        }
        for entry in entries
    )
    return styled(table, {"Euros": formats.money})


@st.dialog("Add an entry", width="medium")
def _add(me: Me, books: Ledger, key: str) -> None:
    key = st.session_state.setdefault("ledger_key", key)
    names = {person.user_id: person.title for person in books.people}
    user_id = st.selectbox("Person", list(names), index=None, format_func=names.__getitem__)
    kind = st.segmented_control(
        "What", _ENTERED, default="topup", format_func=KINDS.__getitem__, required=True
    )
    amount = st.text_input("Euros", placeholder="50.00", help=_HINTS[kind or "topup"])
    note = st.text_input("Note", max_chars=500, help="The person reads it on their credit page.")
    st.caption(
        _HINTS[kind or "topup"]
        + (
            " A second person of finance approves it before it counts."
            if books.needs_two_people
            else " It counts at once and is noted in the audit log."
        )
    )
    if st.button("Add", type="primary"):
        act(lambda: _added(me, books, user_id, kind or "topup", amount, key, note))


@st.dialog("Take an entry back", width="medium")
def _reverse(me: Me, entries: list[Entry], key: str, formats: Formats, timezone: str) -> None:
    key = st.session_state.setdefault("ledger_key", key)
    open_ones = {
        entry.transaction_id: entry
        for entry in entries
        if not entry.is_reversed and entry.kind != "reversal"
    }
    if not open_ones:
        st.write("Every entry shown here has been taken back, or is itself a taking back.")
        return
    chosen = st.selectbox(
        "Entry",
        list(open_ones),
        format_func=lambda name: _in_words(open_ones[name], formats, timezone),
    )
    note = st.text_input("Why", max_chars=500)
    st.caption("A second entry of the opposite amount is added; the first one stays.")
    if st.button("Take back", type="primary"):
        act(lambda: _reversed(me, open_ones[chosen], key, note))


def _added(
    me: Me,
    books: Ledger,
    user_id: str | None,
    kind: str,
    entered: str,
    key: str,
    note: str,
) -> str:
    if user_id is None:
        raise InputError("Choose the person whose credit it is.")
    amount: Decimal = euros(entered)
    if kind != "adjustment" and amount <= 0:
        raise InputError("Write the euros without a sign: what it is decides whether they add.")
    signed = amount if kind in ("topup", "adjustment") else -amount
    record_transaction(me, user_id, kind, signed, key, note.strip() or None)
    del st.session_state["ledger_key"]
    title = next(person.title for person in books.people if person.user_id == user_id)
    if books.needs_two_people:
        return f"{KINDS[kind]} for {title} waits until a second person approves it."
    return f"{KINDS[kind]} for {title} is entered."


def _reversed(me: Me, entry: Entry, key: str, note: str) -> str:
    reverse_transaction(me, entry, key, note)
    del st.session_state["ledger_key"]
    return f"The entry of {entry.title} is taken back."


def _decided(me: Me, entry: Entry, decision: str) -> str:
    decide_transaction(me, entry, decision)
    return f"The entry of {entry.title} is {decision}."


def _in_words(entry: Entry, formats: Formats, timezone: str) -> str:
    by = f", entered by {entry.entered_by}" if entry.entered_by else ""
    note = f" ({entry.note})" if entry.note else ""
    return (
        f"{entry.title}: {KINDS[entry.kind]}, {formats.money(entry.amount_eur)}{note}, "
        f"{moment(entry.at, timezone)}{by}"
    )
