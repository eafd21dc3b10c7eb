"""Where people are not named: each page says what it leaves out and why, and nothing looks broken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from footprint.ui.finance import HIDDEN
from footprint.ui.formats import month_name
from house import event
from screens import open_page, words
from web import Web

FINANCE, ORGANISATION, PEOPLE = (
    f"pages/{name}.py" for name in ("finance", "organisation", "people")
)
NAMES = ("Ann", "Bob", "ann@example.net", "Research", "Law & Order")


def hide(web: Web, mode: str) -> None:
    web.database.execute(
        "update public.settings set value = to_jsonb(%s::text) where key = 'privacy_people'", [mode]
    )


@pytest.fixture(params=["pseudonymous", "off"])
def hidden(full: Web, request: pytest.FixtureRequest) -> Any:
    hide(full, request.param)
    yield full
    hide(full, "named")


def everything(at: Any) -> str:
    tables = [table.value.to_string() for table in (*at.dataframe, *at.table)]
    return "\n".join([words(at), *tables])


@pytest.mark.parametrize("person", ["ada", "fin"])
def test_finance_says_that_people_are_not_told_apart(
    hidden: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, FINANCE)
    assert HIDDEN["nothing"] in words(at)
    groups = next(control for control in at.button_group if control.label == "Lines by")
    assert groups.options == ["Provider and model", "Model", "Provider"]
    assert "Person" not in at.dataframe[0].value.columns
    assert not any(name in everything(at) for name in NAMES)


def test_finance_has_pseudonyms_once_a_month_is_over(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = datetime.now(UTC).replace(day=1, hour=12) - timedelta(days=3)
    people = [f"person-{n}" for n in range(5)]
    full.database.store(
        *(event(user_id=name, started_at=last.isoformat(), team="Sales") for name in people)
    )
    hide(full, "pseudonymous")
    try:
        at = open_page(monkeypatch, "fin", FINANCE, {"month": month_name(last.date())})
        assert HIDDEN["pseudonym"] in words(at)
        table = at.dataframe[0].value
        assert "Team" not in table.columns
        assert table["Person"].str.startswith("P-").sum() >= 5
        assert not any(name in everything(at) for name in (*people, "Sales"))
    finally:
        hide(full, "named")


@pytest.mark.parametrize("person", ["ada", "fin"])
def test_the_organisation_says_what_of_teams_and_tags_is_shown(
    hidden: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, ORGANISATION)
    assert "People are not named here" in words(at)
    assert not any(name in everything(at) for name in NAMES)


def test_the_list_of_people_leaves_out_how_much_they_use_and_says_so(
    hidden: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", PEOPLE)
    assert "How much each of them uses is not shown" in words(at)
    table = next(t.value for t in at.dataframe if "Role" in t.value.columns)
    assert not {"Requests", "Tokens"} & set(table.columns)
