"""The files finance takes away, written page by page and checked against what they promised. Pure.

A statement and a list of requests say what they hold in lines that begin with ``#``; then come a
header and the rows. Money is written exactly, not rounded, so that the rows add up to the total.
FOCUS allows no line before its header, so a FOCUS file is rows alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from footprint.data.exports import Export, Row
from footprint.errors import ServiceUnavailable
from footprint.finance.dialects import Dialect, quoted, safe_cell
from footprint.ui.formats import month_name

_TITLES: Final = {"statement": "statement", "requests": "requests without the people behind them"}
_PEOPLE: Final = {
    "name": "people by name",
    "pseudonym": "people by pseudonym",
    "nothing": "people not told apart",
}
_NAMES: Final = {"statement": "statement", "requests": "requests", "focus": "focus"}
_CURRENCY: Final = (
    "EUR; cost_usd in USD; whichever was not reported is converted at the rate of the request's day"
)
# The column that must add up to the export's total cost in euros.
_COST: Final = {"statement": "cost_eur", "requests": "cost_eur", "focus": "BilledCost"}


def file_name(export: Export) -> str:
    """Return the name under which a browser saves the file."""
    return f"footprint-{_NAMES[export.kind]}-{export.month:%Y-%m}.csv"


def write_file(export: Export, pages: Iterable[list[Row]], dialect: Dialect) -> Iterator[bytes]:
    """Yield the file, a page at a time.

    Raises:
        ServiceUnavailable: after the last row, where rows and total are not those promised: a file
            that breaks off is better than a wrong one.
    """
    yield (dialect.mark + _head(export, dialect)).encode("utf-8")
    names = list(export.columns)
    is_figure = list(export.columns.values())
    cost_at = names.index(_COST[export.kind])
    rows, cost = 0, Decimal(0)
    for page in pages:
        lines = []
        for row in page:
            cost += Decimal(row[cost_at] or 0)
            lines.append(
                dialect.line(
                    dialect.figure(value) if figure else _text(value)
                    for value, figure in zip(row, is_figure, strict=True)
                )
            )
        rows += len(page)
        yield "".join(lines).encode("utf-8")
    if (rows, cost) != (export.rows, export.cost_eur):
        raise ServiceUnavailable(
            "The month changed while the file was written, so it was broken off: try again."
        )


def _text(value: str | None) -> str:
    return "" if value is None else quoted(safe_cell(value))


def _head(export: Export, dialect: Dialect) -> str:
    header = dialect.row(*export.columns)
    if export.kind == "focus":
        return header
    remarks = (dialect.row(f"# {name}", value) for name, value in _about(export))
    return "".join(remarks) + header


def _about(export: Export) -> list[tuple[str, str | Decimal]]:
    return [
        ("file", f"Footprint, {month_name(export.month)}, {_TITLES[export.kind]}"),
        ("organisation", safe_cell(export.organisation)),
        ("month", f"{export.month:%Y-%m}"),
        ("timezone", f"days in {export.timezone}; times in UTC"),
        ("filter", f"all people, providers and models; {_PEOPLE[export.people_shown_by]}"),
        ("currency", _CURRENCY),
        ("total_cost_eur", export.cost_eur),
        ("total_cost_usd", export.cost_usd),
        ("requests", Decimal(export.requests)),
        ("factor_set", export.factor_set),
        ("method_version", export.method_version),
        ("estimates", "energy, carbon and water are estimates; low and high are their 90 % range"),
        ("restoration", "a contribution beside the footprint, never subtracted from it"),
        ("unknown", "an empty figure is unknown, not zero"),
        ("rows", Decimal(export.rows)),
    ]
