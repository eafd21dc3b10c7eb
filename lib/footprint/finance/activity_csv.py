"""One person's requests as CSV: plain dialect, as the month's statement. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from footprint.data.activity import Wanted
from footprint.finance.dialects import csv_figure, csv_row, safe_cell

_NAMES: Final = (
    *("started_at", "event_id", "provider", "model", "model_group", "call_type", "region", "team"),
    *("status", "error_class", "error_code", "attribution"),
)
_FIGURES: Final = (
    *("tokens_input_uncached", "tokens_cache_read", "tokens_cache_write", "tokens_output_text"),
    *("tokens_reasoning", "tokens_used", "latency_s", "time_to_first_token_s"),
    *("cost_usd", "cost_eur", "fx_eur_per_usd"),
    *("energy_kwh", "energy_kwh_low", "energy_kwh_high"),
    *("carbon_gco2e", "carbon_gco2e_low", "carbon_gco2e_high"),
    *("water_l", "water_l_low", "water_l_high"),
)
_DERIVATION: Final = (
    *("price_source", "factor_id", "factor_set", "match", "evidence", "grid_zone", "impact_reason"),
)
COLUMNS: Final = (
    *(*_NAMES, "tags", "cache_hit", "tokens_estimated", *_FIGURES, *_DERIVATION),
    *("reported_cost", "reported_currency"),
    *("service_tier", "quantities", "cost_tools_usd", "flags"),
)


def activity_csv(requests: Iterable[dict[str, Any]], wanted: Wanted, timezone: str) -> bytes:
    """Return requests as a CSV file that says what it holds.

    Args:
        requests: all that the filter leaves.
        wanted: the filter.
        timezone: the reporting time zone, in which the days of the filter are cut.
    """
    lines = [_line(request) for request in requests]
    about = (
        ("requests", "Footprint, one person's own requests, newest first"),
        ("days", f"{wanted.period.first} to {wanted.period.last}, both included"),
        ("timezone", f"days in {timezone}; started_at in UTC"),
        ("filter", filter_text(wanted)),
        ("currency", "cost_eur in EUR, cost_usd in USD; reported_cost in reported_currency"),
        ("estimates", "energy, carbon and water are estimates; low and high are their 90 % range"),
        ("unknown", "an empty figure is unknown, not zero"),
        ("rows", str(len(lines))),
    )
    head = [csv_row(f"# {name}", safe_cell(value)) for name, value in about]
    return "".join([*head, csv_row(*COLUMNS), *lines]).encode("utf-8")


def file_name(wanted: Wanted) -> str:
    """Return the name under which a browser saves the file."""
    return f"footprint-activity-{wanted.period.first}-{wanted.period.last}.csv"


def filter_text(wanted: Wanted) -> str:
    """Return what a filter leaves, in words."""
    parts = {
        "model": " or ".join(wanted.filters.models),
        "provider": " or ".join(wanted.filters.providers),
        "status": wanted.status,
        "tag": wanted.tag,
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items() if value) or "none"


def _line(request: dict[str, Any]) -> str:
    return csv_row(
        *(safe_cell(request[name]) for name in _NAMES),
        safe_cell(", ".join(request["tags"] or ())),
        *("yes" if request[name] else "no" for name in ("cache_hit", "tokens_estimated")),
        *(csv_figure(request[name]) for name in _FIGURES),
        *(safe_cell(request[name]) for name in _DERIVATION),
        csv_figure(request["reported_cost"]),
        safe_cell(request["reported_currency"]),
        safe_cell(request["service_tier"]),
        safe_cell(request["quantities_text"]),
        csv_figure(request["cost_tools_usd"]),
        safe_cell("; ".join(request["flags"] or ())),
    )
