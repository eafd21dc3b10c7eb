from footprint.auth import require_role
from footprint.data.settings import settings
from footprint.ui.acts import say_what_was_done
from footprint.ui.page import begin
from footprint.ui.settings import draw_settings

me = require_role("admin")

with begin("Settings", me) as view:
    view.subtitle.caption("A change counts for everybody at once and is written to the audit log")
    say_what_was_done()
    draw_settings(me, settings(me), view.formats)
