"""``footprint factors build|sync|diff|activate|list`` and ``footprint estimate``."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footprint.config import get_settings
from footprint.errors import InputError
from footprint.impact import constants as c
from footprint.impact import engine, seeds, shipped
from footprint.impact.estimation import Estimate, estimate, providers_of

if TYPE_CHECKING:
    from footprint.commands import Commands
    from footprint.impact.factor_set import FactorSet

_REASONS = {
    engine.NO_FACTOR: "this model has no factor: its impact is unknown, not zero.",
    engine.NOT_MODELLED: "this kind of request is not modelled: its impact is unknown, not zero.",
    engine.NO_TOKENS: "no tokens were read or generated, so there is nothing to estimate.",
}


def register(commands: Commands) -> None:
    """Add ``factors`` with its actions, and ``estimate``."""
    parser = commands.add_parser("factors", help="build, load and list impact factors")
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    build = actions.add_parser(
        "build", help="for developers: write the shipped set anew, as data and as SQL"
    )
    build.set_defaults(run=run_build)
    sync = actions.add_parser(
        "sync", help="load the set of the installed LiteLLM and EcoLogits into the database"
    )
    sync.add_argument(
        "--activate", action="store_true", help="derive new requests with it from now on"
    )
    sync.set_defaults(run=run_sync)
    compare = actions.add_parser("diff", help="show what changed from one set to another")
    compare.add_argument("before", metavar="A")
    compare.add_argument("after", metavar="B")
    compare.add_argument("--all", action="store_true", help="every change, not the largest 20")
    compare.set_defaults(run=run_diff)
    activate = actions.add_parser(
        "activate", help="derive new requests with a set; stored ones keep theirs"
    )
    activate.add_argument("factor_set", metavar="SET")
    activate.set_defaults(run=run_activate)
    actions.add_parser("list", help="show the sets there are").set_defaults(run=run_list)
    _register_estimate(commands)


def _register_estimate(commands: Commands) -> None:
    parser = commands.add_parser("estimate", help="estimate the impact of one request")
    parser.add_argument("model", help="provider/model as LiteLLM names it: openai/gpt-4o")
    parser.add_argument(
        "--in",
        dest="tokens_in",
        type=int,
        default=0,
        metavar="N",
        help="tokens of the prompt, cached ones included",
    )
    parser.add_argument(
        "--out",
        dest="tokens_out",
        type=int,
        default=0,
        metavar="N",
        help="generated tokens, reasoning included; none for embeddings",
    )
    parser.add_argument(
        "--cached", type=int, default=0, metavar="N", help="of --in, read from the prompt cache"
    )
    parser.add_argument(
        "--call-type", metavar="TYPE", help="chat, embedding, rerank, ...; default: what it is for"
    )
    parser.add_argument("--zone", metavar="FRA", help="country of the data centre, or WOR")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run_estimate)


def run_build(options: argparse.Namespace) -> int:
    """Write the shipped set anew where the installed packages give other figures."""
    from footprint.impact import methodology, price_list, second_opinion
    from footprint.impact.factors import build_factor_set, build_opinions
    from footprint.impact.prices import read_price_map

    folder = shipped.FOLDER
    sql = Path(__file__).parents[3] / "sql"
    if not sql.is_dir():
        raise InputError("`factors build` writes into a source checkout: run it from one.")
    built = build_factor_set(c.FACTOR_SET)
    at = _build_time(built, folder)
    texts = {
        shipped.header_path(built.name, folder): shipped.render_header(built, at),
        shipped.factors_path(built.name, folder): shipped.render_factors(built),
        second_opinion.opinions_path(): second_opinion.render_opinions(build_opinions()),
        price_list.prices_path(): price_list.render_prices(read_price_map()),
        sql / seeds.FACILITIES_FILE: seeds.render_facilities(built, at),
        sql / seeds.FACTORS_FILE: seeds.render_factors(built),
        sql / seeds.REGIONS_FILE: seeds.render_regions(),
    }
    changed = _write(texts)
    # What is said about the set is made from what was just written.
    shipped.shipped.cache_clear()
    changed += _write({sql.parent / "docs" / "methodology.md": methodology.render_markdown()})
    print(_summary(built))
    print("\n".join(f"wrote {path}" for path in changed) or "unchanged: nothing was written.")
    return 0


def run_sync(options: argparse.Namespace) -> int:
    """Load the set that the installed packages give; say so where it is there already."""
    from footprint.impact.factors import build_factor_set
    from footprint.impact.loading import load

    database_url = get_settings().require_database()
    built = build_factor_set(c.FACTOR_SET)
    loaded = load(database_url, built, activate=options.activate)
    print(_summary(built))
    if not loaded.inserted:
        print(f"unchanged: the database has these figures as {loaded.name}.")
    elif loaded.name != built.name:
        print(f"loaded as {loaded.name}: {built.name} exists with other figures and never changes.")
    else:
        print(f"loaded as {loaded.name}.")
    _resolve_names(database_url, loaded.name)
    if options.activate:
        print(f"active: new requests are derived with {loaded.name}; earlier ones keep theirs.")
    else:
        print("not activated: give --activate to derive new requests with it.")
    return 0


def _resolve_names(database_url: str, factor_set: str) -> None:
    """Give a set the names of requests that it lacks; fill what the active set has meanwhile."""
    from footprint.impact.resolving import resolve

    done = resolve(database_url, factor_set)
    if done.matched or done.rows_filled:
        print(
            f"resolved: {len(done.matched):,} names of requests have a factor that had none, "
            f"{done.rows_filled:,} requests an impact."
        )


def run_list(options: argparse.Namespace) -> int:
    """Show the shipped set, and those of the database where one is configured."""
    from footprint.impact.loading import stored_sets

    print(f"shipped   {_summary(shipped.shipped())}")
    database_url = get_settings().database_url
    if not database_url:
        print("database  SUPABASE_DB_URL is not set.")
        return 0
    for found in stored_sets(database_url):
        mark = "active" if found.active else ""
        print(
            f"database  {found.name:<12} {found.factors:>6} factors, "
            f"built {found.built_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC  {mark}".rstrip()
        )
    return 0


def run_diff(options: argparse.Namespace) -> int:
    """Print what changed by model, the largest change of energy first."""
    from footprint.impact.comparing import diff

    found = diff(get_settings().require_database(), options.before, options.after)
    if found.is_empty:
        print(f"{options.before} and {options.after} say the same.")
        return 0
    print(
        f"{options.before} → {options.after}: {len(found.changes):,} factors changed, "
        f"{len(found.added):,} added, {len(found.removed):,} removed, "
        f"{len(found.places):,} zones and data centres changed."
    )
    most = None if options.all else 20
    for change in found.changes[:most]:
        before, after = change.before, change.after
        notes = [
            f"{name} {old} → {new}"
            for name, old, new in (
                ("match", before.match, after.match),
                ("evidence", before.evidence, after.evidence),
            )
            if old != new
        ]
        print(
            f"  ×{change.ratio:<7.3g} {before.energy_j:.3g} → {after.energy_j:.3g} J/token  "
            f"{change.provider}/{change.model}  {', '.join(notes)}".rstrip()
        )
    for sign, names in (("+", found.added), ("-", found.removed)):
        for provider, model in names[:most]:
            print(f"  {sign} {provider}/{model}")
    for place in found.places[:most]:
        print(f"  ~ {place}")
    return 0


def run_activate(options: argparse.Namespace) -> int:
    """Activate a set; say what stands elsewhere and how to change that."""
    from footprint.impact.comparing import activate

    database_url = get_settings().require_database()
    elsewhere = activate(database_url, options.factor_set)
    print(f"active: new requests are derived with {options.factor_set}.")
    _resolve_names(database_url, options.factor_set)
    for name, rows in elsewhere.items():
        print(f"{rows:,} earlier requests stand on {name} and keep their figures.")
    if elsewhere:
        print(
            "To derive them anew, with the figures before and after kept: "
            "footprint restate --reason '...'"
        )
    return 0


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


def _build_time(built: FactorSet, folder: Path) -> str:
    """Return when a set was built: what the shipped header says while its figures are the same."""
    try:
        header = shipped.read_header(built.name, folder)
    except (FileNotFoundError, ValueError):
        header = {}
    if header.get("sources", {}).get("fingerprint") == built.fingerprint:
        return str(header["built_at"])
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write(texts: dict[Path, str]) -> list[Path]:
    """Write the files whose text differs; return which."""
    changed = [path for path, text in texts.items() if _differs(path, text)]
    for path in changed:
        path.write_text(texts[path], encoding="utf-8")
    return changed


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def _summary(built: FactorSet) -> str:
    coverage = built.sources["coverage"]
    rungs = ", ".join(f"{name} {count}" for name, count in coverage["by_match"].items())
    return (
        f"{built.name}: {sum(coverage['by_match'].values())} factors for {coverage['models']} text"
        f" models ({rungs}) and {coverage['embedding_factors']} for"
        f" {coverage['embedding_models']} embedding models, from LiteLLM {built.sources['litellm']}"
        f" and EcoLogits {built.sources['ecologits']}."
    )


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
        lines.append(f"  match     {factor.match}: {matched}")
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
