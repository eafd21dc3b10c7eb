"""How it runs: errors, latency, cost per person, what the cache saved, and the month's end."""

from __future__ import annotations

from footprint.charts.measures import CARBON_EMITTED, COST
from footprint.data.organisation import Latency, OrganisationFootprint
from footprint.impact.alternatives import cache_saving
from footprint.ui.cards import Card
from footprint.ui.formats import TOKENS, UNKNOWN, Formats
from footprint.ui.meanings import meanings
from footprint.ui.outlook import outlook_card
from footprint.ui.uses import uses_of
from footprint.ui.what_if import eur_per_usd


def operations_cards(
    footprint: OrganisationFootprint, latency: Latency, formats: Formats
) -> list[Card]:
    """Return the cards of how requests are served, what they cost a person, and what is ahead."""
    return [
        _error_rate(footprint, formats),
        latency_card(latency, formats),
        _per_person(footprint, formats),
        _saving(footprint, formats),
        outlook_card(footprint.recent, COST, formats),
        outlook_card(footprint.recent, CARBON_EMITTED, formats),
    ]


def _error_rate(footprint: OrganisationFootprint, formats: Formats) -> Card:
    now, before = footprint.totals, footprint.previous
    was = (
        (f"{formats.share(before.failures, before.requests)} in the period before",)
        if footprint.is_comparable and before.requests
        else ()
    )
    return Card(
        label="Error rate",
        icon=":material/error:",
        value=formats.share(now.failures, now.requests),
        change=None,
        notes=(
            f"{formats.number(now.failures)} of {formats.number(now.requests)} requests failed",
            *was,
        ),
        source="Failed ÷ all requests; cancelled and abandoned ones did not fail.",
    )


def latency_card(latency: Latency, formats: Formats) -> Card:
    """Return the card of median and 95th percentile, with the sample they are of."""
    sample = (
        f"of {formats.number(latency.requests)} requests, "
        f"{formats.days(latency.days.first, latency.days.last)}"
        if latency.requests and latency.days
        else "no successful request with a known time"
    )
    return Card(
        label="Latency, median",
        icon=":material/timer:",
        value=formats.seconds(latency.median_s),
        change=None,
        notes=(f"95% within {formats.seconds(latency.p95_s)}", sample)
        if latency.requests
        else (sample,),
        source=meanings("latency") + " From the newest requests of the period, 30,000 at most.",
    )


def _per_person(footprint: OrganisationFootprint, formats: Formats) -> Card:
    cost, people = footprint.totals.cost_eur_attributed, footprint.people_active
    known = cost is not None and people
    before, people_before = footprint.previous.cost_eur_attributed, footprint.people_active_previous
    was = float(before) / people_before if before is not None and people_before else None
    now = float(cost) / people if cost is not None and people else None
    return Card(
        label="Cost per active person",
        icon=":material/person:",
        value=formats.money(now) if known else UNKNOWN,
        change=None,
        notes=(
            f"{formats.money(cost)} of {formats.money(footprint.totals.cost_eur)} is linked to "
            "people",
            *(
                (f"{formats.money(was)} in the period before",)
                if footprint.is_comparable and was is not None
                else ()
            ),
        ),
        source="The cost that is linked to people ÷ the people who made requests in the period.",
    )


def _saving(footprint: OrganisationFootprint, formats: Formats) -> Card:
    found = cache_saving(uses_of(footprint.by_model))
    rate = eur_per_usd(footprint)
    cached, read = footprint.totals.tokens_cache_read, footprint.totals.tokens_input_uncached
    inputs = (cached or 0) + (read or 0) + (footprint.totals.tokens_cache_write or 0)
    share = f"{formats.share(cached, inputs)} of input read from a cache" if inputs else "no input"
    value = UNKNOWN if cached else "None"
    notes: tuple[str, ...] = (share,)
    if found is not None and rate is not None:
        value = formats.money(found.saved_usd * rate)
        notes = (
            f"{share}, {formats.quantity(cached, TOKENS)} tokens",
            f"list price known for {formats.share(found.known_share, 1)} of them",
        )
    return Card(
        label="Saved by caching",
        icon=":material/savings:",
        value=value,
        change=None,
        notes=notes,
        source=(
            "Input tokens read from the providers' caches × what a token read anew costs more by "
            "LiteLLM's list price, in euros at the period's rate. Writing to a cache may cost "
            "extra: that is in the cost, not in here."
        ),
    )
