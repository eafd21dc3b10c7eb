from footprint.auth import require_role
from footprint.data.credit import ledger
from footprint.data.deployment import deployment_info
from footprint.ui.acts import say_what_was_done
from footprint.ui.ledger import draw_balances, draw_ledger, draw_proposed, ledger_buttons
from footprint.ui.page import begin

me = require_role("finance", "admin")

with begin("Ledger", me) as view:
    books = ledger(me)
    timezone = deployment_info(me).reporting_timezone
    view.subtitle.caption(
        "Credit in euros: entries are added, never changed"
        + ("" if books.is_prepaid else " · prepaid mode is off, so people do not see their balance")
    )
    say_what_was_done()
    ledger_buttons(view, books)

    draw_proposed(view, books, timezone)
    draw_balances(view, books)
    draw_ledger(view, books, timezone)
