"""What every place must say of requests, added up in Python from the rows of request_logs.

No rollup, view or function of ours has a part in it: days are cut by `zoneinfo`, sums are exact decimals.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from psycopg.rows import dict_row

from house import Database

Row = Mapping[str, Any]
Sums = dict[str, Decimal]
# As pages and files have them: None is unknown.
Shown = Mapping[str, Decimal | None]
Key = tuple[Any, ...]

CLASSES = (
    *("tokens_input_uncached", "tokens_cache_read", "tokens_cache_write"),
    *("tokens_output_text", "tokens_reasoning"),
)
_IMPACTS = tuple(
    f"{name}{end}"
    for name in ("energy_kwh", "carbon_gco2e", "water_l")
    for end in ("", "_low", "_high")
)
_MARKET = tuple(f"carbon_market_gco2e{end}" for end in ("", "_low", "_high"))
# An amount is unknown where nothing of this is counted.
KNOWN_BY = (
    dict.fromkeys(("cost_usd", "cost_eur", "cost_eur_measured", "cost_eur_attributed"), "priced")
    | dict.fromkeys(_IMPACTS, "measured")
    | dict.fromkeys(_MARKET, "market_measured")
)
# The digits that no sum here runs out of.
_ROOM = Context(prec=80)


@dataclass(frozen=True)
class Month:
    """The requests of a month in a time zone, each with its measures."""

    first: date
    rows: list[Row]

    def by(self, *keys: str, where: Callable[[Row], bool] = lambda _: True) -> dict[Key, Sums]:
        """Return the sums by columns of request_logs, ``day``, ``month`` or ``person``."""
        groups: dict[Key, list[Row]] = {}
        for row in self.rows:
            if where(row):
                groups.setdefault(tuple(row[key] for key in keys), []).append(row)
        return {key: added(rows) for key, rows in groups.items()}

    def of_tags(self) -> Month:
        """Return each request once for each of its tags, with that as ``tag``."""
        return Month(
            self.first, [{**row, "tag": tag} for row in self.rows for tag in row["tags"] or ()]
        )


def every_request(database: Database, zone: str) -> list[Row]:
    """Return all rows, with their day in a time zone and their measures."""
    with database.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        found = cursor.execute("select * from public.request_logs order by event_id").fetchall()
    rows: list[Row] = []
    for row in found:
        day = row["started_at"].astimezone(ZoneInfo(zone)).date()
        keys = {"day": day, "month": day.replace(day=1), "person": row["user_profile_id"] or ""}
        keys |= {"team": row["team"] or ""}
        rows.append(row | keys | {"measures": _measures(row)})
    return rows


def month_of(rows: Iterable[Row], first: date) -> Month:
    """Return the requests of one month."""
    return Month(first, [row for row in rows if row["month"] == first])


def added(rows: Iterable[Row]) -> Sums:
    """Return the sum of every measure; it is 0 where nothing is known."""
    sums = dict.fromkeys(_MEASURES, Decimal(0))
    with localcontext(_ROOM):
        for row in rows:
            for name, amount in row["measures"].items():
                sums[name] += amount
    return sums


def shown(sums: Sums) -> Shown:
    """Return sums as pages and files have them: None where nothing of an amount is known."""
    return {
        name: None if name in KNOWN_BY and not sums[KNOWN_BY[name]] else amount
        for name, amount in sums.items()
    }


def differences(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Return where a group's figures are not what they must be; only names of both count.

    A float of money is the float nearest to it; an estimate's has 14 digits, as the sums of floats.
    """
    found = []
    for name in told.keys() & wanted.keys():
        said, right = told[name], wanted[name]
        if said is None or said is pd.NA or (isinstance(said, float) and math.isnan(said)):
            is_right = right is None
        elif right is None:
            is_right = False
        elif isinstance(said, float):
            slack = 0 if name.startswith("cost_") else 1e-14
            is_right = math.isclose(said, float(right), rel_tol=slack)
        else:
            is_right = Decimal(str(said)) == right
        if not is_right:
            found.append(f"{name} is {said}, not {right}")
    return sorted(found)


def hold(place: str, told: Mapping[Key, Row], wanted: Mapping[Key, Shown]) -> None:
    """Hold the groups that a place tells against what they must be."""
    assert told.keys() == wanted.keys(), (place, told.keys() ^ wanted.keys())
    for key, figures in told.items():
        common = figures.keys() & wanted[key].keys()
        assert common, (place, "nothing to compare", figures.keys())
        assert not (wrong := differences(figures, wanted[key])), (place, key, wrong)


def _measures(row: Row) -> dict[str, Decimal]:
    tokens = sum(row[name] or 0 for name in CLASSES)
    cost_usd, cost_eur = row["cost_usd"], row["cost_eur"]
    billed, failed = not row["cache_hit"], row["status"] == "failure"
    can_cost = billed and (tokens > 0 or (cost_usd or 0) > 0 or not failed)
    has_impact = row["energy_kwh"] is not None
    is_somebodys = row["user_profile_id"] is not None
    is_timed = billed and row["status"] == "success" and row["latency_s"] is not None
    paid = (cost_eur or 0) if billed else 0
    found: dict[str, Any] = {
        "requests": 1,
        "failures": failed,
        "cache_hits": not billed,
        "billed": billed,
        "billable": can_cost,
        "priced": can_cost and cost_usd is not None,
        "unpriced": can_cost and cost_usd is None,
        "measurable": billed and tokens > 0,
        "measured": has_impact,
        "unmeasured": billed and tokens > 0 and row["impact_reason"] is not None,
        "attributed": is_somebodys,
        "unattributed": not is_somebodys,
        "tokens_used": tokens if billed else 0,
        "tokens_priced": tokens if billed and cost_usd is not None else 0,
        "tokens_measured": tokens if has_impact else 0,
        "tokens_attributed": tokens if billed and is_somebodys else 0,
        "latency_s": row["latency_s"] if is_timed else 0,
        "latency_count": is_timed,
        "cost_usd": (cost_usd or 0) if billed else 0,
        "cost_eur": paid,
        "cost_eur_measured": paid if has_impact else 0,
        "cost_eur_attributed": paid if is_somebodys else 0,
        "market_measured": row["carbon_market_gco2e"] is not None,
    }
    found |= {name: (row[name] or 0) if billed else 0 for name in CLASSES}
    found |= {name: row[name] or 0 for name in (*_IMPACTS, *_MARKET)}
    return {name: Decimal(amount) for name, amount in found.items()}


_MEASURES = tuple(_measures(defaultdict(lambda: None)))
