"""Square metres of a closed month, shared to the square centimetre."""

from __future__ import annotations

import json
import random
from typing import Any

import psycopg
import pytest

from house import Database, event

CALL = "select public.restoration_shares('2026-09-01')"


def donate(database: Database, area_m2: str, month: str = "2026-09-01") -> None:
    donation = {
        "month": month, "donated_on": "2026-10-02", "organisation": "Heath Trust",
        "claim_type": "restored", "amount": 10, "amount_eur": 10, "area_m2": area_m2,
    }  # fmt: skip
    number = database.one(
        "select public.record_donation(%s)", [json.dumps(donation)], actor="finance"
    )
    database.one("select public.verify_donation(%s, repeat('a', 64))", [number], actor="finance")


def spend(database: Database, costs: dict[str | None, str]) -> None:
    database.store(
        *(
            event(user_id=person, cost_usd=cost, started_at="2026-09-10T10:00:00+00:00")
            for person, cost in costs.items()
        )
    )


def areas(answer: dict[str, Any]) -> dict[str | None, int]:
    return {share["user_id"]: share["area_cm2"] for share in answer["shares"]}


def test_three_equal_shares_of_a_square_metre_add_up_to_it(database: Database) -> None:
    spend(database, {"a": "1", "b": "1", "c": "1"})
    donate(database, "1")
    # 10,000 cm² over three are 3,333 each and one left, which goes to the first by name.
    assert areas(database.one(CALL, actor="finance")) == {"a": 3334, "b": 3333, "c": 3333}


def test_whom_no_request_could_be_linked_to_has_a_share_of_their_own(database: Database) -> None:
    spend(database, {"a": "3", None: "1"})
    donate(database, "8")
    assert areas(database.one(CALL, actor="admin")) == {"a": 60000, None: 20000}


def test_any_shares_sum_exactly_to_the_receipts(database: Database) -> None:
    chance = random.Random(7)
    spend(database, {f"u{n}": f"{chance.uniform(1e-7, 50):.10f}" for n in range(97)})
    donate(database, "123.4567")
    donate(database, "0.0001")
    found = areas(database.one(CALL, actor="finance"))
    assert len(found) == 97 and sum(found.values()) == 1_234_568
    assert min(found.values()) >= 0


def test_a_month_without_a_receipt_has_nothing_to_share(database: Database) -> None:
    spend(database, {"a": "1"})
    answer = database.one(CALL, actor="finance")
    assert (answer["status"], answer["shares"]) == ("pending", [])


def test_a_closed_month_of_finance_carries_its_shares(database: Database) -> None:
    spend(database, {"a": "2", "b": "1", None: "1"})
    donate(database, "0.5")
    month = database.one("select public.finance_month('2026-09-15')", actor="finance")
    shares = month["restoration"]["shares"]
    # 5,000 cm² by 2 : 1 : 1.
    assert [(s["user_id"], s["area_cm2"]) for s in shares] == [
        ("a", 2500),
        ("b", 1250),
        (None, 1250),
    ]
    assert sum(s["area_cm2"] for s in shares) == month["restoration"]["area_m2"] * 10_000
    october = database.one("select public.finance_month('2026-10-15')", actor="finance")
    assert october["restoration"]["shares"] == []


@pytest.mark.parametrize(
    ("mode", "people", "expected"),
    [("pseudonymous", 6, 6), ("pseudonymous", 4, 1), ("off", 6, 1)],
)
def test_shares_name_nobody_where_people_are_not_named(
    database: Database, mode: str, people: int, expected: int
) -> None:
    spend(database, {f"person-{n}": "1" for n in range(people)})
    donate(database, "1")
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )
    answer = database.one(CALL, actor="finance")
    assert len(answer["shares"]) == expected
    assert sum(areas(answer).values()) == 10_000
    assert "person-" not in json.dumps(answer)
    assert {(s["email"], s["team"]) for s in answer["shares"]} == {(None, None)}
    shown = {s["user_id"][:2] if expected > 1 else s["full_name"] for s in answer["shares"]}
    assert shown == ({"P-"} if expected > 1 else {"Everybody"})


def test_members_are_told_no(module_database: Database) -> None:
    with pytest.raises(psycopg.Error) as caught:
        module_database.one(CALL, actor="member")
    assert caught.value.sqlstate == "PT403"
