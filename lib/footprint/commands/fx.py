"""``footprint fx import|set``: EUR per USD by day."""

from __future__ import annotations

import argparse
import csv
import json
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from footprint.config import get_settings
from footprint.database import call
from footprint.errors import InputError

if TYPE_CHECKING:
    from footprint.commands import Commands

ECB_SOURCE = "European Central Bank, euro foreign exchange reference rates"


def register(commands: Commands) -> None:
    """Add ``fx import`` and ``fx set``."""
    parser = commands.add_parser("fx", help="enter exchange rates; costs of their days follow")
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    load = actions.add_parser("import", help="read the ECB's eurofxref-hist.csv")
    load.add_argument("file", type=Path, help="the CSV, with columns Date and USD (USD per EUR)")
    load.set_defaults(run=run_import)
    single = actions.add_parser("set", help="enter the rate of one day")
    single.add_argument("day", help="YYYY-MM-DD")
    single.add_argument("rate", help="EUR for one USD, for example 0.92")
    single.add_argument("--source", required=True, help="where the rate comes from")
    single.set_defaults(run=run_set)


def read_ecb(path: Path) -> dict[str, str]:
    """Return EUR per USD by ISO day from the ECB's CSV, which gives USD per EUR.

    Days without a rate (``N/A``) are left out.

    Raises:
        InputError: where the file cannot be read or is another kind of file.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}.") from error
    if not rows or not {"Date", "USD"} <= set(rows[0]):
        raise InputError(
            f"{path} has no columns Date and USD: "
            "download eurofxref-hist.csv from the ECB's website."
        )
    rates = {}
    for number, row in enumerate(rows, start=2):
        if row["USD"] in ("", "N/A", None):
            continue
        day, rate = _day(row["Date"], number), _rate(row["USD"], number)
        rates[day.isoformat()] = str(round(1 / rate, 10))
    return rates


def run_import(options: argparse.Namespace) -> int:
    """Enter every day of the file; costs of those days are re-derived."""
    rates = read_ecb(options.file)
    changed = call(
        get_settings().require_database(), "private.set_fx_rates", json.dumps(rates), ECB_SOURCE
    )
    print(f"{len(rates)} days read, {changed} new or corrected; the costs of those days follow.")
    return 0


def run_set(options: argparse.Namespace) -> int:
    """Enter one day's rate."""
    rates = {_day(options.day, None).isoformat(): str(_rate(options.rate, None))}
    call(
        get_settings().require_database(),
        "private.set_fx_rates",
        json.dumps(rates),
        options.source,
    )
    print(f"1 USD is {options.rate} EUR from {options.day} on, until the next known day.")
    return 0


def _day(text: str, line: int | None) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        where = f" in line {line}" if line else ""
        raise InputError(f"{text!r}{where} is not a day: write it as YYYY-MM-DD.") from error


def _rate(text: str, line: int | None) -> Decimal:
    where = f" in line {line}" if line else ""
    try:
        rate = Decimal(text.strip())
    except InvalidOperation as error:
        raise InputError(f"{text!r}{where} is not a rate.") from error
    if not Decimal("0.0001") < rate < 10000:
        raise InputError(f"{text!r}{where} is not a rate between 0.0001 and 10000.")
    return rate
