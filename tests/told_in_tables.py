"""What rollups, views and functions tell, of all time and of a month, held against the rows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta

from added_up import Month, Row, added, hold, month_of, shown
from footprint import analytics
from footprint.data.attention import attention
from footprint.data.credit import ledger, my_credit
from footprint.data.data_quality import unattributed_requests, unpriced_models
from footprint.data.unknown_models import unknown_models
from seeing import Seeing, of_row, shown_by_group

_ROLLUPS = {
    "user_usage_totals": ("user_id",),
    "usage_user_daily": ("user_id", "day", "provider", "model"),
    "usage_user_monthly": ("user_id", "month", "provider", "model"),
    "usage_org_daily": ("day", "team", "provider", "model"),
    "usage_tag_monthly": ("month", "tag", "provider", "model"),
}
# Views of single requests: their key, and their columns by that of request_logs.
_OF_REQUESTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        *("user_recent_activity", "event_id"),
        {name: name for name in ("cost_eur", "energy_kwh", "carbon_gco2e", "water_l")},
    ),
    ("request_events", "id", {"cost_eur": "cost_eur", "kwh": "energy_kwh", "l": "water_l"}),
)
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


def hold_rollups(seeing: Seeing, rows: list[Row]) -> None:
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
            hold(place, seeing.select("owner", f"select * from {place}", *keys), wanted)
    assert seeing.web.database.rollup_differences() == 0


def hold_all_time(seeing: Seeing, rows: list[Row]) -> None:
    """Hold what is told of all time, and of nobody's and unpriced requests."""
    everything = Month(date.min, rows)
    for name in ("ann", "bob"):
        _own_all_time(seeing, name, everything)
    persons = everything.by("person")
    for person in ledger(seeing.people["fin"]).people:
        if person.used_eur is not None:
            of = persons.get((person.user_id,), added([]))
            hold("ledger", {(): {"cost_eur": person.used_eur}}, {(): of})
    told = {
        (m.provider, m.model): {"unpriced": m.requests, "tokens": m.tokens}
        for m in unpriced_models(seeing.people["ada"])
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
    for line in unknown_models(seeing.people["ada"]).to_dict("records"):
        call_type = "embedding" if line["kind"] == "embedding" else "chat"
        wanted_ = shown(unweighed[line["provider"], line["model"], call_type])
        figures = {name: line[name] for name in ("requests", "tokens_used", "cost_eur")}
        hold("without a factor", {(): figures}, {(): wanted_})
    due = attention(seeing.people["ada"])
    newest = [row for row in rows if due.today - timedelta(days=30) < row["day"] <= due.today]
    hold("what needs attention", {(): asdict(due)}, {(): added(newest)})
    nobodys = unattributed_requests(seeing.people["ada"])
    assert nobodys.requests == added(rows)["unattributed"]
    sessions = everything.by(
        "session_id", where=lambda row: bool(not row["person"] and row["session_id"])
    )
    for line in nobodys.sessions.to_dict("records"):
        assert float(line["cost_eur"]) == float(sessions[line["session_id"],]["cost_eur"])
    named = seeing.web.database.one("select private.people_are_named()")
    profiles = seeing.select("ada", "select * from public.profiles", "user_id")
    for key, profile in profiles.items():
        if named:
            hold("profiles", {(): profile}, {(): persons.get(key, added([]))})


def _own_all_time(seeing: Seeing, name: str, everything: Month) -> None:
    me = seeing.people[name]
    mine = Month(date.min, [row for row in everything.rows if row["person"] == me.user_id])
    total = shown(added(mine.rows))
    token = me.session.access_token
    told = analytics.get_user_analytics(token)
    if told is None:
        assert not mine.rows
        return
    hold("analytics", {(): told}, {(): total})
    view = "select * from public.user_request_analytics"
    hold(view, seeing.select(name, view, "user_id"), {(me.user_id,): total})
    wanted = shown_by_group(mine.by("provider", "model"))
    breakdown = analytics.get_user_token_breakdown(token)
    hold("breakdown", {(r["provider"], r["model"]): r for r in breakdown}, wanted)
    for month in analytics.get_user_monthly_usage(token, months=600):
        of = month_of(mine.rows, date.fromisoformat(month["month"]))
        hold("months", {(): month}, {(): shown(added(of.rows))})
        for parts, key in (("providers", "provider"), ("models", "model")):
            parted = {(part,): _renamed(figures) for part, figures in month[parts].items()}
            hold(parts, parted, shown_by_group(of.by(key)))
    credit = my_credit(me)
    hold("credit", {(): {"cost_eur": credit.used_eur}}, {(): added(mine.rows)})
    used = credit.entries[credit.entries["kind"] == "usage"]
    by_month = {key: -sums["cost_eur"] for (key,), sums in mine.by("month").items()}
    assert {row["at"].replace(day=1): row["amount_eur"] for row in used.to_dict("records")} == {
        key: cost for key, cost in by_month.items() if cost
    }


def hold_views(seeing: Seeing, month: Month, *, named: bool) -> None:
    me = seeing.people["ann"]
    mine = [row for row in month.rows if row["person"] == me.user_id]
    ids = [row["event_id"] for row in mine]
    for view, key, columns in _OF_REQUESTS:
        query = f"select * from public.{view} where {key} = any (%s)"
        told = seeing.select("ann", query, key, ids=ids)
        assert told.keys() == {(event,) for event in ids}
        for row in mine:
            for column, name in columns.items():
                said = told[row["event_id"],][column]
                assert said == of_row(row, name), (view, row["event_id"], column)
    keys = ("user_id", "month")
    view = "select * from public.monthly_token_usage where month = %s"
    wanted = {(me.user_id, month.first): shown(added(mine))} if mine else {}
    hold(view, seeing.select("ann", view, *keys, ids=month.first), wanted)
    _coverage(seeing, "ann", "coverage_user_monthly", month.first, mine)
    if named:
        _coverage(seeing, "ada", "coverage_org_monthly", month.first, month.rows)


def _coverage(seeing: Seeing, name: str, view: str, month: date, rows: list[Row]) -> None:
    told = seeing.select(name, f"select * from public.{view} where month = %s", "month", ids=month)
    assert told.keys() == ({(month,)} if rows else set())
    for row in told.values():
        sums = added(rows)
        hold(view, {(): row}, {(): sums})
        for share, (part, whole) in _SHARES.items():
            right = round(sums[part] / sums[whole], 6) if sums[whole] else None
            assert row[share] == right, (view, month, share)


def _renamed(figures: Row) -> Row:
    return {"tokens_used" if name == "tokens" else name: value for name, value in figures.items()}
