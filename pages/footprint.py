import streamlit as st

from footprint.auth import require_user
from footprint.data.deployment import deployment_info
from footprint.data.footprint import my_footprint
from footprint.ui.cards import draw_cards
from footprint.ui.charts import (
    Paint,
    chart_row,
    group_drawing,
    measure_picker,
    model_drawing,
    time_drawing,
)
from footprint.ui.empty import nothing_in_period, nothing_of_mine, nothing_passes
from footprint.ui.filters import page_filter
from footprint.ui.footprint_cards import footprint_cards
from footprint.ui.home import draw_beside, draw_glance
from footprint.ui.method_note import method_note
from footprint.ui.page import begin, period_text
from footprint.ui.parts import loading
from footprint.ui.tables import every_measure
from footprint.ui.what_if import draw_what_if

me = require_user()

with begin("My footprint" if me.role == "member" else "Home", me) as view:
    deployment = deployment_info(me)
    chosen = page_filter(view, deployment.today)
    with loading():
        footprint = my_footprint(me, chosen.period, chosen.filters)
    view.subtitle.caption(period_text(footprint, view.formats))
    draw_glance(view, chosen.period)

    if footprint.last_day is None:
        nothing_of_mine(me)
    elif not footprint.totals.requests and chosen.filters.is_active:
        nothing_passes()
    elif not footprint.totals.requests:
        nothing_in_period(footprint.last_day, view.formats)
    else:
        cards = footprint_cards(footprint, view.formats, st.context.locale or "")
        draw_cards(cards, 3, footprint.previous_period)

        measure = measure_picker()
        paint = Paint(view.formats, deployment.today, chosen.choices.places)
        chart_row((8, time_drawing(footprint, measure, paint)))
        chart_row(
            (5, model_drawing(footprint.by_model, measure, paint)),
            (3, group_drawing(footprint.by_provider, "provider", measure, paint)),
        )

        draw_beside(view, footprint, chosen.filters)
        draw_what_if(view, footprint, deployment.factor_set)
        every_measure(footprint.by_model, view.formats)
        method_note(view, deployment, footprint)
