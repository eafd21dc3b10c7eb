"""One request in detail: what happened, what it used and cost, and how its impact was derived."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from footprint.data.activity import Request, one_request, tokens_in_all
from footprint.data.factors import factor_of, places
from footprint.data.rates import CurrencyRate, currency_rate
from footprint.flags import flag_text
from footprint.impact.derivation import derivation
from footprint.impact.engine import TokenCounts
from footprint.impact.shipped import shipped
from footprint.impact.usual_zones import caveat_of
from footprint.shell.text import plain
from footprint.ui.formats import CARBON, ENERGY, UNKNOWN, WATER, Formats, Quantity
from footprint.ui.method_note import EVIDENCE
from footprint.ui.page import View
from footprint.ui.quantities import quantity_facts
from footprint.ui.request_content import draw_content
from footprint.ui.request_list import REQUEST_KEY, outcome

Facts = list[tuple[str, str]]
STEPS_KEY = "request_steps"

REASONS = {
    "no_factor": "Nobody has figures for this model yet, so its impact is unknown.",
    "no_tokens": "The provider reported no tokens, so there is nothing to estimate from.",
    "gateway_cache": "The gateway answered from its own cache: no provider did any work for it.",
    "not_modelled": "This kind of request is not modelled, so its impact is unknown.",
    "not_text": "Audio or generated images are among its tokens; their impact is not modelled.",
    "tokens_unread": flag_text("tokens_unread"),
}
MATCHES = {
    "exact": "by its name",
    "alias": "by another name of the same model",
    "parameters": "by its published size",
    "price_class": "by models of the same price",
    "admin": "as an administrator entered it",
}
_TOKENS = {
    "tokens_input_uncached": "Input, read anew",
    "tokens_cache_read": "Input, from the provider's cache",
    "tokens_cache_write": "Input, written to the cache",
    "tokens_output_text": "Output",
    "tokens_reasoning": "Output, reasoning",
}


def draw_request(view: View, timezone: str) -> None:
    """Draw the request that the address names, if it names one."""
    event_id = st.query_params.get(REQUEST_KEY)
    if not event_id:
        return
    request = one_request(view.me, event_id)
    with st.container(border=True):
        if request is None:
            st.info("No request of yours has this id.", icon=":material/search_off:")
            return
        at = pd.Timestamp(request["started_at"]).tz_convert(ZoneInfo(timezone))
        st.header(f"{plain(request['model'])} · {plain(outcome(request))}", anchor=False)
        st.caption(
            f"{view.formats.day(at.date())}, {at:%H:%M:%S} in {timezone} · id {request['event_id']}"
        )
        with st.grid(2, min_column_width=300):
            with st.container():
                _facts("Tokens", token_facts(request, view.formats))
                if request["quantities"]:
                    _facts("Also used", quantity_facts(request["quantities"], view.formats))
            rate = _rate(view, request, at.date())
            _facts("Cost and time", cost_facts(request, view.formats, rate))
            with st.container():
                _facts("Estimated impact", impact_facts(request, view.formats))
                if request["impact_reason"]:
                    st.write(REASONS.get(request["impact_reason"], "Its impact is unknown."))
            with st.container():
                _facts("Origin", origin_facts(request))
                for flag in request["flags"] or ():
                    st.caption(plain(flag_text(flag)))
        draw_content(view, request, timezone)
        _steps(view, request)


def token_facts(request: Request, formats: Formats) -> Facts:
    """Return the tokens by class."""
    facts = [(name, formats.number(request[column])) for column, name in _TOKENS.items()]
    facts.append(("In all", formats.number(tokens_in_all(request))))
    if request["tokens_estimated"]:
        facts.append(("Counted", "by Footprint: the provider reported none"))
    return facts


def cost_facts(request: Request, formats: Formats, rate: CurrencyRate | None = None) -> Facts:
    """Return cost, price source and exchange rates, latency and time to the first token.

    Args:
        request: the request.
        formats: the reader's.
        rate: that of the currency that its cost was reported in, where not USD or EUR.
    """
    facts = [
        ("Cost", formats.fine_money(request["cost_eur"])),
        ("In dollars", formats.fine_money(request["cost_usd"], "USD")),
        ("Price from", request["price_source"] or UNKNOWN),
    ]
    if request["cost_tools_usd"] is not None:
        facts.insert(2, ("Of it for tools", formats.fine_money(request["cost_tools_usd"], "USD")))
    if request["service_tier"]:
        facts.append(("Tier", request["service_tier"]))
    currency = request["reported_currency"]
    if currency is not None:
        facts.insert(0, ("Reported", formats.stated_money(request["reported_cost"], currency)))
    if rate is not None:
        per_euro = formats.number(1 / rate.eur_per_unit, 4)
        facts.append(("Exchange rate", f"{per_euro} {currency} per €, {rate.day}"))
    if request["fx_eur_per_usd"] is not None:
        day = request["fx_date"] or "the planning rate"
        name = "Exchange rate" if rate is None else "Exchange rate of the dollar"
        facts.append((name, f"{request['fx_eur_per_usd']} € per $, {day}"))
    return [
        *facts,
        ("Latency", formats.seconds(request["latency_s"])),
        ("Time to first token", formats.seconds(request["time_to_first_token_s"])),
    ]


def _rate(view: View, request: Request, day: date) -> CurrencyRate | None:
    currency = request["reported_currency"]
    return None if currency in (None, "EUR") else currency_rate(view.me, currency, day)


def impact_facts(request: Request, formats: Formats) -> Facts:
    """Return the estimates with their ranges, and what they were derived from; none if unknown."""
    if request["impact_reason"]:
        return []
    facts = [
        ("Energy", _range(request, "energy_kwh", ENERGY, formats)),
        ("CO₂e", _range(request, "carbon_gco2e", CARBON, formats)),
        ("Water", _range(request, "water_l", WATER, formats)),
        ("Evidence", EVIDENCE.get(request["evidence"], request["evidence"] or UNKNOWN)),
        ("Model found", MATCHES.get(request["match"], request["match"] or UNKNOWN)),
        ("Factor", request["factor_id"] or UNKNOWN),
        ("Factor set", request["factor_set"] or UNKNOWN),
        ("Grid zone", request["grid_zone"] or UNKNOWN),
    ]
    caveat = zone_caveat(request)
    return [*facts, ("About this zone", caveat)] if caveat else facts


def zone_caveat(request: Request) -> str | None:
    """Return what is not known of the zone, where it is the provider's usual one; None else."""
    provider, facilities = (request["provider"] or "").lower(), shipped().facilities
    usual = (facilities.get(provider) or facilities[""]).default_zone
    if request["grid_zone"] != usual or "several_countries" in (request["flags"] or ()):
        return None
    if request["region"] and "unknown_region" not in (request["flags"] or ()):
        return None
    return f"Usual for this provider, where nothing says another. {caveat_of(provider)}"


