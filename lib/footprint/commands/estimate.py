"""``footprint estimate``: what one request weighs, from the figures that the package ships."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from footprint.errors import InputError
from footprint.impact import engine
from footprint.impact.estimation import Estimate, estimate, providers_of
from footprint.ingest import values

if TYPE_CHECKING:
    from footprint.commands import Commands

_REASONS = {
    engine.NO_FACTOR: "this model has no factor: its impact is unknown, not zero.",
    engine.NOT_MODELLED: "this kind of request is not modelled: its impact is unknown, not zero.",
    engine.NO_TOKENS: "no tokens were read or generated, so there is nothing to estimate.",
}


def register(commands: Commands) -> None:
    """Add ``estimate``."""
    parser = commands.add_parser("estimate", help="estimate the impact of one request")
    parser.add_argument("model", help="provider/model as LiteLLM names it: openai/gpt-4o")
    parser.add_argument(
        "--in",
        dest="tokens_in",
        type=_tokens,
        default=0,
        metavar="N",
        help="tokens of the prompt, cached ones included",
    )
    parser.add_argument(
        "--out",
        dest="tokens_out",
        type=_tokens,
        default=0,
        metavar="N",
        help="generated tokens, reasoning included; none for embeddings",
    )
    parser.add_argument(
        "--cached", type=_tokens, default=0, metavar="N", help="of --in, read from the prompt cache"
    )
    parser.add_argument(
        "--call-type", metavar="TYPE", help="chat, embedding, rerank, ...; default: what it is for"
    )
    parser.add_argument("--zone", metavar="FRA", help="country of the data centre, or WOR")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_estimate)


def _tokens(written: str) -> int:
    """Read a number of tokens as imports do: 1200, 1e6."""
    try:
        return values.count(written)
    except values.BadValue as error:
        raise argparse.ArgumentTypeError(f"it {error}") from error


def run_estimate(options: argparse.Namespace) -> int:
    """Print low, mid and high of energy, CO2e and water of one request."""
    provider, slash, model = options.model.partition("/")
    if not slash or not model:
        known = ", ".join(f"{name}/{options.model}" for name in providers_of(options.model)[:3])
        hint = f" For example: {known}." if known else ""
        raise InputError(f"Give the model as provider/model, as LiteLLM names it.{hint}")
    counts = (options.tokens_in, options.tokens_out, options.cached)
    found = estimate(provider, model, *counts, options.zone, options.call_type)
    print(json.dumps(_as_json(found), indent=2) if options.json else _as_table(found))
    return 0


def _as_table(found: Estimate) -> str:
    impact, factor, tokens = found.impact, found.factor, found.tokens
    lines = [
        f"{found.provider}/{found.model}",
        f"  tokens    {tokens.in_uncached} in, {tokens.cached} cached, {tokens.out} out",
        f"  facility  PUE {found.facility.pue:g}, on-site water "
        f"{found.facility.wue_l_per_kwh:g} L/kWh, zone {found.grid.zone} "
        f"({found.grid.carbon_gco2e_per_kwh:g} gCO2e/kWh)",
    ]
    if impact.energy_kwh is None or impact.carbon_gco2e is None or impact.water_l is None:
        return "\n".join([*lines, f"  unknown   {_REASONS[impact.reason or engine.NO_FACTOR]}"])
    shown = [
        ("energy", impact.energy_kwh, 1000.0, "Wh"),
        ("carbon", impact.carbon_gco2e, 1.0, "gCO2e"),
        ("water", impact.water_l, 1000.0, "mL"),
    ]
    lines.append(f"  {'':<9} {'low':>10} {'mid':>10} {'high':>10}")
    lines += [
        f"  {name:<9} {amount.low * unit:>10.4g} {amount.mid * unit:>10.4g} "
        f"{amount.high * unit:>10.4g}  {label}"
        for name, amount, unit, label in shown
    ]
    if factor:
        matched = (
            factor.sources.get("matched") or f"{factor.sources.get('usd_per_m_out')} USD/M out"
        )
        lines.append(f"  evidence  {factor.evidence} (90 % band ×/÷ {factor.band:g})")
        resolved = ", by its name (not in the set)" if "resolved" in factor.sources else ""
        lines.append(f"  match     {factor.match}: {matched}{resolved}")
        lines.append(f"  factor    {factor.factor_id}")
    lines += [
        f"  source    {' · '.join(filter(None, (cited.get('title'), cited.get('url'))))}"
        for cited in found.citations.values()
    ]
    return "\n".join(lines)


def _as_json(found: Estimate) -> dict[str, Any]:
    return {
        "provider": found.provider,
        "model": found.model,
        "factor_set": found.factor_set,
        "tokens": asdict(found.tokens),
        **asdict(found.impact),
        "factor_id": found.factor.factor_id if found.factor else None,
        "match": found.factor.match if found.factor else None,
        "evidence": found.factor.evidence if found.factor else None,
        "facility": asdict(found.facility),
        "grid": asdict(found.grid),
        "citations": found.citations,
    }
