from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.ui.acts import say_what_was_done
from footprint.ui.ingest_keys import draw_keys, make_key
from footprint.ui.page import begin

me = require_role("admin")

with begin("Ingest keys", me) as view:
    timezone = deployment_info(me).reporting_timezone
    view.subtitle.caption(f"A key sends requests and can read nothing · times in {timezone}")
    say_what_was_done()
    make_key(me)
    draw_keys(me, timezone)
