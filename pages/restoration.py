from footprint.auth import require_user
from footprint.data.deployment import deployment_info
from footprint.data.receipts import stored_receipts
from footprint.data.restoration import contribution
from footprint.ui.acts import say_what_was_done
from footprint.ui.cards import draw_cards
from footprint.ui.donation_forms import donation_buttons
from footprint.ui.page import begin
from footprint.ui.restoration import (
    contribution_cards,
    draw_donations,
    draw_months,
    is_nothing,
    nothing_given,
)

me = require_user()

with begin("Restoration", me) as view:
    deployment = deployment_info(me)
    view.subtitle.caption(
        "A contribution to nature, beside the footprint and never subtracted from it · "
        f"months in {deployment.reporting_timezone}"
    )
    given = contribution(me)
    say_what_was_done()
    donation_buttons(view, given, deployment.today)

    if is_nothing(given):
        nothing_given(me)
    else:
        draw_cards(contribution_cards(given, deployment, view.formats), 4)
        draw_months(given, view.formats)
        draw_donations(given, stored_receipts(me) or frozenset(), view.formats)
