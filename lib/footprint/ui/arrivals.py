"""What arrives: what waits on this host's disk, what was refused, and what was cut."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd
import streamlit as st

from footprint.config import Settings, get_settings
from footprint.data.data_quality import Arrivals, Flagged, Rejection, Source, arrivals
from footprint.flags import flag_text
from footprint.ingest import health
from footprint.ingest.spools import spools
from footprint.ingest.survey import survey
from footprint.shell.text import plain
from footprint.ui.acts import moment
from footprint.ui.formats import Formats
from footprint.ui.page import View
from footprint.ui.tables import styled

# What sends day by day, in words; imports come when somebody starts one.
_SOURCES = {
    "sdk": "Python programs",
    "proxy": "LiteLLM proxy",
    "api": "HTTP reports",
    "import": "Imports",
    "demo": "Demo data",
    "other": "Others",
}
_STEADY = ("sdk", "proxy", "api")
# A weekend is no sign that something is broken.
_QUIET = timedelta(days=3)


@dataclass(frozen=True)
class Waiting:
    """What lies in the spools of this host.

    Attributes:
        spools: how many folders there are.
        requests: that wait for delivery.
        oldest_s: seconds that the oldest of them has waited; None where none waits.
        dead: requests that can never be delivered.
        problems: what is wrong, in words.
    """

    spools: int
    requests: int
    oldest_s: float | None
    dead: int
    problems: tuple[str, ...]


def draw_arrivals(view: View, timezone: str) -> bool:
    """Draw what waits, what was refused and what was flagged; return if all is well."""
    found = arrivals(view.me)
    heard = _draw_sources(found, view.formats, timezone)
    taken = _draw_rejections(found, view.formats, timezone)
    whole = _draw_flags(found, view.formats, timezone)
    return _draw_waiting(waiting(get_settings()), view.formats) and heard and taken and whole


def quiet(found: Arrivals, now: datetime) -> list[Source]:
    """Return the senders that used to send and have not for three days."""
    return [
        source
        for source in found.sources
        if source.name in _STEADY and now - source.last_received_at > _QUIET
    ]


def sources_table(sources: tuple[Source, ...], timezone: str) -> pd.DataFrame:
    """Return the senders under their headings."""
    return pd.DataFrame(
        {
            "From": [_SOURCES.get(source.name, source.name) for source in sources],
            "Last request": [moment(source.last_event_at, timezone) for source in sources],
            "Last arrival": [moment(source.last_received_at, timezone) for source in sources],
            "Stored": [source.requests for source in sources],
            "Duplicates refused": [source.duplicates for source in sources],
            "Rejected": [source.rejected for source in sources],
        }
    )


def rejections_table(rejections: tuple[Rejection, ...], timezone: str) -> pd.DataFrame:
    """Return the reasons under their headings."""
    return pd.DataFrame(
        {
            "Why": [rejection.reason for rejection in rejections],
            "From": [_SOURCES.get(rejection.source, rejection.source) for rejection in rejections],
            "Requests": [rejection.count for rejection in rejections],
            "Last time": [moment(rejection.last_at, timezone) for rejection in rejections],
            "Example": [rejection.example for rejection in rejections],
        }
    )


def flags_table(flags: tuple[Flagged, ...], timezone: str) -> pd.DataFrame:
    """Return what was flagged under its headings, in words."""
    return pd.DataFrame(
        {
            "What": [flag_text(flagged.flag) for flagged in flags],
            "From": [_SOURCES.get(flagged.source, flagged.source) for flagged in flags],
            "Requests": [flagged.count for flagged in flags],
            "Last time": [moment(flagged.last_at, timezone) for flagged in flags],
        }
    )


def _draw_sources(found: Arrivals, formats: Formats, timezone: str) -> bool:
    if not found.sources:
        st.caption("Nothing has arrived yet: an ingest key lets a gateway send.")
        st.page_link("pages/ingest_keys.py", label="Make an ingest key", icon=":material/key:")
        return True
    columns = ("Stored", "Duplicates refused", "Rejected")
    st.dataframe(
        styled(sources_table(found.sources, timezone), dict.fromkeys(columns, formats.number)),
        hide_index=True,
        column_config={"From": st.column_config.Column(pinned=True)},
        alt="What arrived, by sender",
    )
    silent = quiet(found, datetime.now(UTC))
    for source in silent:
        st.warning(
            f"{_SOURCES[source.name]}: nothing since {moment(source.last_received_at, timezone)}. "
            "Look whether the gateway runs and whether its key still works.",
            icon=":material/sensors_off:",
        )
        st.page_link("pages/ingest_keys.py", label="Look at the keys", icon=":material/key:")
    return not silent


def _draw_rejections(found: Arrivals, formats: Formats, timezone: str) -> bool:
    if not found.rejections:
        return True
    st.subheader("Rejected in the last 30 days", anchor=False)
    st.dataframe(
        styled(rejections_table(found.rejections, timezone), {"Requests": formats.number}),
        hide_index=True,
        column_config={"Why": st.column_config.Column(pinned=True, width=260)},
        alt="Why requests were rejected",
    )
    st.caption(
        "They are not stored. Correct what sends them; then `footprint spool dead retry` on the "
        "gateway's host, or the import once more, brings back what it kept."
    )
    return False


def _draw_flags(found: Arrivals, formats: Formats, timezone: str) -> bool:
    if not found.flags:
        return True
    st.subheader("Cut or not understood in the last 30 days", anchor=False)
    st.dataframe(
        styled(flags_table(found.flags, timezone), {"Requests": formats.number}),
        hide_index=True,
        column_config={"What": st.column_config.Column(pinned=True, width=420)},
        alt="What was cut, not understood or put right",
    )
    st.caption(
        "These requests are stored and counted: only what is said here is missing or put right. "
        "Send shorter texts, or bring Footprint up to date where it does not understand."
    )
    return False


def waiting(settings: Settings) -> Waiting:
    """Look into the spools of this host."""
    folders = [folder for _, folder in spools(settings) if folder.is_dir()]
    seen = [(survey(folder), health.read(folder)) for folder in folders]
    ages = [found.oldest_s for found, _ in seen if found.oldest_s is not None]
    now = time.time()
    return Waiting(
        spools=len(folders),
        requests=sum(found.waiting for found, _ in seen),
        oldest_s=max(ages, default=None),
        dead=sum(counted["counts"].get(health.DEAD, 0) for _, counted in seen),
        problems=tuple(
            problem for found, counted in seen for problem in found.problems(counted, now)
        ),
    )


def _draw_waiting(found: Waiting, formats: Formats) -> bool:
    st.subheader("On this host's disk", anchor=False)
    st.caption(plain(spool_text(found, formats)))
    for problem in found.problems:
        st.warning(
            f"{plain(problem[:1].upper() + problem[1:])}. `footprint spool status` says more, "
            "`footprint spool flush` delivers now.",
            icon=":material/schedule:",
        )
    if found.dead:
        st.warning(
            f"{formats.counted(found.dead, 'request')} could not be delivered. "
            "`footprint spool dead list` shows why, `footprint spool dead retry` tries again.",
            icon=":material/unsubscribe:",
        )
    return not found.problems and not found.dead


def spool_text(found: Waiting, formats: Formats) -> str:
    """Return what waits on disk, in a sentence."""
    if not found.spools:
        return "Nothing was ever recorded on this host; gateways elsewhere have their own disks."
    if not found.requests:
        return "Nothing waits for delivery here."
    age = "less than a minute" if (found.oldest_s or 0) < 60 else _age(found.oldest_s or 0, formats)
    return f"{formats.counted(found.requests, 'request')} on the way, the oldest for {age}."


def _age(seconds: float, formats: Formats) -> str:
    minutes = seconds / 60
    if minutes < 120:
        return f"{formats.number(minutes)} minutes"
    return f"{formats.number(minutes / 60)} hours"
