import streamlit as st

from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.data.finance import finance_month
from footprint.ui.cards import draw_cards
from footprint.ui.empty import first_steps
from footprint.ui.filters import month_filter
from footprint.ui.finance import download, draw_lines, finance_cards, offered_months
from footprint.ui.formats import month_name
from footprint.ui.page import begin

me = require_role("finance", "admin")

with begin("Finance", me) as view:
    today = deployment_info(me).today
    newest = finance_month(me, today)

    if newest.last_month is None:
        first_steps(me, today)
        st.stop()
    month = month_filter(view, offered_months(newest, today), today)
    statement = finance_month(me, month)
    download(view, statement)
    view.subtitle.caption(
        f"{month_name(month)} · days in {statement.timezone} · amounts in euros"
        + (" · not over yet, figures still grow" if month == today.replace(day=1) else "")
    )

    draw_cards(finance_cards(statement, view.formats), 4)
    draw_lines(statement, view.formats)
