"""What the finance page draws: the month's cards, its lines, and the files to take away."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from footprint.api.exports import export_address
from footprint.data.finance import FinanceMonth, lines_by
from footprint.finance.dialects import EXCEL, PLAIN
from footprint.shell.text import plain
from footprint.ui.cards import Card
from footprint.ui.filters import MONTH_KEY, months_between, usual_month
from footprint.ui.formats import AREA, TOKENS, UNKNOWN, Formats, month_name
from footprint.ui.meanings import meanings
from footprint.ui.page import View
from footprint.ui.tables import every_measure_table, styled, table_height

EVERY_LINE = "Person and model"
# How the lines may be added up: their headings, and the key they are added up by.
GROUPS: dict[str, tuple[dict[str, str], str | None]] = {
    EVERY_LINE: (
        {"person": "Person", "team": "Team", "provider": "Provider", "model": "Model"},
        None,
    ),
    "Person": ({"person": "Person", "team": "Team"}, "user_id"),
    "Team": ({"team": "Team"}, "team"),
    "Model": ({"model": "Model"}, "model"),
    "Provider": ({"provider": "Provider"}, "provider"),
}
# Where people are not named, and why; by how they are told apart.
HIDDEN = {
    "pseudonym": "People stand here under pseudonyms, the same in every month, and teams are not "
    "shown: the organisation does not name people beside figures.",
    "nothing": "People and teams are not told apart here: the organisation does not name people "
    "beside figures. Where it shows pseudonyms, it does so for months that are over and that at "
    "least five people used.",
}
_TEAM_OF_TODAY = "people under the team they have today"
FILES = (
    ("statement", "Statement", "By person, provider and model, to book and to share out."),
    ("requests", "Every request", "Without the people behind them, to compare with an invoice."),
    ("focus", "FOCUS", "By day, team and model, for FinOps tools."),
)
DIALECT_NAMES = ((PLAIN, "CSV"), (EXCEL, "CSV for European Excel"))


def finance_cards(
    statement: FinanceMonth, formats: Formats, before: FinanceMonth | None = None
) -> list[Card]:
    """Return the month's four cards: cost, use, pledge, and what came of it.

    Args:
        statement: the month.
        formats: the reader's.
        before: the month to compare with; None where there is none.
    """
    totals, restoration = statement.totals, statement.restoration
    share = formats.share(restoration.pledge_share, 1)
    price = formats.money(restoration.price_eur_per_m2)
    earlier = before.totals if before else None
    pledged_before = before.restoration.pledged_eur if before else None
    return [
        Card(
            label="Cost",
            icon=":material/payments:",
            value=formats.money(totals.cost_eur),
            change=formats.change(totals.cost_eur, earlier.cost_eur if earlier else None),
            notes=(
                f"{formats.money(totals.cost_usd, 'USD')}, {_rates(statement, formats)}",
                f"{formats.share(totals.priced, totals.billable)} of billable requests priced",
            ),
            source="The sum of the lines below, exact to the last digit and rounded once. "
            + meanings("priced", "billable"),
        ),
        Card(
            label="Requests",
            icon=":material/forum:",
            value=formats.number(totals.requests),
            change=formats.change(totals.requests, earlier.requests if earlier else None),
            judgement="neither",
            notes=(
                f"{formats.quantity(totals.tokens_used, TOKENS)} tokens",
                f"{formats.share(totals.attributed, totals.requests)} have a person",
            ),
            source="Every request recorded in the month, failed ones and cache answers included. "
            + meanings("attributed"),
        ),
        Card(
            label="Pledged to nature",
            icon=":material/volunteer_activism:",
            value=formats.money(restoration.pledged_eur),
            change=formats.change(restoration.pledged_eur, pledged_before),
            judgement="neither",
            notes=(
                f"{share} of the cost",
                f"{formats.money(restoration.donated_eur)} donated, by receipts",
            ),
            source="The organisation's pledge for the month, and the donations with a receipt.",
        ),
        _restored(statement, formats, price),
    ]


def month_picker(view: View, newest: FinanceMonth, today: date) -> date:
    """Draw the month picker beside the title and return the first day of the month chosen.

    The month is in the address also where it is the usual one (a bound widget leaves that out), so
    that a link shows the same month to whoever opens it next week.

    Args:
        view: the page.
        newest: any month: it knows the oldest and the newest one with a request.
        today: the current day in the reporting time zone.
    """
    months = offered_months(newest, today)
    names = {month_name(month): month for month in months}
    usual = usual_month(months, today)
    asked = st.query_params.get(MONTH_KEY)
    if asked is not None and asked not in names:
        st.info(
            f"Nothing is recorded for {plain(asked)}: this is {month_name(usual)}.",
            icon=":material/event_busy:",
        )
    if MONTH_KEY not in st.session_state:
        st.session_state[MONTH_KEY] = asked if asked in names else month_name(usual)
    with view.controls:
        name = st.selectbox("Month", list(names), key=MONTH_KEY, width=180)
    st.query_params[MONTH_KEY] = name
    return names[name]


def draw_downloads(view: View, statement: FinanceMonth) -> None:
    """Draw the files of the month, each with what it is for."""
    with (
        view.controls,
        st.popover("Download", icon=":material/download:", type="primary", key="downloads"),
    ):
        for kind, title, what in FILES:
            if kind == "requests" and statement.people_shown_by != "name":
                continue
            st.markdown(f"**{title}**  \n{what}")
            with st.container(horizontal=True, gap="small"):
                for dialect, name in DIALECT_NAMES:
                    if kind != "focus" or dialect is PLAIN:
                        st.link_button(
                            name,
                            export_address(kind, statement.month, dialect),
                            icon=":material/download:",
                        )
        st.caption(
            "Amounts are exact: their sum, rounded once, is the figure on this page. Each download "
            "is noted in the audit log."
        )


def draw_lines(statement: FinanceMonth, formats: Formats) -> None:
    """Draw the month's lines, grouped as the reader chooses, and their total."""
    with st.container(border=True):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
        ):
            st.header("The month line by line", anchor=False)
            groups = groups_of(statement)
            by = st.segmented_control(
                "Lines by",
                list(groups),
                default=next(iter(groups)),
                key="by",
                bind="query-params",
                required=True,
            )
        by = by or next(iter(groups))
        headings, key = groups[by]
        lines = statement.lines if key is None else lines_by(statement, key)
        if "person" in headings:
            lines = with_person(lines)
        st.dataframe(
            every_measure_table(lines, headings, formats, True),
            hide_index=True,
            placeholder=UNKNOWN,
            height=table_height(max(len(lines), 1)),
            column_config={
                next(iter(headings.values())): st.column_config.Column(pinned=True, width=140),
                "Team": st.column_config.Column(width=150),
                "Model": st.column_config.Column(width=170),
            },
            alt=f"The month by {by.lower()}, with every measure",
        )
        st.caption(
            f"{formats.counted(len(lines), 'line')} · in all "
            f"{formats.money(statement.totals.cost_eur)} · days in {statement.timezone} · "
            f"factor set {statement.factor_set or 'none'}"
            + (f" · {_TEAM_OF_TODAY}" if key == "team" else "")
        )
        if statement.people_shown_by in HIDDEN:
            st.caption(HIDDEN[statement.people_shown_by])


