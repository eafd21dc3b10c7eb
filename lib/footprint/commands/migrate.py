"""``footprint migrate``: bring a database to this release's schema."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.database import Outcome, SqlFiles, migrate, script, status
from footprint.database.state import State
from footprint.database.upgrade import WAIT_S
from footprint.errors import InputError
from footprint.release import VERSION

if TYPE_CHECKING:
    from footprint.commands import Commands

_LONGEST_WAIT_S = 86_400


def register(commands: Commands) -> None:
    """Add ``migrate``."""
    parser = commands.add_parser(
        "migrate",
        help="bring the database of SUPABASE_DB_URL to this release's schema",
        description=(
            "Bring the database to this release's schema: in one transaction, whole or not at all. "
            "Safe to run twice, and to interrupt."
        ),
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--status", action="store_true", help="say where the database stands; exit 1 if behind"
    )
    way.add_argument("--dry-run", action="store_true", help="do it all, then roll it back")
    way.add_argument(
        "--sql",
        action="store_true",
        help="print what would run; without SUPABASE_DB_URL, for an empty database",
    )
    way.add_argument(
        "--repair",
        action="store_true",
        help="make functions, views, policies and rights again, as after a change by hand",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=WAIT_S,
        metavar="SECONDS",
        help="how long to wait for another run, or a gap between requests (default: %(default)g)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Migrate, or say what would be done."""
    if not 0 <= options.wait <= _LONGEST_WAIT_S:
        raise InputError(f"--wait takes seconds from 0 to {_LONGEST_WAIT_S}.")
    if options.sql:
        print(script(get_settings().database_url), end="")
        return 0
    database_url = get_settings().require_database()
    if options.status:
        return _show(*status(database_url))
    outcome = migrate(
        database_url,
        tell=_tell,
        wait_s=options.wait,
        dry_run=options.dry_run,
        repair=options.repair,
    )
    print(_summary(outcome, dry_run=options.dry_run))
    return 0


def _summary(outcome: Outcome, *, dry_run: bool) -> str:
    if not outcome:
        return "The database is up to date."
    if dry_run:
        return "All of this works; it was rolled back, and nothing was changed."
    return f"The database is at Footprint {VERSION}."


def _show(state: State, files: SqlFiles) -> int:
    """Print where the database stands; return 1 where something is left to be done."""
    if state.is_baseline:
        print("Database   Footprint 0.1.0")
    elif state.release:
        at = f"{state.migrated_at.astimezone(UTC):%Y-%m-%d %H:%M}" if state.migrated_at else "?"
        print(f"Database   Footprint {state.release}, migrated {at} UTC")
    else:
        print("Database   empty: nothing of Footprint is in it")
    print(f"Program    Footprint {VERSION}")
    pending = {file.name for file in state.pending(files)}
    waiting = {file.name for file in state.waiting_steps(files)}
    for file in files.migrations:
        known = state.ledger.get(file.name)
        if file.name in pending:
            said = "not applied"
        elif file.name in waiting:
            said = f"waits, {known.rows_done:,} rows done" if known else "waits"
        elif known:
            said = f"applied {known.at:%Y-%m-%d} by {known.release}"
        else:
            said = "as 0.1.0 has it"
        print(f"  {file.name:<36} {said}")
    if state.release:
        is_same = state.files_sha256 == files.replaceable_sha256
        said = "as in this program" if is_same else "other than in this program"
        print(f"  {'functions, views, policies, grants':<36} {said}")
    if state.is_current(files) and not waiting:
        print("Nothing to do.")
        return 0
    print("To do: footprint migrate")
    return 1


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
