"""``footprint fx import|set``: exchange rates by day."""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from footprint.config import get_settings
from footprint.database import ask, call, connect
from footprint.errors import InputError

if TYPE_CHECKING:
    from footprint.commands import Commands

ECB_SOURCE = "European Central Bank, euro foreign exchange reference rates"
# Days that one statement brings, of about forty currencies.
BATCH_DAYS: Final = 250
_CODE: Final = re.compile(r"[A-Z]{3}")
_DIGITS: Final = Context(prec=20)
_BOUNDS_USD: Final = (Decimal("0.0001"), Decimal(10000))
# The lira of before 2005 was worth 0.0000005 EUR, an ounce of gold (XAU) thousands.
_BOUNDS: Final = (Decimal("0.00000001"), Decimal(10) ** 8)

# By currency, by ISO day, as text: no digit is lost.
Rates: TypeAlias = Mapping[str, Mapping[str, str]]


def register(commands: Commands) -> None:
    """Add ``fx import`` and ``fx set``."""
    parser = commands.add_parser("fx", help="enter exchange rates; costs of their days follow")
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    load = actions.add_parser(
        "import",
        help="read the ECB's eurofxref-hist.csv: dollars and every other currency of it",
    )
    load.add_argument(
        "file", type=Path, help="the CSV, with columns Date, USD, ... (units per EUR)"
    )
    load.add_argument(
        "--currency",
        action="append",
        metavar="CODE",
        help="only this currency beside USD, such as CNY; may be given several times",
    )
    load.set_defaults(run=run_import)
    single = actions.add_parser("set", help="enter the rate of one day")
    single.add_argument("day", help="YYYY-MM-DD")
    single.add_argument("rate", help="EUR for one unit, for example 0.92")
    single.add_argument("--currency", default="USD", metavar="CODE", help="USD by default")
    single.add_argument("--source", required=True, help="where the rate comes from")
    single.set_defaults(run=run_set)


def read_ecb(path: Path) -> dict[str, dict[str, str]]:
    """Return EUR per unit by currency and ISO day from the ECB's CSV, which gives units per EUR.

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
    currencies = [name for name in rows[0] if name and _CODE.fullmatch(name)]
    rates: dict[str, dict[str, str]] = {currency: {} for currency in currencies}
    for number, row in enumerate(rows, start=2):
        day = _day(row["Date"], number).isoformat()
        for currency in currencies:
            if row[currency] not in ("", "N/A", None):
                units = _rate(row[currency], number, currency)
                rates[currency][day] = _eur_per_unit(currency, units)
    return rates


def run_import(options: argparse.Namespace) -> int:
    """Enter every day of the file; costs of those days are re-derived."""
    rates = read_ecb(options.file)
    dollars = rates.pop("USD")
    others = _wanted(rates, options.currency)
    with connect(get_settings().require_database()) as connection:
        # Before the dollar, whose costs in other currencies are worked out from these.
        changed = sum(
            ask(connection, "private.set_currency_rates", json.dumps(batch), ECB_SOURCE)
            for batch in _batches(others)
        )
        days = ask(connection, "private.set_fx_rates", json.dumps(dollars), ECB_SOURCE)
    print(f"{len(dollars)} days read, {days} new or corrected; the costs of those days follow.")
    if others:
        count = sum(map(len, others.values()))
        print(
            f"Other currencies ({len(others)}): {count} rates read, {changed} new or corrected;"
            " costs that were reported in them follow."
        )
    return 0


def run_set(options: argparse.Namespace) -> int:
    """Enter one day's rate."""
    currency = _currency(options.currency)
    day = _day(options.day, None).isoformat()
    rate = str(_rate(options.rate, None, currency))
    database = get_settings().require_database()
    if currency == "USD":
        call(database, "private.set_fx_rates", json.dumps({day: rate}), options.source)
    else:
        rates = {currency: {day: rate}}
        call(database, "private.set_currency_rates", json.dumps(rates), options.source)
    print(f"1 {currency} is {options.rate} EUR from {day} on, until the next known day.")
    return 0


def _wanted(rates: dict[str, dict[str, str]], named: Sequence[str] | None) -> Rates:
    """Return the rates of the currencies that somebody named, of all where nobody did."""
    if not named:
        return rates
    wanted = {_currency(name) for name in named} - {"USD"}
    missing = sorted(wanted - set(rates))
    if missing:
        raise InputError(
            f"The file has no column {missing[0]}; beside USD it has: {', '.join(sorted(rates))}."
        )
    return {currency: rates[currency] for currency in sorted(wanted)}


def _batches(rates: Rates) -> Iterator[Rates]:
    """Yield the rates of some days at a time, newest first: so each request is met but once."""
    days = sorted({day for known in rates.values() for day in known}, reverse=True)
    for start in range(0, len(days), BATCH_DAYS):
        batch: dict[str, dict[str, str]] = defaultdict(dict)
        for day in days[start : start + BATCH_DAYS]:
            for currency, known in rates.items():
                if day in known:
                    batch[currency][day] = known[day]
        yield batch


def _eur_per_unit(currency: str, units: Decimal) -> str:
    if currency == "USD":
        return str(round(1 / units, 10))
    return f"{_DIGITS.divide(Decimal(1), units):f}"


def _currency(name: str) -> str:
    code = name.strip().upper()
    if not _CODE.fullmatch(code):
        raise InputError(f"{name!r} is not a currency: write its three letters, such as CNY.")
    if code == "EUR":
        raise InputError("The euro needs no exchange rate: every rate is in euros.")
    return code


def _day(text: str, line: int | None) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        where = f" in line {line}" if line else ""
        raise InputError(f"{text!r}{where} is not a day: write it as YYYY-MM-DD.") from error


def _rate(text: str, line: int | None, currency: str) -> Decimal:
    where = f" in line {line}" if line else ""
    try:
        rate = Decimal(text.strip())
    except InvalidOperation as error:
        raise InputError(f"{text!r}{where} is not a rate.") from error
    least, most = _BOUNDS if currency != "USD" else _BOUNDS_USD
    if not least < rate < most:
        raise InputError(f"{text!r}{where} is not a rate between {least:f} and {most:f}.")
    return rate
