"""Holds every place that tells sums of requests against what the rows of request_logs add up to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import psycopg
import pytest
import streamlit as st
from psycopg.rows import dict_row

from added_up import (
    CLASSES,
    Key,
    Month,
    Row,
    Shown,
    Sums,
    added,
    every_request,
    hold,
    month_of,
    shown,
)
from exporting import file_of, get, read
from footprint import analytics
from footprint.auth import Me
from footprint.auth.guard import identify
from footprint.auth.sessions import AuthSession
from footprint.data import activity
from footprint.data.attention import attention
from footprint.data.budgets import budget_states
from footprint.data.credit import ledger, my_credit
from footprint.data.data_quality import unattributed_requests, unpriced_models
from footprint.data.filters import EVERYTHING
from footprint.data.finance import finance_month, lines_by
from footprint.data.footprint import Footprint, my_footprint
from footprint.data.organisation import organisation_footprint, usage_by_tag
from footprint.data.period import Period
from footprint.data.unknown_models import unknown_models
from footprint.finance.activity_csv import activity_csv
from web import Web, cookies_of, email, session_for, sit_at_browser

# What the tables by day and by day and model hold of the measures.
_OF_DAYS = (
    *("requests", "tokens_used", "cost_eur", "energy_kwh", "carbon_gco2e", "water_l"),
    *("failures", "energy_kwh_low", "energy_kwh_high", "carbon_gco2e_low", "carbon_gco2e_high"),
    *("water_l_low", "water_l_high"),
)
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
_ROLLUPS = {
    "user_usage_totals": ("user_id",),
    "usage_user_daily": ("user_id", "day", "provider", "model"),
    "usage_user_monthly": ("user_id", "month", "provider", "model"),
    "usage_org_daily": ("day", "team", "provider", "model"),
    "usage_tag_monthly": ("month", "tag", "provider", "model"),
}
_SHARES = {
    "requests_priced_share": ("priced", "billable"),
    "requests_measured_share": ("measured", "measurable"),
    "requests_attributed_share": ("attributed", "requests"),
    "tokens_priced_share": ("tokens_priced", "tokens_used"),
    "tokens_measured_share": ("tokens_measured", "tokens_used"),
    "tokens_attributed_share": ("tokens_attributed", "tokens_used"),
    "cost_measured_share": ("cost_eur_measured", "cost_eur"),
    "cost_attributed_share": ("cost_eur_attributed", "cost_eur"),
}


@dataclass(frozen=True)
class Everywhere:
    """All places of a Supabase, as ann and bob (members), ada (admin) and fin (finance) see them."""

    web: Web
    people: Mapping[str, Me]
    # By name, of those without an account too.
    user_ids: Mapping[str, str]

    @classmethod
    def of(
        cls, web: Web, monkeypatch: pytest.MonkeyPatch, guests: tuple[str, ...] = ()
    ) -> Everywhere:
        """Sign all four in; a guest's name is the user id."""
        people = {}
        for name in ("ann", "bob", "ada", "fin"):
            sit_at_browser(monkeypatch, cookies_of(session_for(name)))
            me = identify()
            assert me is not None
            people[name] = me
        ids = {name: name for name in guests} | {name: me.user_id for name, me in people.items()}
        return cls(web, people, ids)

    def hold(self, months: Iterable[date]) -> list[Row]:
        """Hold every place against the rows, all of them and those of each month; return the rows."""
        st.cache_data.clear()
        setting = "select private.reporting_timezone()"
        rows = every_request(self.web.database, self.web.database.one(setting))
        _all_is_known_or_unknown(rows)
        self._rollups(rows)
        self._all_time(rows)
        for first in months:
            month = month_of(rows, first)
            people = self.web.database.one("select private.people_shown_by(%s)", [first])
            named = self.web.database.one("select private.people_are_named()")
            self._organisation(month, named=named)
            self._finance(month, people)
            self._statement(month, people)
            self._focus(month, named=people == "name")
            self._requests(month, named=named)
            for name in ("ann", "bob"):
                self._own(month, name)
            self._views(month, named=named)
        return rows

    # Pages

    def _organisation(self, month: Month, *, named: bool) -> None:
        me = self.people["ada"]
        report = organisation_footprint(me, _days(month))
        _hold_footprint("Organisation", report, month)
        if named:
            hold("by team", _table(report.by_team, "team"), _shown(month.by("team")))
            tags = usage_by_tag(me, _days(month), EVERYTHING)
            hold("by tag", _table(tags.by_tag, "tag"), _shown(month.of_tags().by("tag")))
        elif report.by_team_period is not None:
            _adds_up("teams", _table(report.by_team, "team"), month)

    def _own(self, month: Month, name: str) -> None:
        me = self.people[name]
        mine = Month(month.first, [row for row in month.rows if row["person"] == me.user_id])
        _hold_footprint(f"{name}'s footprint", my_footprint(me, _days(month)), mine)
        listed = {
            row["event_id"]: row
            for row in activity.every_request(me, activity.Wanted(_days(month)))
        }
        _, lines = read(activity_csv(listed.values(), activity.Wanted(_days(month)), "").decode())
        assert len(lines) == len(mine.rows)
        _hold_rows(f"{name}'s file", lines, mine.rows)
        for row in [row for row in mine.rows if row["cache_hit"]][:1]:
            one = activity.one_request(me, str(row["event_id"]))
            assert one is not None
            assert (one["cost_usd"], one["cost_eur"]) == (0, 0)
        days = activity.request_days(me, _days(month))
        wanted = mine.by("day", "provider", "model")
        hold("days of activity", _table(days, "day", "provider", "model"), wanted)

    def _finance(self, month: Month, people: str) -> None:
        page = finance_month(self.people["fin"], month.first)
        if not month.rows:
            assert page.totals.requests == 0 and page.lines.empty
            return
        hold("Finance", {(): asdict(page.totals)}, {(): shown(added(month.rows))})
        rows = self._as_shown(month, people)
        keys = ("user_id", "provider", "model")
        hold("lines", _table(page.lines, *keys), _shown(rows.by(*keys)))
        for key in keys:
            told = _table(lines_by(page, key), key)
            hold(f"lines by {key}", told, _lines_added(rows.by(*keys), keys.index(key)))
        spent = {
            (b.scope, b.name): {"cost_eur": b.cost_eur}
            for b in budget_states(self.people["fin"], month.first)
        }
        for (scope, name), cost in spent.items():
            key = {"organisation": "", "team": "team", "person": "person"}[scope]
            of = [row for row in month.rows if not key or row[key] == name]
            hold("budget", {(): cost}, {(): added(of)})
        [rate] = self.asked("fin", "public.restoration_rates(%s, %s)", month.first, month.first)
        hold("restoration", {(): {"cost_eur": rate["cost_eur"]}}, {(): added(month.rows)})
        shares = page.restoration.shares
        if not shares.empty:
            assert sum(shares["area_cm2"]) == round(Decimal(str(page.restoration.area_m2)) * 10000)
            paid = {key: sums for key, sums in rows.by("user_id").items() if sums["cost_eur"]}
            hold("shares of nature", _table(shares, "user_id"), paid)

    # Files

    def _statement(self, month: Month, people: str) -> None:
        about, lines = read(
            file_of(f"/export/statement.csv?month={month.first:%Y-%m}", self._finances)
        )
        rows = self._as_shown(month, people)
        told = {
            (_cell(line["user_id"]) or None, line["provider"], _cell(line["model"])): line
            for line in lines
        }
        assert len(told) == len(lines) == int(about["rows"])
        keys = ("user_id", "provider", "model")
        hold("statement", _figures(told), _shown(rows.by(*keys)))
        _hold_head("statement", about, month)

    def _requests(self, month: Month, *, named: bool) -> None:
        address = f"/export/requests.csv?month={month.first:%Y-%m}"
        if not named:
            assert get(self._finances, address).status_code == 403
            return
        about, lines = read(file_of(address, self._finances))
        assert len(lines) == len(month.rows) == int(about["rows"])
        _hold_rows("requests", lines, month.rows)
        _hold_head("requests", about, month)

    def _focus(self, month: Month, *, named: bool) -> None:
        _, lines = read(file_of(f"/export/focus.csv?month={month.first:%Y-%m}", self._finances))
        zone = ZoneInfo(self.web.database.one("select private.reporting_timezone()"))
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

    # Tables, views and functions

    def _rollups(self, rows: list[Row]) -> None:
        somebodys = Month(date.min, [row for row in rows if row["person"]])
        everything = Month(date.min, rows)
        for rollup, keys in _ROLLUPS.items():
            if rollup == "usage_tag_monthly":
                of = everything.of_tags()
            else:
                is_of_people = rollup in ("user_usage_totals", "usage_user_daily")
                of = somebodys if is_of_people else everything
            wanted = of.by(*("person" if key == "user_id" else key for key in keys))
            for place in (f"public.{rollup}", f"private.recomputed_{rollup}"):
                hold(place, self._select("owner", f"select * from {place}", *keys), wanted)
        assert self.web.database.rollup_differences() == 0

    def _all_time(self, rows: list[Row]) -> None:
        """Hold what is told of all time, and of nobody's and unpriced requests."""
        everything = Month(date.min, rows)
        for name in ("ann", "bob"):
            self._own_all_time(name, everything)
        persons = everything.by("person")
        for person in ledger(self.people["fin"]).people:
            if person.used_eur is not None:
                of = persons.get((person.user_id,), added([]))
                hold("ledger", {(): {"cost_eur": person.used_eur}}, {(): of})
        told = {
            (m.provider, m.model): {"unpriced": m.requests, "tokens": m.tokens}
            for m in unpriced_models(self.people["ada"])
        }
        wanted = {
            key: {
                "unpriced": sums["unpriced"],
                "tokens": sums["tokens_used"] - sums["tokens_priced"],
            }
            for key, sums in everything.by("provider", "model").items()
            if sums["unpriced"]
        }
        hold("without a price", told, wanted)
        unweighed = everything.by(
            *("provider", "model", "call_type"),
            where=lambda row: row["impact_reason"] in ("no_factor", "not_modelled"),
        )
        for line in unknown_models(self.people["ada"]).to_dict("records"):
            call_type = "embedding" if line["kind"] == "embedding" else "chat"
            wanted_ = shown(unweighed[line["provider"], line["model"], call_type])
            figures = {name: line[name] for name in ("requests", "tokens_used", "cost_eur")}
            hold("without a factor", {(): figures}, {(): wanted_})
        due = attention(self.people["ada"])
        newest = [row for row in rows if due.today - timedelta(days=30) < row["day"] <= due.today]
        hold("what needs attention", {(): asdict(due)}, {(): added(newest)})
        nobodys = unattributed_requests(self.people["ada"])
        assert nobodys.requests == added(rows)["unattributed"]
        sessions = everything.by(
            "session_id", where=lambda row: bool(not row["person"] and row["session_id"])
        )
        for line in nobodys.sessions.to_dict("records"):
            assert float(line["cost_eur"]) == float(sessions[line["session_id"],]["cost_eur"] or 0)
        named = self.web.database.one("select private.people_are_named()")
        profiles = self._select("ada", "select * from public.profiles", "user_id")
        for key, profile in profiles.items():
            if named:
                hold("profiles", {(): profile}, {(): persons.get(key, added([]))})

    def _own_all_time(self, name: str, everything: Month) -> None:
        me = self.people[name]
        mine = Month(date.min, [row for row in everything.rows if row["person"] == me.user_id])
        total = shown(added(mine.rows))
        token = me.session.access_token
        told = analytics.get_user_analytics(token)
        if told is None:
            assert not mine.rows
            return
        hold("analytics", {(): told}, {(): total})
        view = "select * from public.user_request_analytics"
        hold(view, self._select(name, view, "user_id"), {(me.user_id,): total})
        wanted = _shown(mine.by("provider", "model"))
        breakdown = analytics.get_user_token_breakdown(token)
        hold("breakdown", {(r["provider"], r["model"]): r for r in breakdown}, wanted)
        for month in analytics.get_user_monthly_usage(token, months=600):
            of = month_of(mine.rows, date.fromisoformat(month["month"]))
            hold("months", {(): month}, {(): shown(added(of.rows))})
            for parts, key in (("providers", "provider"), ("models", "model")):
                parted = {(part,): _renamed(figures) for part, figures in month[parts].items()}
                hold(parts, parted, _shown(of.by(key)))
        credit = my_credit(me)
        hold("credit", {(): {"cost_eur": credit.used_eur}}, {(): added(mine.rows)})
        used = credit.entries[credit.entries["kind"] == "usage"]
        by_month = {key: -sums["cost_eur"] for (key,), sums in mine.by("month").items()}
        assert {row["at"].replace(day=1): row["amount_eur"] for row in used.to_dict("records")} == {
            key: cost for key, cost in by_month.items() if cost
        }

    def _views(self, month: Month, *, named: bool) -> None:
        me = self.people["ann"]
        mine = [row for row in month.rows if row["person"] == me.user_id]
        ids = [row["event_id"] for row in mine]
        for view, key, columns in (
            ("user_recent_activity", "event_id", ("cost_eur", "energy_kwh", "carbon_gco2e")),
            ("request_events", "id", ("cost_eur", "kwh", "l")),
        ):
            told = self._select(
                "ann", f"select * from public.{view} where {key} = any (%s)", key, ids=ids
            )
            assert told.keys() == {(event,) for event in ids}
            for row in mine:
                of = told[row["event_id"],]
                names = dict(zip(columns, ("cost_eur", "energy_kwh", "water_l"), strict=True))
                names |= {"carbon_gco2e": "carbon_gco2e"} if "carbon_gco2e" in of else {}
                for column, mine_ in names.items():
                    assert of[column] == _of_row(row, mine_), (view, row["event_id"], column)
        keys = ("user_id", "month")
        view = "select * from public.monthly_token_usage where month = %s"
        wanted = {(me.user_id, month.first): shown(added(mine))} if mine else {}
        hold(view, self._select("ann", view, *keys, ids=month.first), wanted)
        self._coverage("ann", "coverage_user_monthly", month.first, mine)
        if named:
            self._coverage("ada", "coverage_org_monthly", month.first, month.rows)

    def _coverage(self, name: str, view: str, month: date, rows: list[Row]) -> None:
        told = self._select(
            name, f"select * from public.{view} where month = %s", "month", ids=month
        )
        assert told.keys() == ({(month,)} if rows else set())
        for row in told.values():
            sums = added(rows)
            hold(view, {(): row}, {(): sums})
            for share, (part, whole) in _SHARES.items():
                some, of = sums[part] or Decimal(0), sums[whole] or Decimal(0)
                right = round(some / of, 6) if of else None
                assert row[share] == right, (view, month, share)

    @property
    def _finances(self) -> AuthSession:
        session = self.people["fin"].session
        assert isinstance(session, AuthSession)
        return session

    def _as_shown(self, month: Month, people: str) -> Month:
        """Return a month with ``user_id`` as finance sees it: by name, by pseudonym, or as all."""
        names = {"": None}
        for person in {row["person"] for row in month.rows} - {""}:
            names[person] = {"name": person, "nothing": "everybody"}.get(
                people
            ) or self.web.database.one("select private.pseudonym(%s)", [person])
        return Month(month.first, [{**row, "user_id": names[row["person"]]} for row in month.rows])

    @contextmanager
    def _as(self, name: str) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        """Ask as PostgREST does for somebody who is signed in."""
        with self.web.database.connect() as connection:
            if name != "owner":
                account = "select auth_user_id::text from public.user_profiles where email = %s"
                found = connection.execute(account, [email(name)]).fetchone()
                claim = "select set_config('request.jwt.claim.sub', %s, false)"
                connection.execute(claim, found)
                connection.execute("set role authenticated")
            yield connection.cursor(row_factory=dict_row)

    def _select(self, name: str, query: str, *keys: str, ids: Any = None) -> dict[Key, Row]:
        with self._as(name) as cursor:
            rows = cursor.execute(query, None if ids is None else [ids]).fetchall()
        told: dict[Key, Row] = {tuple(row[key] for key in keys): row for row in rows}
        assert len(told) == len(rows)
        return told

    def asked(self, name: str, function: str, *values: Any) -> Any:
        """Return a function's JSON value with every digit."""
        with self._as(name) as cursor:
            row = cursor.execute(f"select ({function})::text as told", values).fetchone()
        assert row is not None
        return json.loads(row["told"], parse_float=Decimal)


