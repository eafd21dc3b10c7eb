"""One month's statement as CSV: plain dialect (UTF-8, comma, decimal point). Pure.

The file says what it is in lines that begin with ``#``; then come a header and one line a person,
provider and model. Money is written exactly, not rounded, so that the lines add up to the total.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

import pandas as pd

from footprint.data.finance import LINE_KEYS, FinanceMonth
from footprint.data.usage import ESTIMATES, MONEY, TOKENS
from footprint.errors import ServiceUnavailable
from footprint.ui.formats import month_name

CURRENCY: Final = "EUR"
# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV Injection; full-width forms
# and leading blanks included, as spreadsheets forgive them).
_FORMULA_STARTS: Final = "=+-@＝＋－＠"

_FIGURES = (
    "requests",
    "failures",
    "cache_hits",
    "priced",
    "measured",
    *TOKENS,
    *MONEY,
    *ESTIMATES,
)
COLUMNS: Final = ("month", *LINE_KEYS, *_FIGURES)


def statement_csv(statement: FinanceMonth) -> bytes:
    """Return a month's statement as a CSV file.

    Raises:
        ServiceUnavailable: where the lines do not add up to the month's total; no file is better
            than a wrong one.
    """
    _check_sum(statement)
    month = f"{statement.month:%Y-%m}"
    rows = [csv_row(f"# {name}", safe_cell(value)) for name, value in _about(statement)]
    rows.append(csv_row(*COLUMNS))
    for line in statement.lines.to_dict("records"):
        names = (safe_cell(line[name]) for name in LINE_KEYS)
        rows.append(csv_row(month, *names, *(csv_figure(line[name]) for name in _FIGURES)))
    return "".join(rows).encode("utf-8")


def file_name(statement: FinanceMonth) -> str:
    """Return the name under which a browser saves the statement."""
    return f"footprint-statement-{statement.month:%Y-%m}.csv"


def safe_cell(value: object) -> str:
    """Return text that no spreadsheet takes for a formula; missing text is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = " ".join(str(value).replace("\0", "").split())
    return f"'{text}" if text and text[0] in _FORMULA_STARTS else text


def _about(statement: FinanceMonth) -> list[tuple[str, str]]:
    totals = statement.totals
    return [
        ("statement", f"Footprint, {month_name(statement.month)}"),
        ("month", f"{statement.month:%Y-%m}"),
        ("timezone", statement.timezone),
        ("filter", "all people, providers and models"),
        ("currency", f"{CURRENCY}; cost_usd in USD, converted at the rate of each request's day"),
        ("total_cost_eur", _plain(totals.cost_eur)),
        ("total_cost_usd", _plain(totals.cost_usd)),
        ("requests", str(totals.requests)),
        ("requests_priced", f"{totals.priced} of {totals.billed}"),
        ("requests_estimated", f"{totals.measured} of {totals.measurable}"),
        ("factor_set", statement.factor_set),
        ("estimates", "energy, carbon and water are estimates; low and high are their 90 % range"),
        ("restoration", f"{statement.restoration.status}; a contribution, never subtracted"),
        ("unknown", "an empty figure is unknown, not zero"),
        ("rows", str(len(statement.lines))),
    ]


def _check_sum(statement: FinanceMonth) -> None:
    for name in MONEY:
        known = [value for value in statement.lines[name] if value is not None]
        total = getattr(statement.totals, name)
        if sum(known, Decimal(0)) != (total or Decimal(0)):
            raise ServiceUnavailable(
                "The month's lines do not add up to its total, so no file was made: "
                "please try again, and tell your administrator if it stays."
            )


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"


def csv_row(*cells: str | Decimal | None) -> str:
    """Return a line as RFC 4180 has it: text in quotes, so that "#" in a name is no remark."""
    return ",".join(_cell(cell) for cell in cells) + "\r\n"


def _cell(cell: str | Decimal | None) -> str:
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else '"' + cell.replace('"', '""') + '"'


def csv_figure(value: object) -> Decimal | None:
    """Return a figure exactly as it was told, nothing where it is unknown."""
    if value is None or value is pd.NA or value != value:  # the last one is NaN
        return None
    return value if isinstance(value, Decimal) else Decimal(str(value))
