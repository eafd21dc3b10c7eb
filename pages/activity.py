from footprint.auth import require_user
from footprint.data.activity import request_days
from footprint.data.deployment import deployment_info
from footprint.data.footprint import my_footprint
from footprint.ui.activity import (
    activity_cards,
    activity_filter,
    draw_activity,
    draw_requests,
    narrowed,
)
from footprint.ui.cards import draw_cards
from footprint.ui.empty import nothing_in_period, nothing_of_mine
from footprint.ui.filters import period_filter
from footprint.ui.page import begin
from footprint.ui.request_detail import draw_request

me = require_user()

with begin("My activity", me) as view:
    deployment = deployment_info(me)
    period = period_filter(view, deployment.today)
    timezone = deployment.reporting_timezone
    view.subtitle.caption(
        f"{view.formats.days(period.first, period.last)} · days and times in {timezone}"
    )
    footprint = my_footprint(me, period)

    if footprint.last_day is None:
        nothing_of_mine(me)
    elif not footprint.totals.requests:
        nothing_in_period(footprint.last_day, view.formats)
    else:
        days = request_days(me, period)
        wanted = activity_filter(days, period)
        draw_cards(activity_cards(narrowed(days, wanted), view.formats), 3)
        draw_requests(view, wanted, timezone)
        draw_request(view, timezone)
        draw_activity(me, wanted, deployment, view.formats)
