"""Every figure on every page equals the sum over request_logs, for each role, before and after."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from adversary import FIRST, LAST, SESSION, ZONES, settle_adversary
from footprint.demo.organisation import requests_before
from footprint.ingest.delivery import encode
from footprint.ingest.pricing import price_map
from footprint.local.stack import Stack
from footprint.shell.places import PLACES
from house import Database
from recomputed import FORMATS, PLEDGE, Asked
from screens import open_page, words
from web import ROLES, Web, email, knowing, no_v1_pages, web_over

# Cards that are no sum over requests: a forecast (tests/forecast) and the calculator (tests/impact).
NO_SUMS: tuple[str, ...] = (
    "November",
    "December",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
)
NO_SUMS += ("July", "August", "September", "October")
CALCULATOR = "pages/method.py"
# Heading of a table's column → the amount that it must hold.
COLUMNS = {
    "Known cost": "cost_eur",
    "Requests": "requests",
    "Cost": "cost_eur",
    "Cost (USD)": "cost_usd",
    "Tokens": "tokens",
    "Energy": "energy",
    "CO₂e": "carbon",
    "Water": "water",
}
KEYS = {"Model": "model", "Provider": "provider", "Session": "session_id"}
# Tables of what lacks something, of any day → which rows those are.
GAPS = {
    "pages/model_mapping.py": "sent and energy_kwh is null",
    "pages/data_quality.py": "billable and cost_usd is null",
}
PREPAID = (
    "insert into public.settings (key, value) values ('prepaid_mode', 'true')"
    " on conflict (key) do update set value = excluded.value"
)
SESSIONS = "user_profile_id is null and session_id is not null"
WITH_FIGURES = {"Home", "My activity", "Organisation", "Finance", "Restoration", "People"}
WITH_FIGURES |= {"Data quality", "Model mapping"}
SHEETS = ("by_day", "by_model", "by_provider", "by_team")


@pytest.fixture(autouse=True)
def only_our_navigation(monkeypatch: pytest.MonkeyPatch) -> None:
    no_v1_pages(monkeypatch)


@pytest.fixture
def served(stack: Stack, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    with web_over(stack, database) as web:
        yield from knowing(web, monkeypatch)


def id_of(database: Database, person: str) -> str:
    query = "select user_id from public.user_profiles where email = %s"
    return str(database.one(query, [email(person)]))


def walk(
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    days: tuple[str, str],
    people: Collection[str] = ("ann", "ada", "fin"),
    pages: Collection[str] = (),
) -> set[str]:
    """Open pages (none named: all) as people; return the titles of those that had figures."""
    st.cache_data.clear()
    seen = set()
    first, last = days
    for person in people:
        role = ROLES[person]
        for place in PLACES:
            if pages and (place.title not in pages or role not in place.roles):
                continue
            query: dict[str, Any] = {"period": "Custom", "days": [first, last]}
            at = open_page(monkeypatch, person, place.file, query)
            if role not in place.roles:
                assert "not for your account" in words(at)
                assert not at.metric and not at.dataframe
                continue
            assert "could not be shown" not in words(at), (person, place.title)
            own = Asked(web.database, zone, first, last, id_of(web.database, person))
            whole = Asked(web.database, zone, first, last)
            if compare(at, place.file, own, whole, (person, place.title)):
                seen.add(place.title)
    return seen


def compare(at: AppTest, page: str, own: Asked, whole: Asked, where: object) -> bool:
    """Compare a page's cards and tables; return whether it had any."""
    if page == CALCULATOR:
        return False
    if page == "pages/finance.py":
        return compare_finance(at, whole, where)
    if page == "pages/restoration.py":
        return compare_restoration(at, whole, where)
    if page == "pages/people.py":
        return compare_people(at, whole, where)
    if page in ("pages/credit.py", "pages/ledger.py"):
        return compare_credit(at, own, where)
    if page == "pages/grid_zones.py":
        return compare_deployments(at, whole, where)
    scope = own if page in ("pages/footprint.py", "pages/activity.py") else whole
    compare_cards(at, page, own, whole, where)
    for sheet in SHEETS:
        if any(chosen.key == f"view_{sheet}" for chosen in at.button_group):
            at.button_group(key=f"view_{sheet}").set_value("Table")
    at.run()
    compared = [
        compare_table(frame.value, gaps(scope, page, frame.value), where)
        for frame in (*at.table, *at.dataframe)
    ]
    return bool(at.metric) or any(compared)


def gaps(scope: Asked, page: str, table: pd.DataFrame) -> Asked:
    """Return which rows a table of a page is about."""
    if page not in GAPS:
        return scope
    only = SESSIONS if "Session" in table.columns else GAPS[page]
    return replace(scope, first="2000-01-01", last="2100-01-01", only=only)