def groups_of(statement: FinanceMonth) -> dict[str, tuple[dict[str, str], str | None]]:
    """Return how a month's lines may be added up: by person and team only where these are shown."""
    shown_by = statement.people_shown_by
    if shown_by == "name":
        return GROUPS
    hidden = {"team"} if shown_by == "pseudonym" else {"team", "person"}
    every = EVERY_LINE if shown_by == "pseudonym" else "Provider and model"
    return {
        (every if title == EVERY_LINE else title): (
            {column: name for column, name in headings.items() if column not in hidden},
            key,
        )
        for title, (headings, key) in GROUPS.items()
        if title.lower() not in hidden
    }


def draw_shares(statement: FinanceMonth, formats: Formats) -> None:
    """Draw whose requests the month's square metres stand beside, adding up to the receipts."""
    if statement.people_shown_by == "nothing":
        # One line that says what the cards say.
        return
    with st.container(border=True):
        st.header("Nature restored, by person", anchor=False)
        people = with_person(statement.restoration.shares)
        if people.empty:
            st.write(
                "Nothing to share out yet: once the month is over and a receipt is verified, its "
                "square metres are listed here by person."
            )
            return
        table = pd.DataFrame(
            {
                "Person": [name or "Nobody known" for name in people["person"]],
                "Team": [team or "No team" for team in people["team"]],
                "Cost": people["cost_eur"].astype("float64"),
                "Restored": people["area_cm2"] / 10_000,
            }
        )
        if statement.people_shown_by != "name":
            table = table.drop(columns="Team")
        writers = {
            "Cost": formats.money,
            "Restored": lambda area: formats.quantity(area, AREA),
        }
        st.dataframe(
            styled(table, writers),
            hide_index=True,
            height=table_height(len(table), 360),
            column_config={"Person": st.column_config.Column(pinned=True, width=160)},
            alt="The square metres of the month's receipts by person, with the cost of each",
        )
        st.caption(
            f"In all {_square_metres(int(people['area_cm2'].sum()), formats)}, exactly what the "
            "receipts say, shared by cost in whole square centimetres. A contribution beside the "
            "footprint, never subtracted from it."
        )


