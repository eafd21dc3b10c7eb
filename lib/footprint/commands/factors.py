"""``footprint factors build|sync|diff|activate|list``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.errors import InputError
from footprint.impact import constants as c
from footprint.impact import seeds, shipped

if TYPE_CHECKING:
    from footprint.commands import Commands
    from footprint.impact.factor_set import FactorSet


def register(commands: Commands) -> None:
    """Add ``factors`` with its actions."""
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


def run_build(options: argparse.Namespace) -> int:
    """Write the shipped set anew where the installed packages give other figures."""
    from footprint.impact import methodology, price_list, second_opinion
    from footprint.impact.factors import build_factor_set, build_opinions
    from footprint.impact.prices import read_price_map

    folder = shipped.FOLDER
    sql = Path(__file__).parents[3] / "sql"
    if not (sql / "migrations").is_dir():
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
        sql / seeds.WORDS_FILE: seeds.render_words(),
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
