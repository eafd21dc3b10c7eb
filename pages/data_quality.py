from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.ui.acts import say_what_was_done
from footprint.ui.data_quality import draw_coverage, draw_findings
from footprint.ui.filters import period_filter
from footprint.ui.page import begin
from footprint.ui.parts import part

me = require_role("admin")

with begin("Data quality", me) as view:
    deployment = deployment_info(me)
    period = period_filter(view, deployment.today)
    view.subtitle.caption(
        f"Coverage of {view.formats.days(period.first, period.last)} · "
        f"days and times in {deployment.reporting_timezone}"
    )
    say_what_was_done()
    with part("Coverage"):
        draw_coverage(view, period)
    draw_findings(view, deployment)
