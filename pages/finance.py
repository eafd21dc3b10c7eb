import streamlit as st

from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.data.finance import finance_month, month_before
from footprint.ui.acts import say_what_was_done
from footprint.ui.budgets import draw_budgets
from footprint.ui.cards import draw_cards
from footprint.ui.empty import first_steps
from footprint.ui.finance import (
    draw_downloads,
    draw_lines,
    draw_shares,
    finance_cards,
    month_picker,
    no_request_in,
)
from footprint.ui.formats import month_name
from footprint.ui.page import begin
from footprint.ui.parts import part

me = require_role("finance", "admin")

with begin("Finance", me) as view:
    today = deployment_info(me).today
    newest = finance_month(me, today)

    if newest.last_month is None:
        first_steps(me, today)
        st.stop()
    month = month_picker(view, newest, today)
    statement = finance_month(me, month)
    draw_downloads(view, statement)
    view.subtitle.caption(
        f"{month_name(month)} · days in {statement.timezone} · amounts in euros"
        + (" · not over yet, figures still grow" if month == today.replace(day=1) else "")
    )
    say_what_was_done()

    if statement.totals.requests:
        before = month_before(me, statement, today)
        draw_cards(
            finance_cards(statement, view.formats, before),
            4,
            month_name(before.month) if before else None,
        )
    else:
        no_request_in(month)
    with part("Budgets"):
        draw_budgets(view, statement)
    if statement.totals.requests:
        draw_lines(statement, view.formats)
        draw_shares(statement, view.formats)
