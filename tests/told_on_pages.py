"""What pages tell of a month, held against its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from added_up import Key, Month, Row, Shown, Sums, added, hold, shown
from exporting import read
from footprint.data import activity
from footprint.data.budgets import budget_states
from footprint.data.filters import EVERYTHING
from footprint.data.finance import finance_month, lines_by
from footprint.data.footprint import Footprint, my_footprint
from footprint.data.organisation import organisation_footprint, usage_by_tag
from footprint.finance.activity_csv import activity_csv
from seeing import Seeing, days_of, shown_by_group, table
from told_in_files import hold_rows

# What the tables by day and by day and model hold of the measures.
_OF_DAYS = (
    *("requests", "tokens_used", "cost_eur", "energy_kwh", "carbon_gco2e", "water_l"),
    *("failures", "energy_kwh_low", "energy_kwh_high", "carbon_gco2e_low", "carbon_gco2e_high"),
    *("water_l_low", "water_l_high"),
)


def hold_organisation(seeing: Seeing, month: Month, *, named: bool) -> None:
    me = seeing.people["ada"]
    report = organisation_footprint(me, days_of(month))
    _hold_footprint("Organisation", report, month)
    if named:
        hold("by team", table(report.by_team, "team"), shown_by_group(month.by("team")))
        tags = usage_by_tag(me, days_of(month), EVERYTHING)
        hold("by tag", table(tags.by_tag, "tag"), shown_by_group(month.of_tags().by("tag")))
    elif report.by_team_period is not None:
        _adds_up("teams", table(report.by_team, "team"), month)


def hold_own(seeing: Seeing, month: Month, name: str) -> None:
    me = seeing.people[name]
    mine = Month(month.first, [row for row in month.rows if row["person"] == me.user_id])
    _hold_footprint(f"{name}'s footprint", my_footprint(me, days_of(month)), mine)
    listed = {
        row["event_id"]: row for row in activity.every_request(me, activity.Wanted(days_of(month)))
    }
    _, lines = read(activity_csv(listed.values(), activity.Wanted(days_of(month)), "").decode())
    assert len(lines) == len(mine.rows)
    hold_rows(f"{name}'s file", lines, mine.rows)
    for row in [row for row in mine.rows if row["cache_hit"]][:1]:
        one = activity.one_request(me, str(row["event_id"]))
        assert one is not None
        assert (one["cost_usd"], one["cost_eur"]) == (0, 0)
    days = activity.request_days(me, days_of(month))
    wanted = mine.by("day", "provider", "model")
    hold("days of activity", table(days, "day", "provider", "model"), wanted)


def hold_finance(seeing: Seeing, month: Month, people: str) -> None:
    page = finance_month(seeing.people["fin"], month.first)
    if not month.rows:
        assert page.totals.requests == 0 and page.lines.empty
        return
    hold("Finance", {(): asdict(page.totals)}, {(): shown(added(month.rows))})
    rows = seeing.as_shown(month, people)
    keys = ("user_id", "provider", "model")
    hold("lines", table(page.lines, *keys), shown_by_group(rows.by(*keys)))
    for key in keys:
        told = table(lines_by(page, key), key)
        hold(f"lines by {key}", told, _lines_added(rows.by(*keys), keys.index(key)))
    spent = {
        (b.scope, b.name): {"cost_eur": b.cost_eur}
        for b in budget_states(seeing.people["fin"], month.first)
    }
    for (scope, name), cost in spent.items():
        key = {"organisation": "", "team": "team", "person": "person"}[scope]
        of = [row for row in month.rows if not key or row[key] == name]
        hold("budget", {(): cost}, {(): added(of)})
    [rate] = seeing.asked("fin", "public.restoration_rates(%s, %s)", month.first, month.first)
    hold("restoration", {(): {"cost_eur": rate["cost_eur"]}}, {(): added(month.rows)})
    shares = page.restoration.shares
    if not shares.empty:
        assert sum(shares["area_cm2"]) == round(Decimal(str(page.restoration.area_m2)) * 10000)
        paid = {key: sums for key, sums in rows.by("user_id").items() if sums["cost_eur"]}
        hold("shares of nature", table(shares, "user_id"), paid)


def _hold_footprint(place: str, report: Footprint, month: Month) -> None:
    if month.rows:
        hold(place, {(): asdict(report.totals)}, {(): shown(added(month.rows))})
    else:
        assert report.totals.requests == 0 and report.totals.cost_eur is None
    for groups, keys in (
        (report.by_model, ("provider", "model")),
        (report.by_provider, ("provider",)),
    ):
        hold(f"{place} by {keys}", table(groups, *keys), shown_by_group(month.by(*keys)))
    by_day = table(report.by_day, "day")
    hold(f"{place} by day", _only(by_day, _OF_DAYS), shown_by_group(month.by("day")))
    times: dict[Key, dict[str, Any]] = {}
    for line in report.by_time_model.to_dict("records"):
        known = times.setdefault((line["day"].date(),), {"requests": 0, "cost_eur": Decimal(0)})
        known["requests"] += line["requests"]
        known["cost_eur"] += line["cost_eur"] or 0
    hold(f"{place} by day and model", times, month.by("day"))


def _adds_up(place: str, told: Mapping[Key, Row], month: Month) -> None:
    sums = {
        name: sum(figures[name] or 0 for figures in told.values())
        for name in ("requests", "cost_eur", "tokens_used", "priced", "billable")
    }
    hold(place, {(): sums}, {(): added(month.rows)})


def _lines_added(groups: Mapping[Key, Sums], place: int) -> dict[Key, Shown]:
    found: dict[Key, Sums] = {}
    for key, sums in groups.items():
        known = found.setdefault((key[place],), added([]))
        found[(key[place],)] = {name: known[name] + (of or 0) for name, of in sums.items()}
    return shown_by_group(found)


def _only(told: Mapping[Key, Row], names: Iterable[str]) -> dict[Key, Row]:
    return {key: {name: figures[name] for name in names} for key, figures in told.items()}
