"""The page Grid zones: where requests are computed, and what an administrator says of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from house import event
from screens import open_page, words
from web import Web

ZONES = "pages/grid_zones.py"


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click()
    at.run()


def choose(at: AppTest, label: str, value: object) -> None:
    next(box for box in at.selectbox if box.label == label).set_value(value)
    if label != "Zone":  # what is within the form counts once it is sent
        at.run()


@pytest.fixture
def seen(empty: Web) -> Web:
    """An organisation with one deployment in Paris."""
    now = datetime.now(UTC).isoformat()
    empty.database.store(
        event(started_at=now, provider="bedrock", region="eu-west-3", model="amazon.nova-pro-v1:0")
    )
    return empty


def test_only_administrators_come_in(seen: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "fin", ZONES)
    assert not at.dataframe and not at.selectbox


def test_an_administrator_sees_who_says_the_zone_and_decides_otherwise(
    seen: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", ZONES)
    row = at.dataframe[0].value.iloc[0]
    assert (row["Zone"], row["Zone said by"]) == ("France (FRA)", "its cloud region")
    assert "Nothing yet" in words(at)
    choose(at, "Provider", "bedrock")
    choose(at, "Deployment", "eu-west-3")
    choose(at, "Zone", "SWE")
    next(box for box in at.text_input if box.label == "Source").set_value("our contract")
    press(at, "Use this zone")
    said = at.success[0].value.replace("\\", "")
    assert "New requests of bedrock (eu-west-3) compute in Sweden (SWE)" in said
    row = at.dataframe[0].value.iloc[0]
    assert (row["Zone"], row["Zone said by"]) == ("Sweden (SWE)", "an administrator")
    decided = at.dataframe[1].value.iloc[0]
    assert (decided["Deployment"], decided["Source"]) == ("eu-west-3", "our contract")
    who = "select p.email from public.zone_overrides z join public.user_profiles p on p.user_id = created_by"
    assert seen.database.one(who) == "ada@example.net"


def test_a_zone_that_is_assumed_stands_beside_what_is_not_known_of_it(
    seen: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC).isoformat()
    claude = event(started_at=now, provider="anthropic", model="claude-sonnet-4-5")
    in_eu = event(started_at=now, provider="azure", region="eu")
    nowhere = event(started_at=now, provider="azure", region="atlantis")
    seen.database.store(claude, in_eu, nowhere)
    table = open_page(monkeypatch, "ada", ZONES).dataframe[0].value
    rows = {str(row["Region"]): row for row in table.to_dict("records")}
    assert rows["unknown"]["Zone said by"] == "the provider's usual one"
    assert "gas turbines" in rows["unknown"]["What is not known"]
    assert rows["eu"]["Zone"] == "Europe on average (EEE)"
    assert rows["eu"]["Zone said by"] == "a region of several countries: a mean"
    assert rows["atlantis"]["Zone said by"] == "the provider's usual one: its region is not known"
    assert rows["eu-west-3"]["What is not known"] == ""


def test_what_was_decided_can_be_taken_back(seen: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen.database.execute("insert into public.zone_overrides values ('bedrock', '', 'POL', 'x')")
    at = open_page(monkeypatch, "ada", ZONES)
    assert at.dataframe[0].value.iloc[0]["Zone"] == "Poland (POL)"
    box = next(box for box in at.selectbox if box.label == "Take one back")
    box.select_index(0)
    press(at, "Take it back")
    assert "say the zone again" in at.success[0].value
    assert at.dataframe[0].value.iloc[0]["Zone"] == "France (FRA)"
    assert seen.database.one("select count(*) from public.zone_overrides") == 0


@pytest.mark.parametrize(
    ("filled", "sentence"),
    [
        ({}, "Choose or type a provider"),
        ({"Provider": "bedrock"}, "Choose the zone"),
        ({"Provider": "bedrock", "Zone": "SWE"}, "Say where it is known from"),
    ],
)
def test_a_decision_needs_provider_zone_and_source(
    seen: Web, monkeypatch: pytest.MonkeyPatch, filled: dict[str, str], sentence: str
) -> None:
    at = open_page(monkeypatch, "ada", ZONES)
    for label, value in filled.items():
        choose(at, label, value)
    press(at, "Use this zone")
    assert sentence in at.error[0].value
    assert seen.database.one("select count(*) from public.zone_overrides") == 0


def test_an_organisation_without_requests_can_decide_beforehand(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", ZONES)
    assert "counts once they come" in at.info[0].value
    choose(at, "Provider", "openai")
    choose(at, "Zone", "DEU")
    next(box for box in at.text_input if box.label == "Source").set_value("a letter")
    press(at, "Use this zone")
    assert empty.database.rows("select provider, deployment, zone from public.zone_overrides") == [
        ("openai", "", "DEU")
    ]
