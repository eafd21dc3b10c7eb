import streamlit as st

from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.data.organisation import latency_spread, organisation_footprint
from footprint.ui.cards import draw_cards
from footprint.ui.charts import (
    Paint,
    chart_row,
    group_drawing,
    measure_picker,
    mix_drawing,
    model_drawing,
    time_drawing,
)
from footprint.ui.empty import first_steps, nothing_in_period, nothing_passes
from footprint.ui.filters import page_filter
from footprint.ui.footprint_cards import organisation_cards
from footprint.ui.groups import draw_groups
from footprint.ui.method_note import method_note
from footprint.ui.movers import draw_movers
from footprint.ui.operations import operations_cards
from footprint.ui.page import begin, period_text
from footprint.ui.parts import loading, part
from footprint.ui.tables import every_measure

me = require_role("admin", "finance")

with begin("Organisation", me) as view:
    deployment = deployment_info(me)
    chosen = page_filter(view, deployment.today, of_organisation=True)
    with loading():
        footprint = organisation_footprint(me, chosen.period, chosen.filters)
    view.subtitle.caption(period_text(footprint, view.formats))

    if footprint.last_day is None:
        first_steps(me, deployment.today)
    elif not footprint.totals.requests and chosen.filters.is_active:
        nothing_passes()
    elif not footprint.totals.requests:
        nothing_in_period(footprint.last_day, view.formats)
    else:
        cards = organisation_cards(footprint, view.formats, st.context.locale or "")
        draw_cards(cards, 4, footprint.previous_period)

        measure = measure_picker()
        paint = Paint(view.formats, deployment.today, chosen.choices.places)
        chart_row((8, time_drawing(footprint, measure, paint)))
        chart_row(
            (5, model_drawing(footprint.by_model, measure, paint)),
            (3, group_drawing(footprint.by_provider, "provider", measure, paint)),
        )
        chart_row((8, mix_drawing(footprint, measure, paint)))
        with part("Teams and tags"):
            draw_groups(view, footprint, chosen, measure, paint)

        with part("What moved"):
            draw_movers(view, footprint, chosen.filters, measure)
        st.header("How it runs", anchor=False)
        with part("How it runs"):
            latency = latency_spread(me, chosen.period, chosen.filters)
            draw_cards(operations_cards(footprint, latency, view.formats), 3)

        every_measure(footprint.by_model, view.formats)
        method_note(view, deployment, footprint)
