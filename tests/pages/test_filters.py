"""Filters in the address: the same figures for whoever may see them, and what is on no list."""

from __future__ import annotations

import pytest

from screens import figures, open_page, words
from story import yesterday
from web import Web

HOME, ORGANISATION = "pages/footprint.py", "pages/organisation.py"
ACTIVITY = "pages/activity.py"


@pytest.mark.parametrize("person", ["ada", "fin"])
@pytest.mark.parametrize(
    ("query", "cost", "requests"),
    [
        ({"models": "gpt-4o"}, "€0.88", "3"),
        ({"providers": "anthropic"}, "€1.51", "2"),  # 1.505, rounded half up
        ({"teams": "Law & Order"}, "€1.50", "2"),
        ({"teams": "No team"}, "<€0.01", "1"),  # half a cent: 0.005 rounds up
        ({"models": "claude-haiku", "teams": "Law & Order"}, "€1.50", "1"),
    ],
)
def test_a_link_shows_whoever_may_see_it_the_same_figures(
    full: Web,
    monkeypatch: pytest.MonkeyPatch,
    person: str,
    query: dict[str, str],
    cost: str,
    requests: str,
) -> None:
    shown = figures(open_page(monkeypatch, person, ORGANISATION, query))
    assert shown["Requests"] == requests
    assert shown["Cost"] == (cost if cost != "<€0.01" else "€0.01")


def test_home_takes_the_same_filter_of_ones_own_requests(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "bob", HOME, {"models": "mystery-*model*"})
    assert figures(at)["Tokens"] == "100"
    assert figures(at)["Energy"] == "unknown"
    # Beside the others stands only who is shown in full.
    assert "Beside the others" not in words(at)


def test_a_month_has_its_name_in_the_address(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    month = f"{yesterday():%B %Y}"
    at = open_page(monkeypatch, "ann", HOME, {"period": month})
    assert figures(at)["Tokens"] == "3 k"
    assert f"{month} · " in words(at) or f"{yesterday():%Y}" in words(at)


@pytest.mark.parametrize("page", [HOME, ACTIVITY])
def test_a_name_that_is_on_no_list_is_left_out_and_said(
    full: Web, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    # Of Ann's own requests none went to Claude, whatever the organisation has.
    at = open_page(monkeypatch, "ann", HOME, {"models": "claude-haiku", "providers": "<b>x"})
    assert figures(at)["Cost"] == "€0.88"
    [said] = [box.value.replace("\\", "") for box in at.info]
    assert said.startswith("Nothing here is called claude-haiku, <b>x")


@pytest.mark.parametrize(
    "query",
    [
        {"period": "rubbish"},
        {"period": "Custom", "days": "2026-13-45"},
        {"period": "Febtober 2026"},
        {"measure": "Happiness"},
    ],
)
def test_what_an_address_gets_wrong_falls_back_to_what_is_usual(
    full: Web, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    assert figures(open_page(monkeypatch, "ann", HOME, query))["Cost"] == "€0.88"


def test_a_filter_that_nothing_passes_says_so_and_can_be_taken_away(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", ORGANISATION, {"models": "gpt-4o", "teams": "Law & Order"})
    assert "No request passes the filter" in words(at)
    assert not at.metric

    next(button for button in at.button if button.label == "Show everything").click().run()
    assert figures(at)["Cost"] == "€2.38"


def test_the_same_tokens_on_another_model(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "ann", HOME, {"instead": "openai/gpt-4o"})
    [table] = [t.value for t in at.table if "Difference" in t.value.columns]
    rows = [tuple(str(text).replace("\u00a0", " ") for text in row) for row in table.to_numpy()]
    # 3,000 generated tokens at LiteLLM's 10 $ a million are 3 cents, at half a euro 1.5 cents.
    assert rows[0] == ("Cost", "€0.88", "€0.02", "−98%")
    assert rows[1] == ("Energy", "3 kWh (1.5–6 kWh)", "3 kWh (1.5–6 kWh)", "0%")


def test_fewer_than_five_others_are_no_group_to_compare_with(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Fewer than five other people" in words(open_page(monkeypatch, "ann", HOME))