def origin_facts(request: Request) -> Facts:
    """Return where the request came from and how it ended."""
    facts = {
        "Provider": request["provider"] or UNKNOWN,
        "Asked for": request["model_group"],
        "Kind": request["call_type"],
        "Region": request["region"],
        "Team": request["team"],
        "Tags": ", ".join(request["tags"] or ()),
        "Error": request["error_class"],
        "Error code": request["error_code"],
        "Recorded by": request["source"],
        "Counted as yours": {
            "verified": "by the key it was sent with",
            "session": "by your chat session",
            "signed": "signed by the chat front end",
            "declared": "as the caller declared",
        }.get(request["attribution"], request["attribution"]),
    }
    return [(name, fact) for name, fact in facts.items() if fact]


def _steps(view: View, request: Request) -> None:
    """Draw how the estimate came about, with the figures of the factor set it was made with."""
    if request["impact_reason"] or not request["factor_id"]:
        return
    steps = st.expander(
        "How the estimate comes about, step by step",
        icon=":material/function:",
        on_change="rerun",
        key=STEPS_KEY,
    )
    if not steps.open:
        return
    with steps:
        _, _, name = str(request["factor_id"]).partition("/")
        factor = factor_of(view.me, request["factor_set"], name)
        where = places(view.me, request["factor_set"])
        grid = where.grids.get(request["grid_zone"] or "")
        if factor is None or grid is None:
            st.caption("The factor set of this estimate is no longer here.")
            return
        tokens = TokenCounts(
            out=_sum(request, "tokens_output_text", "tokens_reasoning"),
            in_uncached=_sum(request, "tokens_input_uncached", "tokens_cache_write"),
            cached=_sum(request, "tokens_cache_read"),
        )
        rows = [
            {"Step": plain(step.what), "How": plain(step.how), "Result": plain(step.result)}
            for step in derivation(factor, where.of(request["provider"] or ""), grid, tokens)
        ]
        st.table(
            pd.DataFrame(rows),
            border="horizontal",
            hide_index=True,
            alt="How the estimate comes about",
        )


def _sum(request: Request, *columns: str) -> int:
    return sum(int(request[column] or 0) for column in columns)


def _range(request: Request, column: str, quantity: Quantity, formats: Formats) -> str:
    span = formats.span(request[f"{column}_low"], request[f"{column}_high"], quantity)
    return f"{formats.quantity(request[column], quantity)} (90% range {span})"


def _facts(title: str, facts: Facts) -> None:
    with st.container(gap="xsmall"):
        st.subheader(title, anchor=False)
        if facts:
            table = pd.DataFrame(
                [(name, plain(fact)) for name, fact in facts], columns=["What", "Figure"]
            )
            st.table(table, border="horizontal", hide_index=True, hide_header=True, alt=title)
