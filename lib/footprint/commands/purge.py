"""``footprint purge``: erase stored prompts and answers whose time is over; metrics stay."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.database import call

if TYPE_CHECKING:
    from footprint.commands import Commands


def register(commands: Commands) -> None:
    """Add ``purge``; run it daily where prompts and answers are stored."""
    parser = commands.add_parser("purge", help="erase stored prompts and answers that are due")
    parser.add_argument("--all", action="store_true", help="erase all of them, due or not")
    parser.set_defaults(run=run_purge)


def run_purge(options: argparse.Namespace) -> int:
    """Erase content and say of how many requests; running it again erases nothing more."""
    count = call(get_settings().require_database(), "private.purge_payloads", options.all)
    requests = "1 request" if count == 1 else f"{count} requests"
    print(f"Erased prompts and answers of {requests}; no figure has changed.")
    return 0