def compare_cards(at: AppTest, page: str, own: Asked, whole: Asked, where: object) -> None:
    expected = {True: own.cards(), False: whole.cards()}
    glance = page == "pages/footprint.py" and len(at.metric) != 6
    for n, metric in enumerate(at.metric):
        if metric.label.split(", ")[-1].split(" ")[0] in NO_SUMS:
            continue
        # Admins and finance have four cards of the organisation above their own.
        is_own = page in ("pages/footprint.py", "pages/activity.py") and not (glance and n < 4)
        assert plain(metric.value) == plain(expected[is_own][metric.label]), (where, metric.label)


def compare_table(table: pd.DataFrame, scope: Asked, where: object) -> bool:
    """Compare a table by model, provider, team or day; return whether it is one."""
    if "Time" in table.columns:
        return compare_requests(table, scope, where)
    keys = {name: KEYS[name] for name in table.columns if name in KEYS}
    if "Team" in table.columns:
        keys["Team"] = "team"
    figures = {name: COLUMNS[name] for name in table.columns if name in COLUMNS}
    if "Day" in table.columns:
        return compare_sums(table, scope, figures, where)
    if not keys or not figures:
        return False
    expected = {
        tuple(plain(row[key] or nameless(key)) for key in keys.values()): row
        for row in scope.rows(*keys.values())
    }
    if "Requests" not in figures and len(table) < len(expected):
        return False
    for _, row in table.iterrows():
        name = tuple(plain(row[heading]) for heading in keys)
        for heading, amount in figures.items():
            same(row[heading], expected[name][amount], (where, name, heading))
    assert len(table) == len(expected), where
    return True


def compare_requests(table: pd.DataFrame, scope: Asked, where: object) -> bool:
    """Compare a person's list, newest first, request by request."""
    expected = scope.requests()[: len(table)]
    assert len(table) == min(len(expected), len(table))
    for (_, row), request in zip(table.iterrows(), expected, strict=True):
        assert pd.Timestamp(row["Time"]) == pd.Timestamp(request["local"]), where
        assert plain(row["Model"]) == request["model"], where
        for heading in ("Tokens", "Cost", "Energy", "CO₂e", "Water"):
            same(row[heading], request[COLUMNS[heading]], (where, request, heading))
    return True


def compare_sums(table: pd.DataFrame, scope: Asked, figures: dict[str, str], where: object) -> bool:
    [of] = scope.rows()
    for heading, amount in figures.items():
        same(table[heading].astype(float).sum(), of[amount], (where, heading))
    if "In all" in table.columns:
        same(table["In all"].astype(float).sum(), of["cost_eur"], (where, "In all"))
    return True


def compare_finance(at: AppTest, whole: Asked, where: object) -> bool:
    """Walk the months that the page offers, the newest three and the oldest."""
    months = next(box for box in at.selectbox if box.label == "Month").options
    for month in dict.fromkeys((*months[:3], months[-1])):
        next(box for box in at.selectbox if box.label == "Month").set_value(month).run()
        first = datetime.strptime(month, "%B %Y").replace(tzinfo=UTC)
        following = (first.replace(day=28) + pd.Timedelta(days=4)).replace(day=1)
        last = following - pd.Timedelta(days=1)
        asked = Asked(whole.database, whole.zone, f"{first:%F}", f"{last:%F}")
        [of] = asked.rows()
        if not of["requests"]:
            continue
        cards = asked.cards()
        for metric in at.metric:
            if metric.label in cards and metric.label != "Nature restored":
                assert plain(metric.value) == plain(cards[metric.label]), (where, month)
        lines = next(f.value for f in at.dataframe if "Person" in f.value.columns)
        assert len(lines) == len(asked.rows("user_profile_id", "provider", "model"))
        for heading, amount in ((h, a) for h, a in COLUMNS.items() if h in lines.columns):
            same(lines[heading].sum(), of[amount], (where, month, heading))
    return True


def compare_restoration(at: AppTest, whole: Asked, where: object) -> bool:
    ever = Asked(whole.database, whole.zone, "2000-01-01", "2100-01-01")
    [of] = ever.rows()
    if not of["requests"]:
        return False
    [(euros, area)] = whole.database.rows(
        "select coalesce(sum(amount_eur), 0), coalesce(sum(area_m2), 0) from public.donations"
        " where verified_at is not null"
    )
    shown = {metric.label: plain(metric.value) for metric in at.metric}
    assert shown["Pledged"] == plain(FORMATS.money(of["cost_eur"] * PLEDGE)), where
    assert shown["Donated"] == plain(FORMATS.money(euros)), where
    if area:
        assert shown["Cost per m²"] == plain(FORMATS.money(euros / area)), where
    return True


