"""CSV as two kinds of programs read it; no cell of either is taken for a formula. Pure.

The plain dialect is UTF-8 with commas and decimal points (RFC 4180). The European one is what Excel
opens with a double click where the comma is the decimal sign: a byte order mark, semicolons,
decimal commas.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pandas as pd

# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV Injection; full-width forms
# and leading blanks included, as spreadsheets forgive them).
_FORMULA_STARTS: Final = "=+-@＝＋－＠"


@dataclass(frozen=True)
class Dialect:
    """How cells and figures are set apart."""

    name: str
    separator: str
    decimal: str
    # What the file begins with.
    mark: str = ""

    def row(self, *cells: str | Decimal | None) -> str:
        """Return a line: text in quotes, so that "#" in a name is no remark, and exact figures."""
        return self.line(
            _figure(cell, self.decimal) if isinstance(cell, Decimal) else quoted(cell)
            for cell in cells
        )

    def line(self, cells: Iterable[str]) -> str:
        """Return a line of cells that are written already."""
        return self.separator.join(cells) + "\r\n"

    def figure(self, text: str | None) -> str:
        """Return a figure, given with a decimal point, as this dialect writes it."""
        return "" if text is None else text.replace(".", self.decimal)


PLAIN: Final = Dialect("plain", ",", ".")
EXCEL: Final = Dialect("excel", ";", ",", "\ufeff")
DIALECTS: Final = {dialect.name: dialect for dialect in (PLAIN, EXCEL)}


def quoted(text: str | None) -> str:
    """Return a cell of text in quotes; nothing where it is missing."""
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def safe_cell(value: object) -> str:
    """Return text that no spreadsheet takes for a formula; missing text is empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value)
    if not text.isprintable() or " " in text:
        text = " ".join(text.replace("\0", "").split())
    return f"'{text}" if text and text[0] in _FORMULA_STARTS else text


def csv_row(*cells: str | Decimal | None) -> str:
    """Return a line of the plain dialect."""
    return PLAIN.row(*cells)


def csv_figure(value: object) -> Decimal | None:
    """Return a figure exactly as it was told, nothing where it is unknown."""
    if value is None or value is pd.NA or value != value:  # the last one is NaN
        return None
    figure = value if isinstance(value, Decimal) else Decimal(str(value))
    return figure.normalize()


def _figure(value: Decimal, decimal: str) -> str:
    return f"{value:f}".replace(".", decimal)
