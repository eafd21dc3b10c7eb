"""The ledger: entries count once, are taken back by entries, and a balance never drifts."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from house import Database, event

MEMBER = "user-of-member"
RECORD = "select public.record_transaction(%s, %s, %s, %s, %s)"
PROPOSED = "select count(*) from public.proposed_transactions where decision is null"


def record(
    database: Database,
    amount: str,
    kind: str = "topup",
    key: str | None = None,
    actor: str = "finance",
) -> str:
    values = [MEMBER, kind, Decimal(amount), key or uuid.uuid4().hex, "because"]
    return str(database.one(RECORD, values, actor=actor))


def balance(database: Database, actor: str = "finance") -> Decimal:
    answer = database.one(
        "select balance_eur from public.balances where user_id = %s", [MEMBER], actor=actor
    )
    return Decimal(answer or 0)


def refused(database: Database, code: str, call: str, values: list[Any], actor: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        database.one(call, values, actor=actor)
    assert caught.value.sqlstate == code


def two_people(database: Database) -> None:
    database.one("select public.set_setting('ledger_four_eyes', 'true')", actor="admin")


def test_the_same_key_at_the_same_moment_counts_once(any_database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: record(any_database, "10", key="click"), range(16)))
    assert len(ids) == 1
    assert balance(any_database) == 10
    refused(any_database, "PT409", RECORD, [MEMBER, "topup", Decimal(11), "click", None], "finance")


@pytest.mark.parametrize(
    ("kind", "amount"),
    [("topup", "-1"), ("topup", "0"), ("refund", "1"), ("spend", "1"), ("topup", "1e9"), ("gift", "1"),
     ("reversal", "1"), ("topup", "NaN")],
)  # fmt: skip
def test_an_entry_that_cannot_be_is_refused_in_a_sentence(
    module_database: Database, kind: str, amount: str
) -> None:
    values = [MEMBER, kind, Decimal(amount), uuid.uuid4().hex, None]
    refused(module_database, "PT400", RECORD, values, "finance")


def test_an_entry_is_taken_back_once_and_stays(any_database: Database) -> None:
    entry = record(any_database, "10")
    reverse = "select public.reverse_transaction(%s, %s, %s)"
    refused(any_database, "PT400", reverse, [entry, "r1", " "], "finance")
    back = any_database.one(reverse, [entry, "r1", "typed twice"], actor="finance")
    assert any_database.one(reverse, [entry, "r1", "typed twice"], actor="finance") == back
    refused(any_database, "PT409", reverse, [entry, "r2", "again"], "finance")
    refused(any_database, "PT400", reverse, [back, "r3", "no"], "finance")
    assert balance(any_database) == 0
    assert any_database.one("select count(*) from public.transactions") == 2


def test_where_two_people_are_needed_an_entry_counts_once_the_second_approves(
    any_database: Database,
) -> None:
    two_people(any_database)
    entry = record(any_database, "10", key="click")
    assert record(any_database, "10", key="click") == entry
    assert (balance(any_database), any_database.one(PROPOSED)) == (Decimal(0), 1)

    decide = "select public.decide_transaction(%s, %s)"
    refused(any_database, "PT403", decide, [entry, "approved"], "finance")
    refused(any_database, "PT403", decide, [entry, "approved"], "member")
    any_database.one(decide, [entry, "approved"], actor="admin")
    refused(any_database, "PT409", decide, [entry, "approved"], "admin")
    assert record(any_database, "10", key="click") == entry
    assert (balance(any_database), any_database.one(PROPOSED)) == (Decimal(10), 0)
    row = any_database.rows("select created_by, approved_by from public.transactions")
    assert row == [("user-of-finance", "user-of-admin")]
    acts = any_database.rows(
        "select action from public.audit_log where action ~ 'transaction' order by audit_id"
    )
    assert acts == [("transaction.propose",), ("transaction.approve",)]


def test_what_is_refused_never_counts_and_may_be_proposed_anew(database: Database) -> None:
    entry = record(database, "10")
    two_people(database)
    reverse = "select public.reverse_transaction(%s, %s, %s)"
    first = database.one(reverse, [entry, "r1", "wrong"], actor="finance")
    refused(database, "PT409", reverse, [entry, "r2", "wrong"], "admin")
    database.one("select public.decide_transaction(%s, 'refused')", [first], actor="admin")
    assert balance(database) == 10
    second = database.one(reverse, [entry, "r3", "wrong after all"], actor="admin")
    database.one("select public.decide_transaction(%s, 'approved')", [second], actor="finance")
    assert balance(database) == 0


AMOUNTS = st.decimals("0.000001", "9999", places=6)
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["topup", "refund", "spend", "adjustment", "usage", "repeat", "reverse"]),
        AMOUNTS,
    ),
    max_size=12,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(OPERATIONS)
def test_a_balance_is_the_ledger_less_the_usage_whatever_happens(
    module_database: Database, operations: list[tuple[str, Decimal]]
) -> None:
    database = module_database
    start = balance(database)
    expected = Decimal(0)
    made: list[tuple[str, str, Decimal, bool]] = []  # id, key, amount, taken back
    record(database, "1")  # so that there is a balance
    expected += 1
    for kind, amount in operations:
        if kind == "usage":
            database.store(event(cost_usd=f"{amount}"))
            expected -= amount * Decimal("0.9")
        elif kind == "repeat" and made:
            _, key, known, _ = made[-1]
            record(database, str(known), "adjustment", key)
        elif kind == "reverse" and made and not made[-1][3]:
            entry, key, known, _ = made[-1]
            call = "select public.reverse_transaction(%s, %s, 'test')"
            database.one(call, [entry, f"back {key}"], actor="finance")
            made[-1] = (entry, key, known, True)
            expected -= known
        elif kind not in ("repeat", "reverse"):
            signed = -amount if kind in ("refund", "spend") else amount
            key = uuid.uuid4().hex
            entry = record(database, str(signed), kind, key)
            if kind == "adjustment":
                made.append((entry, key, signed, False))
            expected += signed
    assert balance(database) - start == expected
    raw = database.one(
        "select (select sum(amount_eur) from public.transactions where user_id = %s)"
        " - (select coalesce(sum(cost_eur), 0) from public.request_logs where user_profile_id = %s)",
        [MEMBER, MEMBER],
    )
    assert balance(database) == raw


def test_a_member_reads_their_own_ledger_and_nobody_elses(database: Database) -> None:
    record(database, "10")
    mine = database.one("select public.my_credit()", actor="member")
    theirs = database.one("select public.my_credit()", actor="other")
    assert (Decimal(mine["credited_eur"]), len(mine["entries"])) == (Decimal(10), 1)
    assert (Decimal(theirs["credited_eur"]), theirs["entries"]) == (Decimal(0), [])


@pytest.mark.parametrize("mode", ["pseudonymous", "off"])
def test_where_people_are_not_named_finance_sees_what_it_entered_and_not_what_was_used(
    database: Database, mode: str
) -> None:
    record(database, "10")
    database.store(event(cost_usd="2"))
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )
    books = database.one("select public.ledger()", actor="finance")
    person = next(person for person in books["people"] if person["user_id"] == MEMBER)
    assert (person["credited_eur"], person["used_eur"], person["balance_eur"]) == (
        "10.000000",
        None,
        None,
    )
    # One's own stays one's own.
    assert database.one("select public.my_credit()", actor="member")["used_eur"] == "1.800000000000"


def test_the_ledger_pages_by_key(database: Database) -> None:
    for n in range(1, 6):
        record(database, f"{n}")
    call = "select public.ledger(null, %s, %s, 2)"
    seen, after = [], [None, None]
    while True:
        page = database.one(call, after, actor="finance")["entries"]
        if not page:
            break
        seen += [Decimal(entry["amount_eur"]) for entry in page]
        after = [page[-1]["created_at"], page[-1]["transaction_id"]]
    assert seen == [5, 4, 3, 2, 1]
