"""The files finance takes away, written page by page and checked against what they promised. Pure.

A statement and a list of requests say what they hold in lines that begin with ``#``; then come a
header and the rows. Money is written exactly, not rounded, so that the rows add up to the total.
FOCUS allows no line before its header, so a FOCUS file is rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final

from footprint.data.exports import Check, Export, ModelSum, Row
from footprint.finance.dialects import Dialect, quoted, safe_cell
from footprint.finance.faults import broken_off
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
# The columns that name provider and model.
_MODEL: Final = {
    "statement": ("provider", "model"),
    "requests": ("provider", "model"),
    "focus": ("ServiceProviderName", "x_Model"),
}
# What FOCUS says, which allows no empty provider.
_UNKNOWN_PROVIDER: Final = "Unknown"


_NOTHING: Final = ModelSum(0, Decimal(0))


def file_name(export: Export) -> str:
    """Return the name under which a browser saves the file."""
    return f"footprint-{_NAMES[export.kind]}-{export.month:%Y-%m}.csv"


def write_file(
    export: Export, pages: Iterable[list[Row]], dialect: Dialect, check: Callable[[], Check]
) -> Iterator[bytes]:
    """Yield the file, a page at a time.

    Args:
        export: what it will hold.
        pages: its rows.
        dialect: how it is written.
        check: asked, where rows and promise differ, why they may.

    Raises:
        ServiceUnavailable: after the last row, where the month changed meanwhile: a file that
            breaks off is better than a wrong one. Its last line says why.
        WrongFigures: likewise, where the month contradicts itself.
    """
    yield (dialect.mark + _head(export, dialect)).encode("utf-8")
    names = list(export.columns)
    is_figure = list(export.columns.values())
    cost_at = names.index(_COST[export.kind])
    provider_at, model_at = (names.index(name) for name in _MODEL[export.kind])
    got: dict[tuple[str, str], ModelSum] = {}
    for page in pages:
        lines = []
        for row in page:
            key = (row[provider_at] or "", row[model_at] or "")
            known = got.get(key, _NOTHING)
            got[key] = ModelSum(known.rows + 1, known.cost_eur + Decimal(row[cost_at] or 0))
            lines.append(
                dialect.line(
                    dialect.figure(value) if figure else _text(value)
                    for value, figure in zip(row, is_figure, strict=True)
                )
            )
        yield "".join(lines).encode("utf-8")
    promised = _as_written(export)
    if got != promised.models:
        reason = broken_off(promised, got, check())
        yield dialect.row("# broken off", safe_cell(str(reason))).encode("utf-8")
        raise reason


def _as_written(export: Export) -> Export:
    """Return an export with its models under the names that its rows have."""
    if export.kind != "focus":
        return export
    models: dict[tuple[str, str], ModelSum] = {}
    for (provider, model), promised in export.models.items():
        key = (provider or _UNKNOWN_PROVIDER, model)
        known = models.get(key, _NOTHING)
        models[key] = ModelSum(known.rows + promised.rows, known.cost_eur + promised.cost_eur)
    return replace(export, models=models)


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
