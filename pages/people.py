import streamlit as st

from footprint.auth import require_role
from footprint.data.deployment import deployment_info
from footprint.ui.acts import say_what_was_done
from footprint.ui.invitations import draw_invitations
from footprint.ui.page import begin
from footprint.ui.people import choose_person, draw_people, draw_person, search_people

me = require_role("admin")

with begin("People", me) as view:
    view.subtitle.caption("Every act here is written to the audit log")
    say_what_was_done()
    timezone = deployment_info(me).reporting_timezone
    draw_invitations(me, timezone)
    people = search_people(view)
    if people:
        draw_people(people, view.formats)
        chosen = choose_person(people)
        if chosen:
            draw_person(view, chosen, timezone)
    else:
        st.info(
            "Nobody is found by that: search for less, or show everybody.",
            icon=":material/person_search:",
        )
