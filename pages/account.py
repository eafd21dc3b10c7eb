from footprint.auth import require_user
from footprint.data.deployment import deployment_info
from footprint.ui.account import draw_access, draw_looks, draw_my_data, draw_name
from footprint.ui.acts import say_what_was_done
from footprint.ui.page import begin

me = require_user()

with begin("Account", me) as view:
    timezone = deployment_info(me).reporting_timezone
    say_what_was_done()
    draw_name(me)
    draw_access(me)
    draw_looks(me, timezone)
    draw_my_data(me)
