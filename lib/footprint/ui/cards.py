"""KPI cards: a figure with its change, its range, its coverage, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from footprint.data.period import Period
from footprint.data.usage import Usage
from footprint.shell.text import plain
from footprint.ui.formats import AREA, Amount, Formats

Judgement = Literal["more is worse", "neither"]
# How much is known, and of how much.
Part = tuple[Amount, Amount]
_COLOURS: dict[Judgement, Literal["inverse", "off"]] = {
    "more is worse": "inverse",
    "neither": "off",
}


@dataclass(frozen=True)
class Card:
    """One figure; pure, so that what a card says can be tested without drawing it."""

    label: str
    icon: str
    value: str
    # The change since the period before; None where there is nothing to compare with.
    change: str | None
    # Short lines below: range and coverage.
    notes: tuple[str, ...]
    # Where the figure comes from.
    source: str
    judgement: Judgement = "more is worse"
    # What stands in the place of a change, beside cards that have one.
    without_change: str = "no comparison"


_RESTORED_SOURCE = (
    "A contribution, shown beside the footprint and never subtracted from it. Square metres count "
    "once a receipt is there; until then they are pending: pledged, from the cost."
)


def restored_card(now: Usage, formats: Formats) -> Card:
    """Return the card of the nature restored: receipts in front, pledges beside, never added up."""
    verified, pending = now.restored_m2_verified, now.restored_m2_pending
    notes = ["with a receipt" if verified else "no receipt in this period yet"]
    if pending:
        notes.append(f"{formats.quantity(pending, AREA)} pending: pledged, not yet receipted")
    return Card(
        label="Nature restored",
        icon=":material/forest:",
        value=formats.quantity(verified, AREA) if verified else "None yet",
        change=None,
        notes=tuple(notes),
        source=_RESTORED_SOURCE,
        without_change="contribution",
    )


def draw_cards(cards: Sequence[Card], columns: int, before: Period | str | None = None) -> None:
    """Draw cards in a grid that reflows on small screens.

    Args:
        cards: in reading order.
        columns: how many stand side by side where there is room.
        before: the period that changes are told against, or its name; no card of a row tells one
            without it.
    """
    before = before if any(card.change for card in cards) else None
    with st.grid(columns, min_column_width=190):
        for card in cards:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.metric(
                    card.label,
                    card.value,
                    (card.change or card.without_change) if before else None,
                    delta_color=_COLOURS[card.judgement] if card.change else "off",
                    delta_arrow="off" if (card.change or "0").startswith("0") else "auto",
                    delta_description=_before_text(card, before),
                    icon=card.icon,
                    help=card.source,
                )
                for note in card.notes:
                    st.caption(plain(note))


def coverage(how: str, formats: Formats, **known: Part) -> str:
    """Return how much of requests, tokens and cost a figure covers.

    Args:
        how: what was done to them: "priced".
        formats: the reader's.
        known: by name, how much of how much; what there is nothing of is left out.
    """
    shares = {name: formats.share(*part) for name, part in known.items() if part[1]}
    if not known["requests"][1]:
        return f"no request to be {how}"
    *most, last = shares
    if most and set(shares.values()) == {formats.share(1, 1)}:
        return f"{formats.share(1, 1)} of {', '.join(most)} and {last} {how}"
    return ", ".join(f"{share} of {name}" for name, share in shares.items()) + f" {how}"


def _before_text(card: Card, before: Period | str | None) -> str | None:
    if before is None or card.change is None:
        return None
    if isinstance(before, str):
        return f"vs {before}"
    return "vs the day before" if before.length == 1 else f"vs {before.length} days before"
