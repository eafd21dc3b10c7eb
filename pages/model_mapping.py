from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.ui.acts import say_what_was_done
from footprint.ui.model_mapping import draw_unknown_models
from footprint.ui.page import begin

me = require_role("admin")

with begin("Model mapping", me) as view:
    view.subtitle.caption("Models whose impact nobody knows yet: unknown, not zero")
    say_what_was_done()
    draw_unknown_models(view, deployment_info(me).factor_set)
