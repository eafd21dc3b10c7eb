"""One run of the app: who is it, where do they want to go, and what goes around it."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from functools import cache
from typing import Any

import streamlit as st
from streamlit.navigation.page import Page

from footprint.auth.guard import Me, identify
from footprint.auth.sign_in import sign_in_screen
from footprint.config import get_settings
from footprint.data.client import Session, rpc
from footprint.errors import FootprintError
from footprint.shell import brand, bridge, screens
from footprint.shell.demo import Notice, notice_of, read_demo
from footprint.shell.places import PLACES, Place
from footprint.shell.text import plain
from footprint.ui.page import BODY_WIDTH

# Streamlit writes a chosen option in the primary colour on a tint of it: too pale in dark.
_LEGIBLE_CHOICE = (
    "<style>[role=radiogroup] [data-selected=true], [role=group] > [data-selected=true]"
    " { color: inherit !important; }</style>"
)


def run() -> None:
    """Show the page that was asked for, or the screen that stands in its way."""
    me: Me | None = None
    about: dict[str, Any] = {}
    trouble: FootprintError | None = None
    try:
        me = identify()
        about = _about(me.user_id, me.session) if me else {}
    except FootprintError as error:
        me, trouble = None, error
    st.set_page_config(
        page_title=brand.NAME,
        page_icon=brand.favicon(),
        layout="wide",
        initial_sidebar_state="auto" if me else "collapsed",
    )
    if me or trouble:
        st.logo(brand.logo(), size="large")
    place, page = _navigate(me, about)
    if me is not None:
        st.html(_LEGIBLE_CHOICE)
        _sidebar(me, about)
        _demo_notice(notice_of(about.get("demo")))
        _show(place, page, me)
        _keep_what_is_loaded()
        return
    if trouble is not None:
        screens.failure(trouble, offer_sign_out=True)
    else:
        sign_in_screen()
        bridge.announce("")
    _demo_notice(None, width=440)


@cache
def _keep_what_is_loaded() -> None:
    """Once, after the first page: no later collection need look at the libraries again."""
    gc.collect()
    gc.freeze()


@st.cache_data(ttl="1m", max_entries=1024, show_spinner=False)
def _about(user_id: str, _session: Session) -> dict[str, Any]:
    """Return what the deployment says of itself, to somebody who is signed in."""
    return dict(rpc(_session, "deployment_info") or {})


def _navigate(me: Me | None, about: Mapping[str, Any]) -> tuple[Place, Page]:
    """Register every page, show the ones that are for this person, return the one asked for.

    A page that is not registered is "not found" to Streamlit, and its address is lost; all of them
    are, so that an address survives signing in.
    """
    pages = {
        place: st.Page(
            place.file,
            title=place.title,
            icon=place.icon,
            default=place.is_home,
            visibility="visible" if me and _stands(place, me, about) else "hidden",
        )
        for place in PLACES
    }
    sections: dict[str, list[Page]] = {}
    for place, page in pages.items():
        sections.setdefault(place.section, []).append(page)
    asked = st.navigation(sections, position="sidebar" if me else "hidden", expanded=True)
    return next(place for place, page in pages.items() if page.title == asked.title), asked


def _stands(place: Place, me: Me, about: Mapping[str, Any]) -> bool:
    """Whether a page stands in this person's navigation."""
    return me.role in place.roles and (place.needs is None or bool(about.get(place.needs)))


def _show(place: Place, page: Page, me: Me) -> None:
    if me.role not in place.roles:
        screens.wrong_role(me.role, place.roles, place)
        return
    try:
        page.run()
    except FootprintError as error:
        screens.failure(error)


def _sidebar(me: Me, about: dict[str, Any]) -> None:
    with st.sidebar:
        with st.container(gap=None):
            st.text(me.name)
            parts = [
                screens.ROLE_TITLES.get(me.role, me.role),
                me.team,
                about.get("organisation_name"),
            ]
            st.caption(" · ".join(plain(part) for part in parts if part))
        screens.sign_out_button()
        bridge.announce(me.session.auth_user_id)
        bridge.mend_navigation()
        if me.session.needs_sealing:
            bridge.touch(me.session.generation)


def _demo_notice(notice: Notice | None, width: int = BODY_WIDTH) -> None:
    """Say on every screen which part of the data is real, wherever not all of it is."""
    demo = read_demo(get_settings())
    notice = notice or (demo.notice if demo else None)
    if notice is None:
        return
    parts = {"Real": notice.real, "Synthetic": notice.synthetic, "Source": notice.source}
    said = [f"**{name}:** {plain(text)}" for name, text in parts.items() if text]
    title = plain(notice.title) or "Demo: not all of this data is real"
    body = "  \n".join(said) + (f", {plain(notice.licence)}" if notice.licence else "")
    with (
        st.container(horizontal_alignment="center"),
        st.container(width=width),
        st.expander(title, icon=":material/science:", type="compact"),
    ):
        st.caption(body)