def no_request_in(month: date) -> None:
    """Say that a month has no request."""
    with st.container(border=True, gap="small"):
        st.header(f":material/event_busy: No request in {month_name(month)}", anchor=False)
        st.write("There is nothing to book. Choose another month above.")


def with_person(lines: pd.DataFrame) -> pd.DataFrame:
    """Return lines with a column ``person``: the name, else the e-mail, else the id, else none."""
    return lines.assign(person=lines["full_name"].fillna(lines["email"]).fillna(lines["user_id"]))


def offered_months(newest: FinanceMonth, today: date) -> list[date]:
    """Return the months to pick from, newest first: from the oldest request to today's month."""
    return months_between(newest.first_month or today, max(newest.last_month or today, today))


def _restored(statement: FinanceMonth, formats: Formats, price: str) -> Card:
    restoration, totals = statement.restoration, statement.totals
    is_verified = restoration.status == "verified"
    pending = f"{formats.quantity(totals.restored_m2_pending, AREA)} pending, at {price}/m²"
    return Card(
        label="Nature restored",
        icon=":material/forest:",
        value=formats.quantity(restoration.area_m2, AREA) if is_verified else "None yet",
        change=None,
        notes=("with a receipt",) if is_verified else ("no receipt yet", pending),
        without_change="contribution",
        source="A contribution: it counts once a receipt is there, and is never subtracted.",
    )


def _square_metres(area_cm2: int, formats: Formats) -> str:
    """Write an area exactly: whole square metres without decimals, others to the cm²."""
    return f"{formats.number(area_cm2 / 10_000, 4 if area_cm2 % 10_000 else 0)} m²"


def _rates(statement: FinanceMonth, formats: Formats) -> str:
    lowest, highest = statement.fx.get("lowest"), statement.fx.get("highest")
    if lowest is None:
        planning = formats.number(statement.fx.get("planning_rate_eur_per_usd"), 2)
        return f"at {planning} € per $ (planning rate)"
    if lowest == highest:
        return f"at {formats.number(lowest, 4)} € per $"
    return f"at {formats.number(lowest, 4)}–{formats.number(highest, 4)} € per $"
