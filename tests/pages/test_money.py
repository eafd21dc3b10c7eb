"""The money pages: finance month by month, budgets, the ledger, and one's own credit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import streamlit as st

from footprint.errors import InputError
from footprint.ui.budgets import euros
from footprint.ui.formats import month_name
from house import event
from screens import DOWN, buttons, figures, open_page, words
from story import yesterday
from web import Web, tell_settings

FINANCE, LEDGER, CREDIT = "pages/finance.py", "pages/ledger.py", "pages/credit.py"
HOME = "pages/footprint.py"
READERS = ("ada", "fin")


def this_month() -> str:
    return month_name(yesterday().date())


def user_id(web: Web, person: str) -> str:
    return str(
        web.database.one(
            "select user_id from public.user_profiles where email = %s", [f"{person}@example.net"]
        )
    )


def top_up(web: Web, person: str, amount: str) -> None:
    web.database.execute(
        "insert into public.transactions (user_id, kind, amount_eur, idempotency_key, note)"
        " values (%s, 'topup', %s, gen_random_uuid()::text, 'to begin with')",
        [user_id(web, person), Decimal(amount)],
    )


def prepaid(web: Web) -> None:
    web.database.execute("update public.settings set value = 'true' where key = 'prepaid_mode'")


@pytest.mark.parametrize(
    ("by", "heading", "costs"),
    [
        # 3.00 and 1.75 and 0.01 USD at half a euro.
        ("Person", "Person", {"Bob": 1.5, "Ann": 0.875, "Nobody known": 0.005}),
        ("Model", "Model", {"claude-haiku": 1.505, "gpt-4o": 0.875}),
        ("Provider", "Provider", {"anthropic": 1.505, "openai": 0.875}),
        ("Team", "Team", {"Law & Order": 1.5, "Research": 0.875, "No team": 0.005}),
    ],
)
def test_the_lines_are_added_up_as_the_reader_chooses(
    full: Web, monkeypatch: pytest.MonkeyPatch, by: str, heading: str, costs: dict[str, float]
) -> None:
    at = open_page(monkeypatch, "fin", FINANCE, {"month": this_month(), "by": by})
    table = next(frame.value for frame in at.dataframe if heading in frame.value.columns)
    shown = table.set_index(heading)["Cost"].dropna().to_dict()
    assert shown == pytest.approx(costs)
    assert "in all €2.38" in words(at)


def test_the_usual_month_is_in_the_address_too(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "fin", FINANCE)
    assert at.query_params["month"] == at.selectbox(key="month").value


def test_a_link_to_a_month_without_anything_says_so(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "fin", FINANCE, {"month": "January 1850"})
    assert "Nothing is recorded for January 1850" in " ".join(info.value for info in at.info)
    assert at.selectbox(key="month").value


def test_an_empty_month_between_others_is_said_to_be_empty(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "fin", FINANCE)
    months = {month_name((yesterday() - timedelta(days=back)).date()) for back in (0, 39, 99)}
    empty = next(name for name in at.selectbox(key="month").options if name not in months)
    at.selectbox(key="month").select(empty).run()
    assert f"No request in {empty}" in words(at)
    assert not at.metric


def test_a_budget_that_is_spent_shows_on_finance_and_on_the_first_page(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.database.execute(
        "insert into public.budgets (scope, from_month, amount_eur) values"
        " ('organisation', date_trunc('month', %s::date), 2.50)",
        [yesterday().date()],
    )
    try:
        at = open_page(monkeypatch, "fin", FINANCE, {"month": this_month()})
        said = "Organisation: 95% of the month's budget is spent, €2.38 of €2.50."
        assert said in " ".join(info.value for info in at.info).replace("\\", "")
        if yesterday().month == (yesterday() + timedelta(days=1)).month:
            st.cache_data.clear()
            assert said in words(open_page(monkeypatch, "ada", HOME))
    finally:
        full.database.execute("delete from public.budgets")


def test_where_no_budget_holds_the_page_says_what_one_would_do(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "fin", FINANCE, {"month": this_month()})
    assert "No budget holds in this month" in words(at)
    assert "Set a budget" in buttons(at)


@pytest.mark.parametrize("person", READERS)
def test_the_ledger_has_everybodys_balance_and_entries(
    empty: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    top_up(empty, "ann", "10")
    empty.database.store(event(user_id=user_id(empty, "ann"), cost_usd="2"))
    at = open_page(monkeypatch, person, LEDGER)

    balances, entries = (frame.value for frame in at.dataframe)
    assert balances[["Person", "Credited", "Used", "Balance"]].to_numpy().tolist() == [
        ["Ann", 10, 1.8, 8.2]
    ]
    assert entries[["Person", "What", "Euros", "Note"]].to_numpy().tolist() == [
        ["Ann", "Top-up", 10, "to begin with"]
    ]
    assert "prepaid mode is off" in words(at)
    assert {"Add an entry", "Take an entry back"} <= set(buttons(at))


def test_an_entry_of_ones_own_waits_for_somebody_else(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.execute(
        "insert into public.proposed_transactions (user_id, kind, amount_eur, idempotency_key,"
        " proposed_by) values (%s, 'topup', 7, 'k', %s)",
        [user_id(empty, "bob"), user_id(empty, "fin")],
    )
    at = open_page(monkeypatch, "fin", LEDGER)
    assert "Waiting for a second person" in words(at)
    assert next(b for b in at.button if b.label == "Approve").disabled

    at = open_page(monkeypatch, "ada", LEDGER)
    next(b for b in at.button if b.label == "Approve").click().run()
    assert "The entry of Bob is approved" in at.success[0].value.replace("\\", "")
    assert at.dataframe[0].value["Balance"].tolist() == [7]


@pytest.mark.parametrize("person", ["ann", "ada", "fin"])
def test_credit_is_not_in_use_unless_the_organisation_is_prepaid(
    empty: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    assert "Credit is not in use here" in words(open_page(monkeypatch, person, CREDIT))


def test_a_member_sees_balance_and_entries_and_no_forecast_without_history(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepaid(full)
    top_up(full, "ann", "10")
    at = open_page(monkeypatch, "ann", CREDIT)

    # 2.55 USD at half a euro are 1.275 €, rounded half up.
    assert figures(at)["Balance"] == "€8.73"
    # Forty days of history, of which the pace knows thirty-nine complete ones: every weekday.
    assert figures(at)["Used a week"] == "€0.22"  # 0.875 € ÷ 4
    assert "In all €8.73, which is the balance" in words(at)
    assert at.dataframe[0].value["What"].value_counts().to_dict()["Top-up"] == 1


def test_a_balance_that_is_used_evenly_lasts_as_long_as_division_says(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepaid(empty)
    ann = user_id(empty, "ann")
    # A dollar a day for forty days: 0.90 €, without any scatter.
    empty.database.store(
        *(
            event(
                user_id=ann, cost_usd="1", started_at=(yesterday() - timedelta(days=n)).isoformat()
            )
            for n in range(40)
        )
    )
    top_up(empty, "ann", "45")  # 36 are used, 9 are left: ten days
    at = open_page(monkeypatch, "ann", CREDIT)
    assert figures(at)["Balance"] == "€9.00"
    last = yesterday().date() + timedelta(days=10)
    assert figures(at)["Lasts until"] == f"≈ {last.day} {month_name(last)[:3]} {last.year}" or (
        figures(at)["Lasts until"] == f"≈ {month_name(last)[:3]} {last.day}, {last.year}"
    )
    assert "90% interval" in words(at)


def test_a_balance_without_history_and_one_that_is_used_up(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepaid(empty)
    top_up(empty, "ann", "5")
    assert figures(open_page(monkeypatch, "ann", CREDIT))["Lasts until"] == "Not enough history"
    assert figures(open_page(monkeypatch, "bob", CREDIT))["Lasts until"] == "Used up"


@pytest.mark.parametrize(("person", "page"), [("fin", LEDGER), ("ada", LEDGER), ("ann", CREDIT)])
def test_a_database_that_went_down_is_a_sentence_and_a_button(
    full: Web, monkeypatch: pytest.MonkeyPatch, person: str, page: str
) -> None:
    at = open_page(monkeypatch, person, page)
    tell_settings(monkeypatch, {**full.environment, "SUPABASE_URL": DOWN})
    st.cache_data.clear()
    at.run()
    assert "does not answer right now" in words(at)
    assert "Try again" in buttons(at)


@pytest.mark.parametrize("page", [FINANCE, LEDGER])
def test_the_books_are_not_for_members(
    full: Web, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    at = open_page(monkeypatch, "ann", page)
    assert "not for your account" in words(at)
    assert not at.metric and not at.dataframe


@pytest.mark.parametrize(
    ("entered", "amount"), [("1500", "1500"), (" 1500,50 € ", "1500.50"), ("-3.2", "-3.2")]
)
def test_euros_are_read_as_people_type_them(entered: str, amount: str) -> None:
    assert euros(entered) == Decimal(amount)


@pytest.mark.parametrize(
    "entered", ["", "1,500.50", "1.500,50", "1e9", "NaN", "١٥", "12.345", "--1", "999999999"]
)
def test_what_could_mean_two_things_is_not_guessed(entered: str) -> None:
    with pytest.raises(InputError, match="Write the euros"):
        euros(entered)
