"""Where people are not named: pseudonyms, groups of at least five, and no difference that undoes them."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from house import Database, event

MONTH = "2026-09-01"


def use(database: Database, mode: str) -> None:
    database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )


def settle(database: Database, teams: dict[str, int], day: str = "2026-09-10") -> None:
    """Let each of a team's people make one request of 1 USD on a day."""
    database.store(
        *(
            event(user_id=f"{team}-{n}", team=team, cost_usd="1", started_at=f"{day}T10:00:00Z")
            for team, people in teams.items()
            for n in range(people)
        )
    )


def teams_of(database: Database, first: str, last: str, actor: str = "finance") -> dict[str, int]:
    report = database.one(
        "select public.organisation_footprint(%s, %s)", [first, last], actor=actor
    )
    return {group["team"]: int(group["requests"]) for group in report["by_team"]}


def month_of(database: Database, month: str = MONTH) -> dict[str, Any]:
    answer = database.one("select public.finance_month(%s)", [month], actor="finance")
    assert isinstance(answer, dict)
    return answer


def test_a_pseudonym_is_hmac_sha_256_under_a_key_of_this_database(any_database: Database) -> None:
    database = any_database
    [(inner, outer)] = database.rows("select inner_key, outer_key from private.pseudonym_keys")
    key = bytes(byte ^ 0x36 for byte in inner)
    assert bytes(byte ^ 0x5C for byte in outer) == key
    digest = hmac.new(key, b"google_1171", hashlib.sha256).hexdigest()
    assert database.one("select private.pseudonym('google_1171')") == f"P-{digest[:12].upper()}"


def test_two_databases_have_different_pseudonyms(database: Database) -> None:
    before = database.one("select private.pseudonym('x')")
    database.execute("delete from private.pseudonym_keys")
    database.execute(
        "insert into private.pseudonym_keys (inner_key, outer_key) "
        "values (private.padded_key('other', 54), private.padded_key('other', 92))"
    )
    assert database.one("select private.pseudonym('x')") != before


def test_finance_sees_stable_pseudonyms_and_the_same_total(any_database: Database) -> None:
    database = any_database
    settle(database, {"sales": 5, "legal": 1})
    settle(database, {"sales": 5}, "2026-08-10")
    named = month_of(database)
    use(database, "pseudonymous")
    hidden = month_of(database)
    assert hidden["totals"] == named["totals"]
    assert hidden["people_shown_by"] == "pseudonym"
    assert {line["user_id"][:2] for line in hidden["lines"]} == {"P-"}
    assert {(line["email"], line["full_name"], line["team"]) for line in hidden["lines"]} == {
        (None, None, None)
    }
    august = {line["user_id"] for line in month_of(database, "2026-08-01")["lines"]}
    assert len(august) == 5
    assert august < {line["user_id"] for line in hidden["lines"]}


def test_few_people_an_open_month_and_the_mode_off_show_nobody(database: Database) -> None:
    settle(database, {"sales": 4})
    use(database, "pseudonymous")
    assert [line["full_name"] for line in month_of(database)["lines"]] == ["Everybody"]
    today = database.one("select private.reporting_today()::text")
    settle(database, {"sales": 9}, today)
    assert month_of(database, today)["people_shown_by"] == "nothing"
    settle(database, {"legal": 9})
    assert len(month_of(database)["lines"]) == 13
    use(database, "off")
    [line] = month_of(database)["lines"]
    assert (line["full_name"], line["requests"]) == ("Everybody", 13)


def test_teams_of_fewer_than_five_are_one_group_of_at_least_five(any_database: Database) -> None:
    database = any_database
    settle(database, {"sales": 7, "it": 6, "legal": 2, "board": 3})
    assert teams_of(database, MONTH, "2026-09-30") == {"sales": 7, "it": 6, "legal": 2, "board": 3}
    use(database, "pseudonymous")
    for actor in ("finance", "admin"):
        shown = teams_of(database, MONTH, "2026-09-30", actor)
        assert shown == {"sales": 7, "it": 6, "Small teams": 5}


def test_one_small_team_takes_the_next_one_with_it_or_subtraction_would_show_it(
    database: Database,
) -> None:
    settle(database, {"sales": 7, "it": 6, "legal": 2})
    use(database, "off")
    # The total less sales and it would be legal's two people.
    assert teams_of(database, MONTH, "2026-09-30") == {"sales": 7, "Small teams": 8}


def test_somebody_in_two_small_teams_is_one_person(database: Database) -> None:
    settle(database, {"sales": 7, "legal": 3})
    database.store(
        *(
            event(user_id=f"legal-{n}", team="board", started_at="2026-09-10T10:00:00Z")
            for n in range(3)
        )
    )
    use(database, "off")
    assert teams_of(database, MONTH, "2026-09-30") == {"Small teams": 13}


def test_two_periods_a_day_apart_do_not_differ_by_a_day_of_a_team(database: Database) -> None:
    settle(database, {"sales": 6}, "2026-09-10")
    settle(database, {"sales": 1}, "2026-09-30")
    use(database, "pseudonymous")
    assert teams_of(database, MONTH, "2026-09-29") == {}
    assert teams_of(database, "2026-08-20", "2026-10-05") == {"sales": 7}
    assert teams_of(database, "2026-09-30", "2026-09-30") == {}
    # A month that is not over grows from day to day.
    today = database.one("select private.reporting_today()::text")
    settle(database, {"sales": 6}, today)
    assert teams_of(database, today[:8] + "01", today) == {}


def test_a_month_less_does_not_show_a_team_that_was_small_in_it(database: Database) -> None:
    settle(database, {"sales": 6, "legal": 6}, "2026-08-10")
    settle(database, {"sales": 6, "legal": 1}, "2026-09-10")
    use(database, "pseudonymous")
    both = teams_of(database, "2026-08-01", "2026-09-30")
    august = teams_of(database, "2026-08-01", "2026-08-31")
    assert august == {"sales": 6, "legal": 6}
    # legal's September is within the small teams', with all of sales': no difference is legal alone.
    assert both == {"sales": 6, "legal": 6, "Small teams": 7}


@pytest.mark.parametrize("mode", ["pseudonymous", "off"])
@pytest.mark.parametrize("actor", ["admin", "finance"])
@pytest.mark.parametrize(
    "relation", ["user_usage_totals", "usage_org_daily", "usage_tag_monthly", "balances"]
)
def test_tables_by_person_team_and_tag_are_closed_to_the_organisations_readers(
    database: Database, mode: str, actor: str, relation: str
) -> None:
    database.store(event(tags=["t"]))
    database.one(
        "select public.record_transaction('user-of-member', 'topup', 10, 'k1')", actor="finance"
    )
    count = f"select count(*) from public.{relation}"
    assert database.one(count, actor=actor) > 0
    use(database, mode)
    assert database.one(count, actor=actor) == 0
    if relation in ("user_usage_totals", "balances"):
        assert database.one(count, actor="member") == 1


def test_the_list_of_people_has_no_figures_where_they_are_not_named(database: Database) -> None:
    database.store(event())
    use(database, "pseudonymous")
    people = database.one("select public.find_people('member')", actor="admin")
    assert [(p["requests"], p["tokens_used"]) for p in people] == [(None, None)]
    row = "select requests from public.profiles where user_id = 'user-of-member'"
    assert database.one(row, actor="admin") is None
    assert database.one(row, actor="member") == 1
