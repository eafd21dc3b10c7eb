"""A part of a page that cannot be had says so and offers to try again; the rest of the page stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st

from screens import buttons, figures, open_page, words
from web import Web

HOME, ORGANISATION, ACTIVITY = (
    f"pages/{name}.py" for name in ("footprint", "organisation", "activity")
)
# A question that a page asks → who opens which page, the part that is missing, a card that stands.
PARTS = {
    "latency_spread": ("ada", ORGANISATION, "How it runs", "People active"),
    "usage_by_tag": ("ada", ORGANISATION, "Teams and tags", "Error rate"),
    "attention": ("fin", HOME, "What needs attention", "People active"),
    "my_peers": ("ann", HOME, "Your place among the others", "Cost"),
    "my_requests": ("ann", ACTIVITY, "Requests", "Failed"),
}


@pytest.fixture
def without(full: Web, request: pytest.FixtureRequest) -> Iterator[str]:
    """A function of the database that nobody may call for the time of a test."""
    [named] = full.database.rows(
        "select format('%%I.%%I(%%s)', 'public', proname, pg_get_function_identity_arguments(oid))"
        " from pg_proc where pronamespace = 'public'::regnamespace and proname = %s",
        [request.param],
    )
    full.database.execute(f"revoke execute on function {named[0]} from authenticated")
    yield request.param
    full.database.execute(f"grant execute on function {named[0]} to authenticated")
    st.cache_data.clear()


@pytest.mark.parametrize("without", PARTS, indirect=True)
def test_the_rest_stands_and_a_second_try_succeeds(
    full: Web, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    person, page, part, stands = PARTS[without]
    at = open_page(monkeypatch, person, page)
    assert f"{part} could not be shown." in words(at)
    assert words(at).count("could not be shown") == 1
    assert buttons(at).count("Try again") == 1
    assert stands in figures(at)

    full.database.execute("grant execute on all functions in schema public to authenticated")
    next(button for button in at.button if button.label == "Try again").click().run()
    assert "could not be shown" not in words(at)
    assert "Try again" not in buttons(at)
    assert stands in figures(at)
