from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.data.organisation import organisation_footprint
from footprint.ui.cards import draw_cards, organisation_cards
from footprint.ui.charts import (
    chart_row,
    measure_picker,
    model_drawing,
    provider_drawing,
    team_drawing,
    time_drawing,
)
from footprint.ui.empty import first_steps, nothing_in_period
from footprint.ui.filters import period_filter
from footprint.ui.method_note import method_note
from footprint.ui.page import begin, period_text
from footprint.ui.tables import every_measure

me = require_role("admin", "finance")

with begin("Organisation", me) as view:
    deployment = deployment_info(me)
    period = period_filter(view, deployment.today)
    footprint = organisation_footprint(me, period)
    view.subtitle.caption(period_text(footprint, view.formats))

    if footprint.last_day is None:
        first_steps(me, deployment.today)
    elif not footprint.totals.requests:
        nothing_in_period(footprint.last_day, view.formats)
    else:
        draw_cards(organisation_cards(footprint, view.formats), 4, footprint.previous_period)

        measure = measure_picker()
        chart_row(
            (5, time_drawing(footprint, measure, deployment.today, view.formats)),
            (3, provider_drawing(footprint.by_provider, measure, view.formats)),
        )
        chart_row(
            (4, model_drawing(footprint.by_model, measure, view.formats)),
            (4, team_drawing(footprint.by_team, measure, view.formats)),
        )

        every_measure(footprint.by_model, view.formats)
        method_note(view, deployment, footprint)