def compare_deployments(at: AppTest, whole: Asked, where: object) -> bool:
    recent = "not cache_hit and started_at > now() - interval '90 days'"
    [of] = replace(whole, first="2000-01-01", last="2100-01-01", only=recent).rows()
    listed = [f.value for f in at.dataframe if "Requests" in f.value.columns]
    assert sum(int(table["Requests"].sum()) for table in listed) == of["requests"], where
    return bool(listed)


def compare_credit(at: AppTest, own: Asked, where: object) -> bool:
    """Compare the balance: the ledger, negative corrections included, less the cost of all days."""
    database = own.database
    if at.metric:
        shown = {metric.label: plain(metric.value) for metric in at.metric}
        assert shown["Balance"] == plain(FORMATS.money(balance(own))), where
    for frame in at.dataframe:
        if "Balance" in frame.value.columns and "Person" in frame.value.columns:
            listed = sorted(float(amount) for amount in frame.value["Balance"])
            holders = database.rows("select distinct user_id from public.transactions")
            expected = sorted(float(balance(replace(own, person=user))) for (user,) in holders)
            assert listed == pytest.approx(expected), where
    return bool(at.metric)


def balance(of: Asked) -> Decimal:
    [used] = replace(of, first="2000-01-01", last="2100-01-01").rows()
    query = "select coalesce(sum(amount_eur), 0) from public.transactions where user_id = %s"
    return Decimal(of.database.one(query, [of.person])) - (used["cost_eur"] or 0)


def compare_people(at: AppTest, whole: Asked, where: object) -> bool:
    ever = Asked(whole.database, whole.zone, "2000-01-01", "2100-01-01")
    listed = next(f.value for f in at.dataframe if "Role" in f.value.columns)
    expected = {row["user_profile_id"]: row for row in ever.rows("user_profile_id")}
    names = dict(
        whole.database.rows(
            "select user_id, coalesce(full_name, email, user_id) from public.user_profiles"
        )
    )
    counts = sorted(
        (names[user], int(row["requests"]), int(row["tokens"]))
        for user, row in expected.items()
        if user is not None
    )
    shown = sorted(
        (row["Name"] or row["E-mail"], int(row["Requests"]), int(row["Tokens"]))
        for _, row in listed.iterrows()
        if row["Requests"]
    )
    assert [c[1:] for c in shown] == [c[1:] for c in counts] or shown == counts, where
    return True


def same(shown: Any, expected: Any, where: object) -> None:
    """Assert that two amounts are one, an unknown one included."""
    if expected is None:
        assert shown is None or math.isnan(float(shown)), where
        return
    assert float(shown) == pytest.approx(float(expected), rel=1e-9, abs=1e-12), where


def nameless(key: str) -> str:
    return {"team": "No team", "provider": "Unknown", "model": "Unknown"}[key]


def plain(text: Any) -> str:
    return str(text).replace("\\", "").replace("\u00a0", " ")


@pytest.mark.parametrize("zone", ZONES)
def test_all_pages_add_up_on_the_adversarial_organisation_and_after_re_attribution(
    served: Web, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    database = served.database
    settle_adversary(database)
    database.execute(PREPAID)
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'reporting_timezone'",
        [zone],
    )
    assert database.rollup_differences() == 0
    everything = walk(served, monkeypatch, zone, (FIRST, LAST))
    assert everything >= WITH_FIGURES
    # A leap day and a month that begin and end within the edges.
    for days in (("2024-02-28", "2024-03-01"), ("2026-10-01", "2026-10-31")):
        walk(served, monkeypatch, zone, days, ("ann", "ada"), ("Home", "Organisation"))

    # What nobody's session did becomes Bob's, and the person of one request another's.
    bob = id_of(database, "bob")
    assert database.one("select private.map_session(%s, %s)", [SESSION, bob]) == 2
    database.execute(
        "update public.request_logs set user_profile_id = %s where user_profile_id = %s",
        [bob, "one-request-👤"],
    )
    seen = walk(served, monkeypatch, zone, (FIRST, LAST), ("bob", "ada"), everything)
    assert seen >= WITH_FIGURES


def test_all_pages_add_up_on_the_demo_organisation(
    served: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = datetime.now(UTC).date()
    events = list(islice(requests_before(today, price_map()), 0, None, 97))
    with served.database.connect() as connection:
        for start in range(0, len(events), 1000):
            body = b"[" + b",".join(encode(e) for e in events[start : start + 1000]) + b"]"
            connection.execute("select private.store_events(%s::jsonb)", [body.decode()])
    ann = id_of(served.database, "ann")
    served.database.execute(
        "update public.request_logs set user_profile_id = %s where user_profile_id = ("
        " select user_profile_id from public.request_logs where user_profile_id is not null"
        " group by 1 order by count(*) desc limit 1)",
        [ann],
    )
    first = min(event.started_at for event in events).date()
    days = (f"{first:%F}", f"{today:%F}")
    assert walk(served, monkeypatch, "UTC", days) >= WITH_FIGURES - {"Restoration"}
