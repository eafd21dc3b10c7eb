from footprint.auth import require_user
from footprint.data.activity import request_days
from footprint.data.deployment import deployment_info
from footprint.data.footprint import my_footprint
from footprint.ui.activity import activity_cards, activity_filter, draw_activity
from footprint.ui.cards import draw_cards
from footprint.ui.charts import Paint
from footprint.ui.empty import nothing_in_period, nothing_of_mine, nothing_passes
from footprint.ui.filters import page_filter
from footprint.ui.page import begin
from footprint.ui.parts import CHART, loading, part
from footprint.ui.request_detail import draw_request
from footprint.ui.request_list import draw_requests

me = require_user()

with begin("My activity", me) as view:
    deployment = deployment_info(me)
    chosen = page_filter(view, deployment.today)
    period, timezone = chosen.period, deployment.reporting_timezone
    view.subtitle.caption(
        f"{view.formats.days(period.first, period.last)} · days and times in {timezone}"
    )
    with loading():
        footprint = my_footprint(me, period, chosen.filters)

    if footprint.last_day is None:
        nothing_of_mine(me)
    elif not footprint.totals.requests and chosen.filters.is_active:
        nothing_passes()
    elif not footprint.totals.requests:
        nothing_in_period(footprint.last_day, view.formats)
    else:
        wanted = activity_filter(chosen)
        draw_cards(activity_cards(request_days(me, period), wanted, view.formats), 3)
        with part("Requests", CHART):
            draw_requests(view, wanted, timezone)
        draw_request(view, timezone)
        paint = Paint(view.formats, deployment.today, chosen.choices.places)
        with part("Failures and days", CHART):
            draw_activity(me, wanted, paint)
