"""One function per question: what it answers for the story, exact and with its gaps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pytest
import streamlit as st

from footprint.auth import Me
from footprint.data.deployment import deployment_info
from footprint.data.finance import finance_month
from footprint.data.footprint import my_footprint
from footprint.data.method import model_evidence
from footprint.data.organisation import organisation_footprint
from footprint.data.period import Period
from footprint.data.usage import count, money, number
from footprint.errors import AccessDenied
from story import yesterday
from web import Web

Person = Callable[[str], Me]


def last_30_days() -> Period:
    today = yesterday().date() + timedelta(days=1)
    return Period(today - timedelta(days=29), today)


def test_a_deployment_says_its_day_zone_and_factor_set(person: Person) -> None:
    about = deployment_info(person("ann"))
    assert about.today == yesterday().date() + timedelta(days=1)
    assert (about.reporting_timezone, about.factor_set, about.currency) == ("UTC", "2001.01", "EUR")


def test_my_footprint_is_exact_in_money_and_complete_in_its_parts(person: Person) -> None:
    footprint = my_footprint(person("ann"), last_30_days())

    assert footprint.totals.cost_usd == Decimal("1.75")
    assert footprint.totals.cost_eur == Decimal("0.875")
    assert footprint.previous.cost_eur == Decimal("0.35")
    assert footprint.totals.energy_kwh == 3
    assert footprint.previous_period == footprint.period.previous
    assert footprint.by_model["model"].tolist() == ["gpt-4o"]
    assert footprint.by_day["day"].tolist() == [pd.Timestamp(yesterday().date())]
    assert footprint.first_day == yesterday().date() - timedelta(days=99)
    assert footprint.last_day == yesterday().date()


def test_an_empty_period_has_nothing_and_knows_where_there_is_something(person: Person) -> None:
    period = Period(last_30_days().first.replace(year=2020), last_30_days().last.replace(year=2020))
    footprint = my_footprint(person("ann"), period)

    assert footprint.totals.requests == 0
    assert footprint.totals.cost_eur is None
    assert footprint.by_day.empty and footprint.by_model.empty
    assert footprint.last_day == yesterday().date()


def test_the_organisation_is_the_sum_of_its_parts(person: Person) -> None:
    whole = organisation_footprint(person("ada"), last_30_days())

    for parts in (whole.by_model, whole.by_provider, whole.by_team, whole.by_day):
        known = [cost for cost in parts["cost_eur"] if cost is not None]
        assert sum(known) == whole.totals.cost_eur == Decimal("2.38")
        assert parts["requests"].sum() == whole.totals.requests == 6
    assert (whole.people_active, whole.people_active_previous) == (2, 1)


def test_a_month_is_exact_and_its_lines_add_up(person: Person) -> None:
    statement = finance_month(person("fin"), yesterday().date())

    assert statement.month == yesterday().date().replace(day=1)
    assert statement.totals.cost_eur == Decimal("2.38")
    costs = [cost for cost in statement.lines["cost_eur"] if cost is not None]
    assert all(isinstance(cost, Decimal) for cost in costs)
    assert sum(costs) == statement.totals.cost_eur
    assert (statement.fx["lowest"], statement.factor_set) != (None, "")


@pytest.mark.parametrize("ask", [organisation_footprint, finance_month])
def test_a_member_may_ask_for_nobody_elses_figures(person: Person, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(AccessDenied):
        ask(person("ann"), last_30_days() if ask is organisation_footprint else yesterday().date())


def test_evidence_follows_an_administrators_mapping(web: Web, person: Person) -> None:
    table = pd.DataFrame(
        {"provider": ["openai", "openai", "x"], "model": ["gpt-4o", "mystery-*model*", "y"]}
    )
    ada = person("ada")
    known = model_evidence(ada, "2001.01", table)
    assert known[["model", "evidence", "band"]].to_numpy().tolist() == [["gpt-4o", "closed", 2.0]]

    web.database.execute(
        "insert into public.model_mappings values"
        " ('openai', 'mystery-*model*', 'anthropic', 'claude-haiku', 'test')"
    )
    st.cache_data.clear()
    mapped = model_evidence(ada, "2001.01", table).set_index("model")
    assert mapped.loc["mystery-*model*", "evidence"] == "open"
    assert mapped.loc["gpt-4o", "evidence"] == "closed"


def test_figures_are_read_from_numbers_and_from_strings() -> None:
    assert (number("0.000000300000"), number(2), number(None)) == (3e-7, 2.0, None)
    assert (money("0.000000000001"), money(0.1)) == (Decimal("0.000000000001"), Decimal("0.1"))
    assert (count("12"), count(None)) == (12, None)
    with pytest.raises(ValueError, match="not an amount"):
        money("much")
