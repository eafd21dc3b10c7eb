from footprint.auth import require_user
from footprint.data.credit import my_credit
from footprint.ui.cards import draw_cards
from footprint.ui.credit import credit_cards, draw_entries, not_prepaid
from footprint.ui.page import begin

me = require_user()

with begin("My credit", me) as view:
    credit = my_credit(me)
    view.subtitle.caption("What was credited to you, less what your requests cost · in euros")

    if credit.is_prepaid:
        draw_cards(credit_cards(credit, view.formats), 3)
        draw_entries(credit, view.formats)
    else:
        not_prepaid()
