"""What the files of finance hold of a month, read back and held against its rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from added_up import CLASSES, Key, Month, Row, added, hold, shown
from exporting import file_of, get, read
from seeing import Seeing, of_row, shown_by_group

_FOCUS = {
    **dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), "cost_eur"),
    "PricingCurrencyEffectiveCost": "cost_usd",
    **dict.fromkeys(("ConsumedQuantity", "PricingQuantity"), "tokens_used"),
    "x_Requests": "requests",
    "x_RequestsWithoutPrice": "unpriced",
    "x_EnergyKilowattHours": "energy_kwh",
    "x_CarbonGrams": "carbon_gco2e",
    "x_WaterLitres": "water_l",
}


def hold_statement(seeing: Seeing, month: Month, people: str) -> None:
    about, lines = read(
        file_of(f"/export/statement.csv?month={month.first:%Y-%m}", seeing.finances)
    )
    rows = seeing.as_shown(month, people)
    told = {
        (_cell(line["user_id"]) or None, line["provider"], _cell(line["model"])): line
        for line in lines
    }
    assert len(told) == len(lines) == int(about["rows"])
    keys = ("user_id", "provider", "model")
    hold("statement", _figures(told), shown_by_group(rows.by(*keys)))
    _hold_head("statement", about, month)


def hold_requests(seeing: Seeing, month: Month, *, named: bool) -> None:
    address = f"/export/requests.csv?month={month.first:%Y-%m}"
    if not named:
        assert get(seeing.finances, address).status_code == 403
        return
    about, lines = read(file_of(address, seeing.finances))
    assert len(lines) == len(month.rows) == int(about["rows"])
    hold_rows("requests", lines, month.rows)
    _hold_head("requests", about, month)


def hold_focus(seeing: Seeing, month: Month, *, named: bool) -> None:
    _, lines = read(file_of(f"/export/focus.csv?month={month.first:%Y-%m}", seeing.finances))
    zone = ZoneInfo(seeing.web.database.one("select private.reporting_timezone()"))
    told: dict[Key, Row] = {}
    for line in lines:
        day = datetime.fromisoformat(line["ChargePeriodStart"]).astimezone(zone)
        end = datetime.fromisoformat(line["ChargePeriodEnd"]).astimezone(zone)
        assert (day.hour, end.date(), end.hour) == (0, day.date() + timedelta(days=1), 0)
        provider = line["SkuId"].removesuffix(f"/{_cell(line['x_Model'])}")
        assert line["HostProviderName"] == (provider or "Unknown")
        key = (day.date(), line["SubAccountId"], provider, _cell(line["x_Model"]))
        told[key] = {column: line[column] or None for column in _FOCUS}
    assert len(told) == len(lines)
    rows = month if named else _with(month, team="")
    groups = rows.by("day", "team", "provider", "model")
    wanted = {}
    for key, sums in groups.items():
        # FOCUS allows no empty cost: how many requests have none is in a column of its own.
        figures = {**shown(sums), "cost_eur": sums["cost_eur"], "cost_usd": sums["cost_usd"]}
        wanted[key] = {column: figures[mine] for column, mine in _FOCUS.items()}
    hold("FOCUS", told, wanted)


def hold_rows(place: str, lines: list[dict[str, str]], rows: list[Row]) -> None:
    """Hold a file's lines against single requests: what the gateway's cache answered is free."""
    told = {line["event_id"]: line for line in lines}
    assert len(told) == len(lines)
    for row in rows:
        line = told[str(row["event_id"])]
        for name in ("cost_usd", "cost_eur", "energy_kwh", "carbon_gco2e", "water_l", *CLASSES):
            said = Decimal(line[name]) if line[name] else None
            assert said == of_row(row, name), (place, line["event_id"], name)


def _hold_head(place: str, about: Mapping[str, str], month: Month) -> None:
    told = {name: about[f"total_{name}"] for name in ("cost_eur", "cost_usd")}
    hold(f"head of {place}", {(): told | {"requests": about["requests"]}}, {(): added(month.rows)})


def _figures(told: Mapping[Key, Row]) -> dict[Key, Row]:
    return {
        key: {name: value or None for name, value in line.items()} for key, line in told.items()
    }


def _with(month: Month, **keys: Any) -> Month:
    return Month(month.first, [{**row, **keys} for row in month.rows])


def _cell(text: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from reading a formula."""
    return text[1:] if text[:2] in ("'=", "'@", "'+", "'-") else text
