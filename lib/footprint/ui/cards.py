"""KPI cards: a figure with its change, its range, its coverage, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from footprint.charts.measures import CARBON_EMITTED, ENERGY_USED, WATER_USED, Measure
from footprint.data.footprint import Footprint
from footprint.data.organisation import OrganisationFootprint
from footprint.data.period import Period
from footprint.data.usage import Usage, usage
from footprint.shell.text import plain
from footprint.ui.formats import AREA, TOKENS, Amount, Formats

Judgement = Literal["more is worse", "neither"]
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


_PRICE_SOURCE = (
    "The sum of what each request cost, as priced by your gateway or by LiteLLM's price list, in "
    "euros at the rate of its day. Requests without a known price are not in it."
)
_FROM_PROVIDERS = (
    "As reported by the providers: input read anew, input read from or written to the provider's "
    "cache, and output with reasoning."
)
_ESTIMATE = (
    "Estimated from tokens × the model's energy per token × data-centre overhead{and_more}. The "
    "true figure lies in the 90% range nine times in ten. See the method below."
)
_ESTIMATE_SOURCES = {
    ENERGY_USED: _ESTIMATE.format(and_more=""),
    CARBON_EMITTED: _ESTIMATE.format(
        and_more=" × the carbon of the local grid, plus a share of making the hardware"
    ),
    WATER_USED: _ESTIMATE.format(
        and_more=" × the water used for cooling and for generating the electricity"
    ),
}
_RESTORED_SOURCE = (
    "A contribution, shown beside the footprint and never subtracted from it. Square metres count "
    "once a receipt is there; until then they are pending: pledged, from the cost."
)


def footprint_cards(footprint: Footprint, formats: Formats) -> list[Card]:
    """Return the six cards of a footprint: cost, tokens, energy, CO₂e, water, nature restored."""
    now, before = footprint.totals, _before(footprint)
    estimates = (
        (ENERGY_USED, ":material/bolt:"),
        (CARBON_EMITTED, ":material/cloud:"),
        (WATER_USED, ":material/water_drop:"),
    )
    return [
        _cost_card(now, before, formats),
        _tokens_card(now, before, formats),
        *(_estimate_card(measure, icon, now, before, formats) for measure, icon in estimates),
        restored_card(now, formats),
    ]


def organisation_cards(footprint: OrganisationFootprint, formats: Formats) -> list[Card]:
    """Return the six cards of a footprint, and how many requests and people it is made of."""
    now, before = footprint.totals, _before(footprint)
    cost, tokens, *others = footprint_cards(footprint, formats)
    people = Card(
        label="People active",
        icon=":material/group:",
        value=formats.number(footprint.people_active),
        change=formats.change(
            footprint.people_active,
            footprint.people_active_previous if footprint.is_comparable else None,
        ),
        notes=(f"{formats.share(now.attributed, now.requests)} of requests have a person",),
        source="People with at least one request in the period.",
        judgement="neither",
    )
    requests = Card(
        label="Requests",
        icon=":material/forum:",
        value=formats.number(now.requests),
        change=formats.change(now.requests, before.requests),
        notes=(_failed(now, formats),),
        source="Every request recorded by the gateway, failed ones and cache answers included.",
        judgement="neither",
    )
    return [cost, replace(tokens, notes=tokens.notes[:1]), requests, people, *others]


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


def draw_cards(cards: Sequence[Card], columns: int, before: Period | None = None) -> None:
    """Draw cards in a grid that reflows on small screens.

    Args:
        cards: in reading order.
        columns: how many stand side by side where there is room.
        before: the period that changes are told against; no card of a row tells one without it.
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


def _before(footprint: Footprint) -> Usage:
    return footprint.previous if footprint.is_comparable else usage({})


def _before_text(card: Card, before: Period | None) -> str | None:
    if before is None or card.change is None:
        return None
    return "vs the day before" if before.length == 1 else f"vs {before.length} days before"


def _cost_card(now: Usage, before: Usage, formats: Formats) -> Card:
    dollars = f"{formats.money(now.cost_usd, 'USD')} at the rate of each day"
    return Card(
        label="Cost",
        icon=":material/payments:",
        value=formats.money(now.cost_eur),
        change=formats.change(now.cost_eur, before.cost_eur),
        notes=(
            *((dollars,) if now.cost_usd is not None else ()),
            _coverage(now.priced, now.billed, "priced", formats),
        ),
        source=_PRICE_SOURCE,
    )


def _tokens_card(now: Usage, before: Usage, formats: Formats) -> Card:
    parts = (
        ("in", now.tokens_input_uncached),
        ("cached", _sum(now.tokens_cache_read, now.tokens_cache_write)),
        ("out", _sum(now.tokens_output_text, now.tokens_reasoning)),
    )
    known = [f"{formats.quantity(count, TOKENS)} {name}" for name, count in parts if count]
    return Card(
        label="Tokens",
        icon=":material/data_usage:",
        value=formats.quantity(now.tokens_used, TOKENS),
        change=formats.change(now.tokens_used, before.tokens_used),
        notes=(
            *((" · ".join(known),) if known else ()),
            f"{formats.number(now.requests)} requests, {_failed(now, formats)}",
        ),
        source=f"Exactly {formats.number(now.tokens_used)} tokens. {_FROM_PROVIDERS}",
        judgement="neither",
    )


def _estimate_card(
    measure: Measure, icon: str, now: Usage, before: Usage, formats: Formats
) -> Card:
    value, low, high = (getattr(now, name) for name in (measure.column, measure.low, measure.high))
    assert measure.quantity is not None
    span = f"90% range {formats.span(low, high, measure.quantity)}"
    return Card(
        label=measure.name,
        icon=icon,
        value=measure.text(value, formats),
        change=formats.change(value, getattr(before, measure.column)),
        notes=(
            *((span,) if value is not None else ()),
            _coverage(now.measured, now.measurable, "estimated", formats),
        ),
        source=_ESTIMATE_SOURCES[measure],
    )


def _coverage(known: int, of: int, how: str, formats: Formats) -> str:
    return f"{formats.share(known, of)} of requests {how}" if of else f"no request to be {how}"


def _failed(now: Usage, formats: Formats) -> str:
    return f"{formats.share(now.failures, now.requests) if now.failures else 'none'} failed"


def _sum(*counts: int | None) -> Amount:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
