"""Filters, choices, peers, latency, movers and tags: what the pages ask beside the footprint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from house import Database, event

OCTOBER = ("2026-10-01", "2026-10-31")


def ask(database: Database, call: str, *values: object, actor: str = "admin") -> Any:
    return database.one(f"select public.{call}", values, actor=actor)


def at(day: str, **fields: Any) -> dict[str, Any]:
    return event(started_at=f"{day}T10:00:00Z", **fields)


def use(database: Database, mode: str) -> None:
    database.execute(
        f"update public.settings set value = '\"{mode}\"' where key = 'privacy_people'"
    )


@pytest.fixture
def october(database: Database) -> Database:
    """Costs are powers of two, so that each sum says what it is made of."""
    database.store(
        at("2026-10-02", cost_usd="1"),
        at("2026-10-03", cost_usd="2", model="gpt-4o-mini"),
        at("2026-10-04", cost_usd="4", provider="azure"),
        at("2026-10-05", cost_usd="8", team="sales", user_id="user-of-other"),
        at("2026-10-06", cost_usd="16", model="mistral-large", provider="mistral", user_id=None),
        at("2026-09-20", cost_usd="32"),
        at("2026-09-21", cost_usd="64", team="sales", user_id="user-of-other"),
    )
    return database


@pytest.mark.parametrize(
    ("filters", "cost", "before", "people"),
    [
        ("", 31, 96, 2),
        (", p_models => '{gpt-4o}'", 13, 96, 2),
        (", p_providers => '{azure,mistral}'", 20, None, 1),
        (", p_models => '{gpt-4o}', p_providers => '{openai}'", 9, 96, 2),
        (", p_teams => '{sales}'", 8, 64, 0),  # nobody is in the team sales today
        (", p_teams => '{research}'", 7, 32, 2),
        (", p_models => '{no-such-model}'", None, None, 0),
        (", p_models => '{}'", None, None, 0),
    ],
)
def test_every_figure_of_a_report_is_of_the_filter_alone(
    october: Database, filters: str, cost: int | None, before: int | None, people: int
) -> None:
    found = ask(october, f"organisation_footprint(%s, %s{filters})", *OCTOBER)

    def dollars(totals: dict[str, Any] | None) -> Any:
        return totals and totals["cost_usd"]

    assert dollars(found["totals"]) == cost
    assert dollars(found["previous"]) == before
    euros = (cost or 0) * 0.9
    for group in ("by_day", "by_time_model", "by_model", "by_provider", "by_team"):
        assert sum(row["cost_eur"] for row in found[group]) == pytest.approx(euros), group
    previous = sum(row["cost_usd"] for row in found["previous_by_model"])
    assert previous == (before or 0)
    assert found["people_active"] == people


def test_ones_own_footprint_takes_the_same_filters(october: Database) -> None:
    mine = ask(october, "my_footprint(%s, %s, '{gpt-4o}')", *OCTOBER, actor="member")
    assert mine["totals"]["cost_usd"] == 1 + 4
    azure = ask(october, "my_footprint(%s, %s, null, '{azure}')", *OCTOBER, actor="member")
    assert azure["totals"]["cost_usd"] == 4


def test_models_over_time_are_weeks_in_a_long_period_and_the_thirteenth_is_among_others(
    database: Database,
) -> None:
    database.store(
        *(at("2026-10-14", cost_usd=str(n), model=f"model-{n}") for n in range(1, 15)),
        at("2026-07-01", cost_usd="100", model="model-1"),
    )
    # From a Wednesday: the first week begins with the period, the others on Monday.
    found = ask(database, "my_footprint('2026-07-01', '2026-10-31')", actor="member")
    rows = {(row["day"], row["model"]): row for row in found["by_time_model"]}
    assert rows["2026-07-01", "model-1"]["cost_eur"] == 90
    assert rows["2026-10-12", "model-14"]["cost_eur"] == pytest.approx(12.6)
    # The twelve are model-1 (101), 14, 13 … 4; the others are 3 and 2.
    assert rows["2026-10-12", None]["cost_eur"] == pytest.approx((3 + 2) * 0.9)
    assert rows["2026-10-12", None]["requests"] == 2
    by_day = ask(database, "my_footprint('2026-10-01', '2026-10-31')", actor="member")
    assert {row["day"] for row in by_day["by_time_model"]} == {"2026-10-14"}


def test_recent_days_are_the_last_eight_weeks_and_today_whatever_the_period(
    any_database: Database,
) -> None:
    today = datetime.now(UTC).date()
    for back in (0, 1, 56, 57, 62):
        day = (today - timedelta(days=back)).isoformat()
        any_database.store(event(started_at=f"{day}T00:00:00Z", cost_usd="2"))
    found = ask(any_database, "my_footprint(%s, %s)", *OCTOBER, actor="member")["recent"]
    assert found["today"] == today.isoformat()
    assert [row["day"] for row in found["days"]] == [
        (today - timedelta(days=back)).isoformat() for back in (56, 1, 0)
    ]
    assert found["days"][0]["cost_eur"] == pytest.approx(1.8)


def test_choices_are_ones_own_names_or_for_readers_everybodys(october: Database) -> None:
    own = ask(october, "usage_choices()", actor="other")
    assert [model["model"] for model in own["models"]] == ["gpt-4o"]
    assert own["providers"] == ["openai"]
    assert "teams" not in own
    everybodys = ask(october, "usage_choices(true)", actor="finance")
    assert {m["model"] for m in everybodys["models"]} == {"gpt-4o", "gpt-4o-mini", "mistral-large"}
    assert everybodys["teams"] == ["", "research", "sales"]


def test_a_model_has_its_place_by_when_it_was_first_used_for_every_reader(
    october: Database,
) -> None:
    everybodys = ask(october, "usage_choices(true)")
    places = {model["model"]: model["place"] for model in everybodys["models"]}
    assert places == {"gpt-4o": 0, "gpt-4o-mini": 1, "mistral-large": 2}
    october.store(*(at("2026-10-20", model="a-newer-model") for _ in range(9)))
    own = ask(october, "usage_choices()", actor="member")
    assert {m["model"]: m["place"] for m in own["models"]}["gpt-4o"] == 0


def test_a_month_is_compared_with_the_median_of_five_others_to_two_digits(
    database: Database,
) -> None:
    costs = ("1.111", "2.222", "3.333", "4.444", "5.555")
    database.store(
        at("2026-09-10", cost_usd="100"),
        *(at("2026-09-11", cost_usd=cost, user_id=f"p{cost}") for cost in costs),
        at("2026-09-12", cost_usd="9", user_id=None),  # nobody is no peer
        at("2026-10-12", cost_usd="7", user_id="p1.111"),
    )
    found = ask(database, "my_peers('2026-10-20')", actor="member")
    assert (found["month"], found["others"], found["reason"]) == ("2026-09-01", 5, None)
    assert found["mine"]["cost_eur"] == 90
    assert found["median"]["cost_eur"] == 3.0  # 3.333 dollars are 2.9997 euros
    # On the last day of October that month is over; nobody else but one was there.
    assert ask(database, "my_peers('2026-10-31')", actor="member") == {
        "month": "2026-10-01",
        "reason": "few",
    }


def test_four_others_are_too_few_and_where_people_are_off_there_is_no_median(
    database: Database,
) -> None:
    database.store(at("2026-09-10"), *(at("2026-09-10", user_id=f"p{n}") for n in range(4)))
    assert ask(database, "my_peers('2026-10-20')", actor="member")["reason"] == "few"
    database.store(at("2026-09-11", user_id="p4"))
    assert ask(database, "my_peers('2026-10-20')", actor="member")["reason"] is None
    use(database, "pseudonymous")
    assert ask(database, "my_peers('2026-10-20')", actor="member")["reason"] is None
    use(database, "off")
    assert ask(database, "my_peers('2026-10-20')", actor="member") == {
        "month": "2026-09-01",
        "reason": "privacy",
    }


def test_a_median_of_the_running_month_is_not_told(any_database: Database) -> None:
    today = datetime.now(UTC).date()
    found = ask(any_database, "my_peers(%s)", today + timedelta(days=400), actor="member")
    assert found["month"] < today.replace(day=1).isoformat()


def test_latency_is_of_successful_requests_that_a_provider_answered(database: Database) -> None:
    database.store(
        *(at("2026-10-10", latency_s=seconds) for seconds in (1, 2, 3, 4, 10)),
        at("2026-10-10", latency_s=99, status="failure"),
        at("2026-10-10", latency_s=0.001, cache_hit=True),
        at("2026-10-10", latency_s=50, model="o1"),
        at("2026-10-09"),
    )
    found = ask(database, "latency_spread(%s, %s, '{gpt-4o}')", *OCTOBER)
    # Of 1, 2, 3, 4, 10: the middle, and 4 + 0.8 · 6 (linear between the fourth and the fifth).
    assert found == {
        "median_s": 3.0,
        "p95_s": 8.8,
        "requests": 5,
        "from": "2026-10-09",
        "to": "2026-10-10",
    }
    nothing = ask(database, "latency_spread('2020-01-01', '2020-01-31')")
    assert (nothing["median_s"], nothing["requests"]) == (None, 0)


def test_people_who_moved_are_told_by_how_much_in_every_measure(october: Database) -> None:
    rows = ask(october, "people_movers(%s, %s)", *OCTOBER)
    costs = [(r["person"], r["now"], r["before"]) for r in rows if r["measure"] == "cost_eur"]
    # 8 after 64 dollars, and 1 + 2 + 4 after 32.
    assert costs == [
        ("Other", pytest.approx(7.2), pytest.approx(57.6)),
        ("Member", pytest.approx(6.3), pytest.approx(28.8)),
    ]
    filtered = ask(october, "people_movers(%s, %s, '{gpt-4o-mini}')", *OCTOBER)
    assert {r["person"] for r in filtered} == {"Member"}


def test_tags_are_of_whole_months_and_overlap(database: Database) -> None:
    database.store(
        at("2026-10-02", cost_usd="1", tags=["a", "b"]),
        at("2026-10-30", cost_usd="2", tags=["b"]),
        at("2026-09-30", cost_usd="4", tags=["b"]),
        at("2026-10-03", cost_usd="8"),
    )
    found = ask(database, "usage_by_tag('2026-10-10', '2026-10-11')")
    assert (found["from"], found["to"]) == OCTOBER
    assert {tag["tag"]: tag["cost_usd"] for tag in found["tags"]} == {"a": 1, "b": 3}


@pytest.mark.parametrize("mode", ["pseudonymous", "off"])
@pytest.mark.parametrize(
    "call",
    [
        "people_movers('2026-09-01', '2026-09-30')",
        "usage_by_tag('2026-09-01', '2026-09-30')",
        "organisation_footprint('2026-09-01', '2026-09-30', p_teams => '{alpha}')",
        "latency_spread('2026-09-01', '2026-09-30', p_teams => '{alpha}')",
    ],
)
def test_where_people_are_not_named_no_filter_and_no_list_is_about_a_few(
    database: Database, mode: str, call: str
) -> None:
    database.store(at("2026-09-10", team="alpha"))
    use(database, mode)
    with pytest.raises(psycopg.Error) as caught:
        ask(database, call)
    assert caught.value.sqlstate == "PT403"


def test_where_people_are_not_named_a_filtered_report_has_no_teams_and_counts_no_few(
    database: Database,
) -> None:
    database.store(*(at("2026-09-10", team="alpha", user_id=f"p{n}") for n in range(6)))
    database.store(at("2026-09-11", model="rare", user_id="p1", team="alpha", cost_usd="1"))
    use(database, "pseudonymous")
    rare = ask(database, "organisation_footprint('2026-09-01', '2026-09-30', '{rare}')")
    assert rare["totals"]["cost_usd"] == Decimal(1)
    assert rare["by_team"] == rare["previous_by_team"] == []
    assert rare["people_active"] is None
    common = ask(database, "organisation_footprint('2026-09-01', '2026-09-30', '{gpt-4o}')")
    assert common["people_active"] == 6
    assert "teams" not in ask(database, "usage_choices(true)")
