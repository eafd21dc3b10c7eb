"""``footprint purge``: erase stored prompts and answers whose time is over; metrics stay."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from footprint.commands.again import add_every, run_again
from footprint.config import get_settings
from footprint.database import call
from footprint.errors import InputError

if TYPE_CHECKING:
    from footprint.commands import Commands


def register(commands: Commands) -> None:
    """Add ``purge``."""
    parser = commands.add_parser(
        "purge",
        help="erase stored prompts and answers that are due",
        description="Erase stored prompts and answers whose days are over (the setting Retention). "
        "No figure changes. Where they are stored, let --every 1d or a timer do it.",
    )
    parser.add_argument("--all", action="store_true", help="erase all of them, due or not")
    add_every(parser)
    parser.set_defaults(run=run_purge)


def run_purge(options: argparse.Namespace) -> int:
    """Erase content, once or every so often, and say of how many requests."""
    if options.all and options.every is not None:
        raise InputError("--all erases everything at once: leave out --every, or leave out --all.")
    database_url = get_settings().require_database()
    return run_again(lambda: _purge(database_url, options.all), options.every)


def _purge(database_url: str, everything: bool) -> None:
    count = call(database_url, "private.purge_payloads", everything)
    requests = "1 request" if count == 1 else f"{count} requests"
    print(f"Erased prompts and answers of {requests}; no figure has changed.")
