from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.ui.audit_log import draw_log
from footprint.ui.page import begin

me = require_role("admin")

with begin("Audit log", me) as view:
    timezone = deployment_info(me).reporting_timezone
    view.subtitle.caption(f"Nobody can change an entry · times in {timezone}")
    draw_log(me, timezone)
