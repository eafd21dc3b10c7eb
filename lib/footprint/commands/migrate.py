"""``footprint migrate``: bring a database to this version's schema."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.database import migrate

if TYPE_CHECKING:
    from footprint.commands import Commands


def register(commands: Commands) -> None:
    """Add ``migrate``."""
    parser = commands.add_parser(
        "migrate",
        help="apply sql/ to the database of SUPABASE_DB_URL",
        description="Apply every file of sql/ that is new or has changed. Safe to run twice.",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Migrate and say what was done."""
    applied = migrate(
        get_settings().require_database(), tell=lambda line: print(line, file=sys.stderr)
    )
    print(f"{len(applied)} files applied." if applied else "The database is up to date.")
    return 0
