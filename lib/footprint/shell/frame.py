"""One run of the app: who is it, where do they want to go, and what goes around it."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from footprint.auth.guard import Me, identify
from footprint.auth.sign_in import sign_in_screen
from footprint.config import get_settings
from footprint.data.deployment import Deployment, deployment_info
from footprint.errors import FootprintError
from footprint.shell import brand, bridge, screens
from footprint.shell.demo import read_demo
from footprint.shell.places import PLACES, Place
from footprint.shell.text import plain

ROLE_TITLES = {"member": "Member", "admin": "Administrator", "finance": "Finance"}


def run() -> None:
    """Show the page that was asked for, or the screen that stands in its way."""
    me: Me | None = None
    about: Deployment | None = None
    trouble: FootprintError | None = None
    try:
        me = identify()
        about = deployment_info(me) if me else None
    except FootprintError as error:
        trouble = error
    signed_in = me if trouble is None else None
    st.set_page_config(
        page_title=brand.NAME,
        page_icon=brand.favicon(),
        layout="wide",
        initial_sidebar_state="auto" if signed_in else "collapsed",
    )
    place, page = _navigate(signed_in)
    _demo_notice(about)
    if trouble is not None:
        screens.failure(trouble)
    elif me is None:
        sign_in_screen()
    else:
        _sidebar(me, about)
        _show(place, page, me)


def _navigate(me: Me | None) -> tuple[Place, Page]:
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
            visibility="visible" if me and me.role in place.roles else "hidden",
        )
        for place in PLACES
    }
    asked = st.navigation(list(pages.values()), position="sidebar" if me else "hidden")
    return next(place for place, page in pages.items() if page.title == asked.title), asked


def _show(place: Place, page: Page, me: Me) -> None:
    if me.role not in place.roles:
        screens.wrong_role(me.role, place.roles, place)
        return
    try:
        page.run()
    except FootprintError as error:
        screens.failure(error)


def _sidebar(me: Me, about: Deployment | None) -> None:
    st.logo(brand.logo(), size="large")
    with st.sidebar:
        if about is not None and about.organisation_name:
            st.caption(plain(about.organisation_name))
        st.divider()
        st.text(me.name)
        st.caption(ROLE_TITLES.get(me.role, me.role) + (f" · {plain(me.team)}" if me.team else ""))
        screens.sign_out_button()
        if me.session.needs_sealing:
            bridge.touch(me.session.generation)


def _demo_notice(about: Deployment | None) -> None:
    """Say on every screen which part of the data is real, wherever not all of it is."""
    demo = read_demo(get_settings())
    notice = about.demo if about else demo.notice if demo else None
    if notice is None:
        return
    st.caption(
        f":material/science: **Demo data.** Real: {plain(notice.real)} "
        f"Synthetic: {plain(notice.synthetic)} "
        f"Source: {plain(notice.source)} {plain(notice.licence)}"
    )