def _all_is_known_or_unknown(rows: list[Row]) -> None:
    sums = added(rows)
    for known, unknown, all_of_it in (
        ("priced", "unpriced", "billable"),
        ("measured", "unmeasured", "measurable"),
        ("attributed", "unattributed", "requests"),
        ("billed", "cache_hits", "requests"),
    ):
        assert sums[known] + sums[unknown] == sums[all_of_it], all_of_it


def _hold_footprint(place: str, report: Footprint, month: Month) -> None:
    if month.rows:
        hold(place, {(): asdict(report.totals)}, {(): shown(added(month.rows))})
    else:
        assert report.totals.requests == 0 and report.totals.cost_eur is None
    for table, keys in (
        (report.by_model, ("provider", "model")),
        (report.by_provider, ("provider",)),
    ):
        hold(f"{place} by {keys}", _table(table, *keys), _shown(month.by(*keys)))
    by_day = _table(report.by_day, "day")
    hold(f"{place} by day", _only(by_day, _OF_DAYS), _shown(month.by("day")))
    times: dict[Key, dict[str, Any]] = {}
    for line in report.by_time_model.to_dict("records"):
        known = times.setdefault((line["day"].date(),), {"requests": 0, "cost_eur": Decimal(0)})
        known["requests"] += line["requests"]
        known["cost_eur"] += line["cost_eur"] or 0
    hold(f"{place} by day and model", times, month.by("day"))


