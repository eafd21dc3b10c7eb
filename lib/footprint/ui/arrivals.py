"""What arrives: what waits on this host's disk, and what was refused."""

from __future__ import annotations

import time
from dataclasses import dataclass

import streamlit as st

from footprint.api.metrics import spools
from footprint.config import Settings, get_settings
from footprint.ingest import health
from footprint.ingest.survey import survey
from footprint.shell.text import plain
from footprint.ui.formats import Formats
from footprint.ui.page import View


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
    """Draw what waits and what was refused; return if all is well."""
    return _draw_waiting(waiting(get_settings()), view.formats)


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
            f"{formats.number(found.dead)} requests could not be delivered. `footprint spool dead "
            "list` shows them with their reasons, `footprint spool dead retry` tries again.",
            icon=":material/unsubscribe:",
        )
    return not found.problems and not found.dead


def spool_text(found: Waiting, formats: Formats) -> str:
    """Return what waits on disk, in a sentence."""
    if not found.spools:
        return "This host has no spool. Gateways on other hosts have theirs: `/api/metrics` there."
    if not found.requests:
        return "Nothing waits for delivery here."
    age = "less than a minute" if (found.oldest_s or 0) < 60 else _age(found.oldest_s or 0, formats)
    return f"{formats.number(found.requests)} requests wait for delivery, the oldest for {age}."


def _age(seconds: float, formats: Formats) -> str:
    minutes = seconds / 60
    if minutes < 120:
        return f"{formats.number(minutes)} minutes"
    return f"{formats.number(minutes / 60)} hours"
