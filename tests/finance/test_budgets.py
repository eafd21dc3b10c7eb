"""Budgets: from a month on until another one, against what was spent; alerts at 80 % and 100 %."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest

from house import Database, event

SET = "select public.set_budget(%s, %s, %s, %s)"


@pytest.fixture
def spent(any_database: Database) -> Database:
    """October: 8 USD of member in research and 1 of other in sales, at 0.90 €."""
    any_database.store(
        event(cost_usd="8", team="research"),
        event(cost_usd="1", team="sales", user_id="user-of-other"),
        event(cost_usd="100", started_at="2026-09-30T23:59:59Z"),
    )
    return any_database


def states(database: Database, month: str) -> list[tuple[str, str, str, str]]:
    answer = database.one("select public.budget_states(%s)", [month], actor="finance")
    return [
        (row["scope"], row["name"], row["cost_eur"].rstrip("0").rstrip("."), row["state"])
        for row in answer["budgets"]
    ]


def test_each_budget_is_compared_with_what_its_own_spent(spent: Database) -> None:
    for scope, name, amount in (
        ("organisation", None, "10.13"),  # 8.10 is 79.96 %
        ("team", "research", "9"),  # 7.20 is 80 %
        ("person", "user-of-other", "0.9"),  # 0.90 is all of it
    ):
        spent.one(SET, [scope, name, "2026-10-01", Decimal(amount)], actor="finance")
    assert states(spent, "2026-10-15") == [
        ("organisation", "", "8.1", "within"),
        ("team", "research", "7.2", "near"),
        ("person", "user-of-other", "0.9", "reached"),
    ]


def test_a_budget_holds_until_another_one_or_its_end(spent: Database) -> None:
    for month, amount in (("2026-09-01", 5), ("2026-11-01", 7), ("2026-12-01", None)):
        spent.one(SET, ["organisation", "", month, amount], actor="admin")
    amounts = [
        [row["amount_eur"] for row in spent.one(
            "select public.budget_states(%s)", [month], actor="finance")["budgets"]]
        for month in ("2026-08-01", "2026-09-01", "2026-10-31", "2026-11-30", "2026-12-01")
    ]  # fmt: skip
    assert amounts == [[], ["5.00"], ["5.00"], ["7.00"], []]


def test_a_change_is_audited_with_what_it_was(spent: Database) -> None:
    for amount in (5, 6):
        spent.one(SET, ["team", "sales", "2026-10-01", amount], actor="finance")
    rows = spent.rows(
        "select actor_user_id, target, before ->> 'amount_eur', after ->> 'amount_eur'"
        " from public.audit_log where action = 'budget.set' order by audit_id"
    )
    assert rows == [
        ("user-of-finance", "team sales", None, "5.00"),
        ("user-of-finance", "team sales", "5.00", "6.00"),
    ]
    assert spent.one("select count(*) from public.budgets") == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (["team", None, "2026-10-01", 5], "PT400"),
        (["organisation", "x", "2026-10-01", 5], "PT400"),
        (["planet", "x", "2026-10-01", 5], "PT400"),
        (["person", "nobody", "2026-10-01", 5], "PT404"),
        (["organisation", None, "2026-10-01", 0], "PT400"),
        (["organisation", None, "2026-10-01", Decimal("0.001")], "PT400"),
        (["organisation", None, None, 5], "PT400"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(
    module_database: Database, values: list[Any], code: str
) -> None:
    with pytest.raises(psycopg.Error) as caught:
        module_database.one(SET, values, actor="finance")
    assert caught.value.sqlstate == code


@pytest.mark.parametrize("mode", ["pseudonymous", "off"])
def test_where_people_are_not_named_only_the_organisations_budget_is_compared(
    database: Database, mode: str
) -> None:
    database.store(event(cost_usd="8", team="research"))
    for scope, name in (("organisation", None), ("team", "research"), ("person", "user-of-member")):
        database.one(SET, [scope, name, "2026-10-01", 5], actor="finance")
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )
    assert [row[0] for row in states(database, "2026-10-01")] == ["organisation"]


def test_a_persons_budget_goes_with_the_person(database: Database) -> None:
    database.one(SET, ["person", "user-of-member", "2026-10-01", 5], actor="finance")
    database.one("select public.delete_person('user-of-member')", actor="admin")
    database.one("select public.erase_person('user-of-member', 'asked to')", actor="admin")
    assert database.one("select count(*) from public.budgets") == 0
