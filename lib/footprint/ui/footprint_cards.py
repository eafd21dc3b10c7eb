"""The cards of a footprint: cost, tokens, energy, CO₂e, water and nature restored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from footprint.charts.measures import CARBON_EMITTED, ENERGY_USED, WATER_USED, Measure
from footprint.data.footprint import Footprint, MarketFigure
from footprint.data.organisation import OrganisationFootprint
from footprint.data.period import Period
from footprint.data.usage import Usage, usage
from footprint.impact.equivalences import equivalents
from footprint.ui.cards import Card, coverage, restored_card
from footprint.ui.formats import CARBON, TOKENS, Amount, Formats
from footprint.ui.meanings import meanings

_PRICE_SOURCE = (
    "The sum of what each request cost, as priced by your gateway or by LiteLLM's price list, in "
    "euros at the rate of its day, or at the planning rate where none is known. Requests without "
    "a known price are not in it."
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


def footprint_cards(footprint: Footprint, formats: Formats, locale: str = "") -> list[Card]:
    """Return the six cards of a footprint.

    Args:
        footprint: the figures.
        formats: the reader's.
        locale: the reader's language tag, by which comparisons with things are chosen.
    """
    now, before = footprint.totals, _before(footprint)
    compared = {
        thing.quantity: (
            f"about {formats.number(count, 0 if count >= 10 else 1)} {thing.name(count)}",
            f" Compared by {thing.source} ({thing.date}).",
        )
        for thing, count in equivalents(now.carbon_gco2e, now.water_l, locale)
    }
    like_carbon, carbon_source = compared.get("carbon", ("", ""))
    like_water, water_source = compared.get("water", ("", ""))
    market, market_source = _market(now, footprint.market_figures, formats)
    return [
        _cost_card(footprint, formats),
        _tokens_card(now, before, formats),
        _estimate_card(ENERGY_USED, ":material/bolt:", now, before, formats),
        _estimate_card(
            CARBON_EMITTED,
            ":material/cloud:",
            now,
            before,
            formats,
            (like_carbon, market),
            carbon_source + market_source,
        ),
        _estimate_card(
            WATER_USED,
            ":material/water_drop:",
            now,
            before,
            formats,
            (like_water,),
            water_source,
        ),
        restored_card(now, formats),
    ]


def organisation_cards(
    footprint: OrganisationFootprint, formats: Formats, locale: str = ""
) -> list[Card]:
    """Return the six cards of a footprint, and how many requests and people it is made of."""
    now, before = footprint.totals, _before(footprint)
    cost, tokens, *others = footprint_cards(footprint, formats, locale)
    attributed = coverage(
        "linked to a person",
        formats,
        requests=(now.attributed, now.requests),
        tokens=(now.tokens_attributed, now.tokens_used),
        cost=(now.cost_eur_attributed, now.cost_eur),
    )
    people = Card(
        label="People active",
        icon=":material/group:",
        value=(
            "fewer than five"
            if footprint.people_active is None
            else formats.number(footprint.people_active)
        ),
        change=formats.change(
            footprint.people_active,
            footprint.people_active_previous if footprint.is_comparable else None,
        ),
        notes=(attributed,),
        source="People with at least one request in the period; of chosen teams, their members. "
        + meanings("attributed"),
        judgement="neither",
    )
    requests = Card(
        label="Requests",
        icon=":material/forum:",
        value=formats.number(now.requests),
        change=formats.change(now.requests, before.requests),
        notes=(_failed(now, formats), f"{formats.number(now.cache_hits)} from the gateway's cache"),
        source="Every request recorded by the gateway, failed ones and cache answers included.",
        judgement="neither",
    )
    return [cost, tokens, requests, people, *others]


def _before(footprint: Footprint) -> Usage:
    return footprint.previous if footprint.is_comparable else usage({})


def _cost_card(footprint: Footprint, formats: Formats) -> Card:
    now, before = footprint.totals, _before(footprint)
    rate = rate_text(footprint.period, footprint.rates_since, formats)
    dollars = f"{formats.money(now.cost_usd, 'USD')} {rate}"
    priced = coverage(
        "priced",
        formats,
        requests=(now.priced, now.billable),
        tokens=(now.tokens_priced, now.tokens_used),
    )
    return Card(
        label="Cost",
        icon=":material/payments:",
        value=formats.money(now.cost_eur),
        change=formats.change(now.cost_eur, before.cost_eur),
        notes=(*((dollars,) if now.cost_usd is not None else ()), priced),
        source=f"{_PRICE_SOURCE} {meanings('priced', 'billable')}",
    )


def rate_text(period: Period, rates_since: date | None, formats: Formats) -> str:
    """Return by which exchange rate the dollars of a period became euros.

    Args:
        period: its days.
        rates_since: the day of the first known rate; None where there is none.
        formats: the reader's.
    """
    if rates_since is None or period.last < rates_since:
        return "at the planning rate"
    if period.first < rates_since:
        return f"at the rate of each day, before {formats.day(rates_since)} the planning rate"
    return "at the rate of each day"


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
    measure: Measure,
    icon: str,
    now: Usage,
    before: Usage,
    formats: Formats,
    further: Sequence[str] = (),
    further_source: str = "",
) -> Card:
    value, low, high = (getattr(now, name) for name in (measure.column, measure.low, measure.high))
    assert measure.quantity is not None
    span = f"90% range {formats.span(low, high, measure.quantity)}"
    estimated = coverage(
        "estimated",
        formats,
        requests=(now.measured, now.measurable),
        tokens=(now.tokens_measured, now.tokens_used),
        cost=(now.cost_eur_measured, now.cost_eur),
    )
    return Card(
        label=measure.name,
        icon=icon,
        value=measure.text(value, formats),
        change=formats.change(value, getattr(before, measure.column)),
        notes=(*((span,) if value is not None else ()), *filter(None, further), estimated),
        source=f"{_ESTIMATE_SOURCES[measure]} {meanings('measured')}{further_source}",
    )


def _market(now: Usage, figures: Sequence[MarketFigure], formats: Formats) -> tuple[str, str]:
    """Return the market-based figure beside the location-based one, and where it comes from."""
    if now.carbon_market_gco2e is None:
        return "", ""
    share = formats.share(now.market_measured, now.measured)
    sources = "; ".join(dict.fromkeys(figure.source for figure in figures))
    return (
        f"market-based {formats.quantity(now.carbon_market_gco2e, CARBON)} for {share} of these",
        " Market-based: by the electricity that providers say they buy, where they publish it "
        f"({sources}); beside the figure, never added to it.",
    )


def _failed(now: Usage, formats: Formats) -> str:
    return f"{formats.share(now.failures, now.requests) if now.failures else 'none'} failed"


def _sum(*counts: int | None) -> Amount:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
