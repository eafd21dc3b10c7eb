"""The one thing that needs attention today, with a link to its remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from footprint.data.attention import Attention
from footprint.shell.places import PLACES
from footprint.shell.text import plain
from footprint.ui.formats import Formats, month_name

# Days without a request after which something is likely to be broken: a long weekend is none.
QUIET_DAYS = 4


@dataclass(frozen=True)
class Finding:
    """Something to act on: what it is, what to do, and on which page."""

    text: str
    remedy: str
    file: str


def findings(facts: Attention, role: str, formats: Formats) -> list[Finding]:
    """Return what a reader of this role may act on, most pressing first."""
    found = _of_finance(facts, formats) if role == "finance" else _of_admin(facts, formats)
    reachable = {place.file for place in PLACES if role in place.roles}
    return [finding for finding in found if finding.file in reachable]


def draw_attention(found: Sequence[Finding]) -> None:
    """Draw the first finding with its remedy; say so where there is nothing to do."""
    if not found:
        st.caption(":material/check_circle: Nothing needs your attention today.")
        return
    first, *others = found
    with (
        st.container(border=True, key="attention"),
        st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ),
    ):
        with st.container(gap=None, width="content"):
            st.markdown(f":material/notification_important: **{plain(first.text)}**")
            if others:
                st.caption(plain("Then: " + " · ".join(finding.text for finding in others)))
        st.page_link(first.file, label=first.remedy, icon=":material/arrow_forward:")


def _of_admin(facts: Attention, formats: Formats) -> list[Finding]:
    found = []
    if facts.last_day is not None and (facts.today - facts.last_day).days >= QUIET_DAYS:
        found.append(
            Finding(
                f"No request has arrived since {formats.day(facts.last_day)}.",
                "Check the ingest keys",
                "pages/ingest_keys.py",
            )
        )
    if facts.unknown_models:
        missing = formats.share(facts.measurable - facts.measured, facts.measurable)
        models = f"{formats.number(facts.unknown_models)} model"
        found.append(
            Finding(
                f"{models}{'s have' if facts.unknown_models > 1 else ' has'} no known impact: "
                f"{missing} of the measurable requests of 30 days are not estimated.",
                "Map the models",
                "pages/model_mapping.py",
            )
        )
    if facts.billable > facts.priced:
        missing = formats.share(facts.billable - facts.priced, facts.billable)
        found.append(
            Finding(
                f"{missing} of the billable requests of 30 days have no price.",
                "See which",
                "pages/data_quality.py",
            )
        )
    if facts.requests > facts.attributed:
        missing = formats.share(facts.requests - facts.attributed, facts.requests)
        found.append(
            Finding(
                f"{missing} of the requests of 30 days are linked to nobody.",
                "See the people",
                "pages/data_quality.py",
            )
        )
    return found


def _of_finance(facts: Attention, formats: Formats) -> list[Finding]:
    found = []
    if facts.unverified_donations:
        waiting = formats.counted(facts.unverified_donations, "donation")
        verb = "waits" if facts.unverified_donations == 1 else "wait"
        found.append(
            Finding(
                f"{waiting} {verb} to be compared with the receipt.",
                "Verify it" if facts.unverified_donations == 1 else "Verify them",
                "pages/restoration.py",
            )
        )
    if facts.open_months and facts.oldest_open_month is not None:
        months = (
            month_name(facts.oldest_open_month)
            if facts.open_months == 1
            else f"{facts.open_months} months since {month_name(facts.oldest_open_month)}"
        )
        found.append(
            Finding(
                f"{formats.money(facts.open_pledged_eur)} pledged for {months} have no receipt "
                "yet.",
                "Enter the donations",
                "pages/restoration.py",
            )
        )
    return found
