"""How every page begins: one column of a readable width, a title, and the reader's formats."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from footprint.auth import Me
from footprint.data.footprint import Footprint
from footprint.errors import FootprintError
from footprint.shell import screens
from footprint.ui.formats import Formats
from footprint.ui.style import draw_style

# Pixels. Wider lines and cards are harder to take in at a glance.
BODY_WIDTH = 1120


@dataclass(frozen=True)
class View:
    """What a page draws with: who reads, how they write figures, and the head of the page."""

    me: Me
    formats: Formats
    # Beside the title, for the page's filter.
    controls: DeltaGenerator
    # Under the title, for what the page is about: period, time zone.
    subtitle: DeltaGenerator
    title: str


@contextmanager
def begin(title: str, me: Me) -> Iterator[View]:
    """Draw the head of a page; what fails within ends in the screen that says what to do.

    Args:
        title: the page's heading.
        me: who reads.
    """
    draw_style()
    with st.container(horizontal_alignment="center"), st.container(width=BODY_WIDTH):
        head = st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"
        )
        words = head.container(width="content", gap="xsmall")
        words.title(title, anchor=False)
        subtitle = words.empty()
        controls = head.container(
            horizontal=True, width="content", vertical_alignment="bottom", gap="small"
        )
        try:
            yield View(me, Formats.of(st.context.locale), controls, subtitle, title)
        except FootprintError as error:
            screens.failure(error)


def period_text(footprint: Footprint, formats: Formats) -> str:
    """Return which days a page shows, which ones it compares them with, and by which clock."""
    now = formats.days(footprint.period.first, footprint.period.last)
    return f"{now} · {_comparison(footprint, formats)} · days in {footprint.timezone}"


def _comparison(footprint: Footprint, formats: Formats) -> str:
    before, first_day = footprint.previous_period, footprint.first_day
    if footprint.is_comparable:
        return f"compared with {formats.days(before.first, before.last)}"
    if first_day is None:
        return "nothing recorded yet"
    return f"recorded since {formats.day(first_day)}, too short to compare"
