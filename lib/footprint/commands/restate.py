"""``footprint restate`` and ``resolve``: earlier requests derived anew, and their gaps filled."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING

from footprint.commands.again import add_every, run_again
from footprint.config import get_settings
from footprint.errors import InputError

if TYPE_CHECKING:
    from footprint.commands import Commands


def register(commands: Commands) -> None:
    """Add ``restate`` and ``resolve``."""
    parser = commands.add_parser(
        "restate",
        help="derive earlier requests anew with a factor set",
        description="Derive earlier requests anew with a factor set. The figures before and after "
        "are kept by day and model, with the reason. An interrupted run goes on where it stopped.",
    )
    parser.add_argument("--to", metavar="SET", help="the factor set; by default the active one")
    parser.add_argument(
        "--from", dest="first", type=_day, metavar="DAY", help="first day, 2026-11-01"
    )
    parser.add_argument(
        "--until", dest="last", type=_day, metavar="DAY", help="last day, inclusive"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why; readers see it beside the figures")
    parser.add_argument("--resume", action="store_true", help="finish the interrupted restatement")
    parser.set_defaults(run=run_restate)
    parser = commands.add_parser(
        "resolve",
        help="fill requests without an impact whose model is known by now",
        description="Add factors for names of models that requests have and the ladder can match "
        "by now, and fill the requests that had no impact for want of one. No other request "
        "changes. What stays unknown waits for an admin on the page Model mapping. Loading or "
        "activating a factor set does this too; between them let --every or a timer do it.",
    )
    parser.add_argument(
        "--weak",
        action="store_true",
        help="also take a size in an id that its owner chose (my-endpoint-70b-prod) for its model",
    )
    add_every(parser)
    parser.set_defaults(run=run_resolve)


def run_restate(options: argparse.Namespace) -> int:
    """Restate, with progress; say what changed and what stands elsewhere."""
    from footprint.impact.resolving import add_missing
    from footprint.impact.restating import Scope, restate, resume
    from footprint.ingest.progress import Progress

    database_url = get_settings().require_database()
    if options.resume and (options.to or options.first or options.last or options.reason):
        raise InputError("--resume goes on with the set, days and reason it was begun with.")
    if not options.resume and not options.reason:
        raise InputError("Say why with --reason: readers will see it beside the figures.")
    progress = Progress("Restating")
    try:
        if options.resume:
            done = resume(database_url, progress.show)
        else:
            add_missing(database_url, options.to)
            scope = Scope(options.to, options.first, options.last)
            done = restate(database_url, scope, options.reason, progress.show)
    finally:
        progress.finish()
    print(
        f"restatement {done.restatement_id}: {done.rows_changed:,} requests now stand on "
        f"{done.factor_set}; the figures before and after are kept."
    )
    return 0


def run_resolve(options: argparse.Namespace) -> int:
    """Resolve, once or every so often."""
    database_url = get_settings().require_database()
    return run_again(lambda: _resolve(database_url, options.weak), options.every)


def _resolve(database_url: str, weak: bool) -> None:
    """Resolve, and name what stays unknown."""
    from footprint.impact.resolution import WEAK, match_written
    from footprint.impact.resolving import resolve
    from footprint.ingest.progress import Progress

    progress = Progress("Filling")
    try:
        done = resolve(database_url, tell=progress.show, weak=weak)
    finally:
        progress.finish()
    for factor in done.matched:
        basis = factor.sources.get("matched") or f"{factor.sources.get('usd_per_m_out')} USD/M out"
        print(f"matched  {factor.provider}/{factor.model}: {factor.match}, {basis}")
    print(f"{done.rows_filled:,} requests have an impact now that had none.")
    for provider, model, requests in done.unknown[:20]:
        match = match_written(provider.lower(), model.lower())
        hint = " (weak: nothing but a size in its id)" if match.rung == WEAK else ""
        print(f"unknown  {provider}/{model}: {requests:,} requests{hint}")
    if len(done.unknown) > 20:
        print(f"... and {len(done.unknown) - 20} more unknown names.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-01") from error
