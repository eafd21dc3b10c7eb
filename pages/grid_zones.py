from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.ui.acts import say_what_was_done
from footprint.ui.grid_zones import draw_deployments, draw_overrides, draw_set_zone
from footprint.ui.page import begin

me = require_role("admin")

with begin("Grid zones", me) as view:
    view.subtitle.caption("Where requests are computed, and so how clean their electricity is")
    deployment = deployment_info(me)
    say_what_was_done()
    seen = draw_deployments(view)
    draw_set_zone(view, deployment.factor_set, seen)
    draw_overrides(view, deployment.reporting_timezone)
