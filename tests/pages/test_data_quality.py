"""The page Data quality: what the records lack, and each remedy from the page itself."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from footprint.config import get_settings
from footprint.ingest.recorder import open_recorder
from house import event
from screens import DOWN, buttons, figures, open_page, words
from story import MYSTERY, yesterday
from web import Web, email, tell_settings

QUALITY = "pages/data_quality.py"
PRESS = "See what that makes"


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception, at.exception[0].message


def said(at: AppTest) -> str:
    kinds = (at.success, at.info, at.warning, at.error)
    return "\n".join(str(box.value) for kind in kinds for box in kind).replace("\\", "")


def table(at: AppTest, column: str) -> list[str]:
    frame = next(frame.value for frame in at.dataframe if column in frame.value.columns)
    return [str(value) for value in frame[column]]


def id_of(web: Web, person: str) -> str:
    query = "select user_id from public.user_profiles where email = %s"
    return str(web.database.one(query, [email(person)]))


@pytest.mark.parametrize("person", ["ann", "fin"])
def test_it_is_for_admins(full: Web, monkeypatch: pytest.MonkeyPatch, person: str) -> None:
    at = open_page(monkeypatch, person, QUALITY)
    assert "not for your account" in words(at)
    assert not at.dataframe


def test_coverage_and_every_gap_stand_with_their_remedy(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", QUALITY)
    # Of yesterday's six requests one has neither price nor factor (100 of 7,100 tokens) and one no
    # person (2,000 tokens, half a cent of 2.38 €).
    assert figures(at) == {"Priced": "83%", "Measured": "83%", "Attributed": "83%"}
    text = words(at)
    for note in (
        "of 6 billable requests",
        "of 6 measurable requests",
        "99% of tokens",
        "72% of tokens",
        "100% of known cost",
        "99.8% of known cost",
        "Not checked in this visit",
    ):
        assert note in text, note
    assert f"The impact of 1 request (100 tokens) is unknown: {MYSTERY[1]}" in said(at)
    assert "1 request with neither a person nor a chat session: have the caller" in said(at)
    assert table(at, "Model") == [MYSTERY[1]]
    links = [link.proto.page for link in at.get("page_link")]
    assert "model_mapping" in links
    assert {"Check the sums", PRESS} <= set(buttons(at))
    assert "All good" not in said(at)
    assert "could not be shown" not in text


def test_where_nothing_is_missing_all_is_good(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "ada", QUALITY)
    assert "All good" in said(at)
    assert "Nothing was recorded in these days" in said(at)


def test_a_service_that_is_down_is_said_once(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "ada", QUALITY)
    tell_settings(monkeypatch, full.environment | {"SUPABASE_URL": DOWN})
    st.cache_data.clear()
    at.run()
    assert not at.exception
    assert "A service is not answering" in words(at)


def test_a_part_that_fails_says_so_and_the_rest_stands(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    revoked = "execute on function public.unpriced_models()"
    empty.database.execute(f"revoke {revoked} from authenticated")
    at = open_page(monkeypatch, "ada", QUALITY)
    assert "Requests without a price could not be shown." in words(at)
    assert words(at).count("could not be shown") == 1
    assert "Every model has a factor." in said(at)
    assert "Every request belongs to a person." in said(at)
    assert "All good" not in said(at)

    empty.database.execute(f"grant {revoked} to authenticated")
    press(at, "Try again")
    assert "could not be shown" not in words(at)
    assert "Every billed request has a price." in said(at)


def test_a_price_is_previewed_then_stored_and_a_known_one_stays(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.execute("insert into public.fx_rates values ('2000-01-01', 0.5, 'test')")
    unpriced = {"provider": "acme", "model": "m", "cost_usd": None, "price_source": None}
    at_noon = {"started_at": yesterday().isoformat()}
    empty.database.store(
        event(**unpriced, **at_noon), event(**unpriced, **at_noon), event(**at_noon)
    )
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Requests") == ["2"]

    press(at, PRESS)
    assert "Say where the price is known from" in said(at)
    for label, value in (("Input", 2.0), ("Output, reasoning included", 10.0)):
        next(field for field in at.number_input if field.label == label).set_value(value)
    next(field for field in at.text_input if field.label == "Source").set_value("contract")
    press(at, PRESS)
    # Twice 1,000 × 2 + 200 × 10 millionths of a dollar.
    assert "2 requests would cost $0.01 (<€0.01 at the rate of each day)" in said(at)
    rows = "select cost_usd, price_source from public.request_logs order by cost_usd, event_id"
    assert empty.database.rows(rows)[-1] == (None, None)

    press(at, "Store these prices")
    assert "2 requests of m got a price." in said(at)
    assert "Every billed request has a price." in said(at)
    assert empty.database.rows(rows) == [
        *[(Decimal("0.004"), "back-filled: contract")] * 2,
        (Decimal("0.0045"), "test"),
    ]


ZERO = {"provider": "acme", "model": "m", "cost_usd": "0", "price_source": "litellm 1.80.0"}


def test_a_zero_that_nobody_set_is_shown_and_made_unknown(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_noon = {"started_at": yesterday().isoformat()}
    known = event(**at_noon, **ZERO | {"price_source": "litellm 1.106.2, a price of 0"})
    empty.database.store(event(**ZERO, **at_noon), event(**ZERO, **at_noon), known)
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Requests at 0") == ["2"]
    assert table(at, "Price from") == ["litellm 1.80.0"]
    assert "2 requests with 2.40\xa0k tokens, on 1 day" in said(at)
    assert "No sum of costs changes" in said(at)
    assert "Every billed request has a price." in said(at)
    assert "All good" not in said(at)
    zeros = "select count(*) from public.request_logs where cost_usd = 0"
    assert empty.database.one(zeros) == 3

    press(at, "It is not: the cost is unknown")
    assert "The cost of 2 requests of m is unknown now." in said(at)
    assert "Every cost of 0 is one that somebody set." in said(at)
    assert table(at, "Requests") == ["2"]  # without a price
    assert empty.database.one(zeros) == 1
    assert empty.database.rollup_differences() == 0


def test_a_zero_of_a_free_model_stays_and_is_asked_about_once(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_noon = {"started_at": yesterday().isoformat()}
    pages = ZERO | {"model": "pages", "tokens_input_uncached": None, "tokens_output_text": None}
    empty.database.store(event(**ZERO, **at_noon), event(**pages, **at_noon))
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Requests at 0") == ["1", "1"]

    press(at, "It is free: 0 is right")
    assert "m is free: 1 request stays at 0." in said(at)
    assert table(at, "Requests at 0") == ["1"]
    assert "1 request, on 1 day" in said(at)
    press(at, "It is free: 0 is right")
    assert "Every cost of 0 is one that somebody set." in said(at)
    assert empty.database.one("select count(*) from public.request_logs where cost_usd = 0") == 2


TOKENLESS = {
    **{"provider": "acme", "model": "ocr", "cost_usd": None, "price_source": None},
    **{"tokens_input_uncached": None, "tokens_output_text": None},
}


def choose(at: AppTest, label: str, option: str) -> None:
    next(box for box in at.selectbox if box.label == label).select(option).run()
    assert not at.exception, at.exception[0].message


def fill(at: AppTest, label: str, value: float) -> None:
    next(field for field in at.number_input if field.label == label).set_value(value)


def say_source(at: AppTest) -> None:
    next(field for field in at.text_input if field.label == "Source").set_value("contract")


def test_what_has_no_tokens_is_priced_by_its_unit(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.execute("insert into public.fx_rates values ('2000-01-01', 0.5, 'test')")
    at_noon = {"started_at": yesterday().isoformat()}
    pages = {"quantities": {"pages": 3}}
    empty.database.store(
        *(event(**TOKENLESS, **pages, **at_noon) for _ in range(3)),
        event(**TOKENLESS, **pages, **at_noon, service_tier="batch"),
        *(event(**TOKENLESS, quantities={"characters": 500}, **at_noon) for _ in range(2)),
        event(**TOKENLESS, **at_noon),
    )
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Billed by") == [
        *("Pages read", "Characters", "Nothing that is known", "Pages read"),
    ]
    assert table(at, "Amount") == ["9", "1,000", "–", "3"]
    assert table(at, "Tier") == ["usual", "usual", "usual", "batch"]
    [box] = [box for box in at.selectbox if box.label == "What to price"]
    assert box.options == ["Pages read", "Characters", "Pages read (batch)"]
    assert not [field for field in at.number_input if field.label == "Input"]
    assert "here a price is for tokens" not in words(at)

    fill(at, "USD per page", 0.001)
    say_source(at)
    press(at, PRESS)
    assert (
        "3 requests would cost $0.01 (<€0.01 at the rate of each day). Nothing is stored yet. "
        "Left without a price: 4. Of these, 2 used characters, whose price is not given; "
        "1 had another tier of service; 1 said nothing of what they used."
    ) in said(at)
    press(at, "Store these prices")
    assert "3 requests of ocr got a price." in said(at)
    costs = "select cost_usd, count(*) from public.request_logs where cost_usd is not null group by 1 order by 1"
    assert empty.database.rows(costs) == [(Decimal("0.003"), 3)]

    # Characters by the million, as their providers state it: 500 at 15 $ are 0.0075 $ each.
    choose(at, "What to price", "Characters")
    fill(at, "USD per million characters", 15.0)
    say_source(at)
    press(at, PRESS)
    press(at, "Store these prices")
    assert empty.database.rows(costs) == [(Decimal("0.003"), 3), (Decimal("0.0075"), 2)]
    assert empty.database.rollup_differences() == 0


def test_tokens_of_a_tier_get_a_price_of_that_tier_alone(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_noon = {"started_at": yesterday().isoformat(), "cost_usd": None}
    hour = {"tokens_cache_write": 100, "quantities": {"cache_write_1h_tokens": 100}}
    empty.database.store(
        *(event(**at_noon) for _ in range(3)),
        event(**at_noon, **hour),
        event(**at_noon, quantities={"web_searches": 1}),
        event(**at_noon, service_tier="flex"),
        event(**at_noon, service_tier="flex"),
    )
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Billed by") == ["Text tokens", "Text tokens", "Text tokens + web searches"]
    assert len(at.number_input) == 5
    press(at, PRESS)
    assert "4 requests would cost" in said(at)
    assert "1 used web searches, whose price is not given" in said(at)

    choose(at, "What to price", "Text tokens (flex)")
    # What is listed is the usual tier's price.
    assert [field.value for field in at.number_input] == [0, 0, 0, 0]
    fill(at, "Input", 1.0)
    say_source(at)
    press(at, PRESS)
    assert "2 requests would cost" in said(at)
    press(at, "Store these prices")
    assert (
        empty.database.rows(
            "select service_tier, cost_usd from public.request_logs where cost_usd is not null"
        )
        == [("flex", Decimal("0.001"))] * 2
    )
    assert empty.database.rollup_differences() == 0


def test_what_no_single_price_fits_is_said_and_has_no_form(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_noon = {"started_at": yesterday().isoformat()}
    empty.database.store(event(**TOKENLESS, **at_noon, flags=["tokens_unread"]))
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Billed by") == ["Usage that is not understood"]
    assert "their cost stays unknown" in said(at)
    assert PRESS not in buttons(at)


def test_a_listed_model_begins_with_its_listed_price(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.store(event(cost_usd=None, started_at=yesterday().isoformat()))
    at = open_page(monkeypatch, "ada", QUALITY)
    prices = {field.label: field.value for field in at.number_input}
    # gpt-4o: 2.50 $ in, 1.25 $ cached, 10 $ out in LiteLLM's list.
    assert prices == {
        "Input": 2.5,
        "Read from a cache": 1.25,
        "Written to a cache": 2.5,
        "Output, reasoning included": 10.0,
    }


def test_a_session_is_given_to_a_person(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at_noon = yesterday().isoformat()
    empty.database.store(
        *(event(user_id=None, session_id="chat-7", started_at=at_noon) for _ in range(2)),
        event(user_id=None, started_at=at_noon),
    )
    at = open_page(monkeypatch, "ada", QUALITY)
    assert table(at, "Session") == ["chat-7"]
    assert "3 requests without a person. 2 in chat sessions" in said(at)

    next(field for field in at.text_input if field.label == "Find the person").set_value("bob@")
    at.run()
    box = next(box for box in at.selectbox if box.label == "Whose it is")
    box.select(box.options[0]).run()
    press(at, "Map the session")
    assert "Mapped: 2 requests went to Bob" in said(at)
    mine = "select count(*) from public.request_logs where user_profile_id = %s"
    assert empty.database.one(mine, [id_of(empty, "bob")]) == 2
    assert "1 request with neither a person nor a chat session" in said(at)


def test_sums_that_differ_are_found_and_rebuilt(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty.database.store(event(started_at=yesterday().isoformat()))
    at = open_page(monkeypatch, "ada", QUALITY)
    press(at, "Check the sums")
    assert "every sum is what the requests say" in said(at)

    empty.database.execute("update public.usage_org_daily set cost_eur = 7")
    press(at, "Check the sums")
    # The day of the organisation, and nobody's month, which is what the organisation has beyond people.
    assert "sums not as the requests say (the organisation by day" in said(at)
    press(at, "Rebuild them")
    assert "every sum is right again" in said(at)
    assert empty.database.rollup_differences() == 0


def test_what_waits_on_disk_is_told(
    empty: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FOOTPRINT_SPOOL_DIR", str(tmp_path))
    get_settings.cache_clear()
    recorder = open_recorder(get_settings())
    for _ in range(3):
        recorder.spool.append(json.dumps(event(), separators=(",", ":")).encode())
    try:
        at = open_page(monkeypatch, "ada", QUALITY)
        assert "3 requests on the way, the oldest for less than a minute." in words(at)
    finally:
        recorder.courier.stop(0.0)


def test_senders_duplicates_and_rejections_stand_with_their_reasons(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = event(source="proxy")
    empty.database.store(once, event(source="sdk", cost_usd="-1"))
    empty.database.store(once)
    at = open_page(monkeypatch, "ada", QUALITY)
    senders = next(frame.value for frame in at.dataframe if "Rejected" in frame.value.columns)
    rows = senders.set_index("From")[["Stored", "Duplicates refused", "Rejected"]]
    assert list(rows.loc["LiteLLM proxy"]) == [1, 1, 0]
    assert list(rows.loc["Python programs"]) == [0, 0, 1]
    assert table(at, "Why") == ["cost_usd is negative"]
    assert "All good" not in said(at)

    empty.database.execute(
        "update private.ingest_counts set last_received_at = now() - interval '4 days'"
    )
    empty.database.execute("truncate private.ingest_rejections")
    at.run()
    assert "LiteLLM proxy: nothing since" in said(at)
    assert "Python programs: nothing since" in said(at)
    assert not [frame for frame in at.dataframe if "Why" in frame.value.columns]


def test_what_was_cut_or_not_understood_is_said_in_words(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "ada", QUALITY)
    assert "Cut or not understood" not in words(at)
    long = {"user_id": "x" * 201, "started_at": yesterday().isoformat()}
    empty.database.store(
        *(event(source="proxy", **long) for _ in range(2)),
        event(source="sdk", flags=["unread: magic_tokens"], started_at=long["started_at"]),
    )
    at.run()
    assert "Cut or not understood in the last 30 days" in words(at)
    flags = next(frame.value for frame in at.dataframe if "What" in frame.value.columns)
    assert [tuple(row) for row in flags[["What", "From", "Requests"]].itertuples(index=False)] == [
        ("The id of its person was cut to 200 characters.", "LiteLLM proxy", 2),
        ("magic_tokens was reported, but is not understood.", "Python programs", 1),
    ]
    assert "All good" not in said(at)