def _hold_rows(place: str, lines: list[dict[str, str]], rows: list[Row]) -> None:
    """Hold a file's lines against single requests: what the gateway's cache answered is free."""
    told = {line["event_id"]: line for line in lines}
    assert len(told) == len(lines)
    for row in rows:
        line = told[str(row["event_id"])]
        for name in ("cost_usd", "cost_eur", "energy_kwh", "carbon_gco2e", "water_l", *CLASSES):
            said = Decimal(line[name]) if line[name] else None
            assert said == _of_row(row, name), (place, line["event_id"], name)


def _of_row(row: Row, name: str) -> Any:
    return 0 if row["cache_hit"] and name in ("cost_usd", "cost_eur") else row[name]


def _hold_head(place: str, about: Mapping[str, str], month: Month) -> None:
    told = {name: about[f"total_{name}"] for name in ("cost_eur", "cost_usd")}
    hold(f"head of {place}", {(): told | {"requests": about["requests"]}}, {(): added(month.rows)})


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
    return _shown(found)


def _shown(groups: Mapping[Key, Sums]) -> dict[Key, Shown]:
    return {key: shown(sums) for key, sums in groups.items()}


def _table(table: pd.DataFrame, *keys: str) -> dict[Key, Row]:
    rows: list[dict[Any, Any]] = table.to_dict("records")
    told: dict[Key, Row] = {tuple(_key(row[key]) for key in keys): row for row in rows}
    assert len(told) == len(rows)
    return told


def _key(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.date()
    return None if pd.isna(value) else value


def _only(told: Mapping[Key, Row], names: Iterable[str]) -> dict[Key, Row]:
    return {key: {name: figures[name] for name in names} for key, figures in told.items()}


def _figures(told: Mapping[Key, Row]) -> dict[Key, Row]:
    return {
        key: {name: value or None for name, value in line.items()} for key, line in told.items()
    }


def _renamed(figures: Row) -> Row:
    return {"tokens_used" if name == "tokens" else name: value for name, value in figures.items()}


def _with(month: Month, **keys: Any) -> Month:
    return Month(month.first, [{**row, **keys} for row in month.rows])


def _cell(text: str) -> str:
    """Return a cell without the apostrophe that keeps a spreadsheet from reading a formula."""
    return text[1:] if text[:2] in ("'=", "'@", "'+", "'-") else text


def _days(month: Month) -> Period:
    following = (month.first + timedelta(days=31)).replace(day=1)
    return Period(month.first, following - timedelta(days=1))
