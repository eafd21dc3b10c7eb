"""My activity: the list, its filters and pages, one request in detail, the file; by role and state."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from footprint.auth.guard import identify
from footprint.data.activity import Cursor, Wanted, every_request, one_request, requests_page
from footprint.data.period import Period
from footprint.finance.activity_csv import COLUMNS, activity_csv
from footprint.ui.formats import Formats
from footprint.ui.request_detail import REASONS
from house import event
from screens import DOWN, buttons, charts, figures, open_page, words
from story import yesterday
from web import Web, cookies_of, email, session_for, sit_at_browser, tell_settings

ACTIVITY = "pages/activity.py"
YEAR = Period(yesterday().date().replace(year=yesterday().year - 1, day=1), yesterday().date())


def my_requests(web: Web, person: str) -> list[Any]:
    return web.database.rows(
        "select event_id::text, model from public.request_logs where user_profile_id ="
        " (select user_id from public.user_profiles where email = %s)"
        " order by started_at desc, event_id desc",
        [email(person)],
    )


def listed(at: AppTest) -> list[str]:
    return list(at.dataframe[0].value["Model"])


def test_a_member_sees_their_own_requests_newest_first(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page(monkeypatch, "bob", ACTIVITY)

    assert figures(at) == {"Requests": "2", "Failed": "0", "Error rate": "0%"}
    table = at.dataframe[0].value
    assert sorted(table["Model"]) == ["claude-haiku", "mystery-*model*"]
    # 3.00 USD at 0.50 € per $; nobody has a price for the other one.
    by_model = table.set_index("Model")
    assert by_model.loc["claude-haiku", "Cost"] == 1.5
    assert by_model.loc["mystery-*model*", ["Cost", "Energy", "Water"]].isna().all()
    assert set(table["Status"]) == {"Succeeded"}
    assert len(charts(at)) == 3
    assert "2 requests, 0 failed (0%)" in charts(at)[0]


def test_filters_come_from_the_address(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page(monkeypatch, "bob", ACTIVITY, {"models": "claude-haiku"})
    assert listed(at) == ["claude-haiku"]
    assert figures(at)["Requests"] == "1"

    at = open_page(monkeypatch, "bob", ACTIVITY, {"status": "Failed"})
    assert not at.dataframe
    assert [box.value for box in at.info] == ["No request passes these filters."]


def test_one_request_shows_how_it_was_derived(full: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = {model: event_id for event_id, model in my_requests(full, "bob")}
    at = open_page(monkeypatch, "bob", ACTIVITY, {"request": requests["claude-haiku"]})

    facts = {row["What"]: row["Figure"] for t in at.table for row in t.value.to_dict("records")}
    plain = {name: fact.replace("\\", "").replace("\u00a0", " ") for name, fact in facts.items()}
    # 2,000 tokens at 1,800 J are 1 kWh, ×/÷ 4; 100 g and 2 L a kWh; a range has two digits.
    assert plain["Energy"] == "1 kWh (90% range 0.3–4 kWh)"
    assert plain["CO₂e"].startswith("100 g (90% range 25–400 g")
    assert plain["Output"] == "2,000"
    assert plain["Cost"] == "€1.50" and plain["In dollars"] == "$3.00"
    assert plain["Grid zone"] == "WOR"
    assert "About this zone" not in plain  # it is not the usual one of this provider
    assert plain["Evidence"] == "derived from the model's published size"
    assert plain["Latency"] == "unknown"

    at = open_page(monkeypatch, "bob", ACTIVITY, {"request": requests["mystery-*model*"]})
    assert REASONS["no_factor"] in words(at)


@pytest.mark.parametrize("asked", ["ann's", "not-an-id"])
def test_a_link_to_somebody_elses_request_shows_nothing(
    full: Web, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    event_id = my_requests(full, "ann")[0][0] if asked == "ann's" else asked
    at = open_page(monkeypatch, "bob", ACTIVITY, {"request": event_id})
    assert [box.value for box in at.info] == ["No request of yours has this id."]
    assert not at.table


@pytest.mark.parametrize("person", ["ada", "fin"])
def test_whoever_made_no_request_is_told_so_whatever_their_role(
    full: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, ACTIVITY)
    assert "Nothing of yours yet" in words(at)
    assert not at.dataframe and not at.metric


@pytest.mark.parametrize("person", ["ann", "ada", "fin"])
def test_an_empty_organisation_has_no_activity(
    empty: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, ACTIVITY)
    assert "Nothing of yours yet" in words(at)


@pytest.mark.parametrize("person", ["ann", "ada", "fin"])
def test_a_database_that_went_down_is_a_sentence_and_a_button(
    full: Web, monkeypatch: pytest.MonkeyPatch, person: str
) -> None:
    at = open_page(monkeypatch, person, ACTIVITY)
    tell_settings(monkeypatch, {**full.environment, "SUPABASE_URL": DOWN})
    st.cache_data.clear()
    at.run()
    assert "does not answer right now" in words(at)
    assert "Try again" in buttons(at)


def test_pages_follow_each_other_without_gap_or_overlap(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = store_many(empty, 451)
    at = open_page(monkeypatch, "ann", ACTIVITY)
    assert figures(at)["Requests"] == "451" and figures(at)["Failed"] == "1"
    first = list(at.dataframe[0].value["Tokens"])
    press(at, "Older")
    second = list(at.dataframe[0].value["Tokens"])
    # Tokens count up with age: the page after the first fifty begins with the fifty-first.
    assert (first[0], first[-1], second[0], second[-1]) == (1, 50, 51, 100)
    press(at, "Newer")
    assert list(at.dataframe[0].value["Tokens"]) == first

    me = sat_down(monkeypatch, "ann")
    everything = list(every_request(me, Wanted(YEAR)))
    assert [request["tokens_used"] for request in everything] == list(range(1, 452))
    assert len({request["event_id"] for request in everything}) == 451
    last = requests_page(me, Wanted(YEAR), Cursor.after(everything[449]))
    assert [request["tokens_used"] for request in last] == [451]
    assert me.user_id == user_id


def test_the_file_holds_every_row_of_the_filter_and_no_formula(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_many(empty, 230)
    me = sat_down(monkeypatch, "ann")
    wanted = Wanted(YEAR, tag="=1+1")
    text = activity_csv(every_request(me, wanted), wanted, "UTC").decode()

    rows = list(csv.reader(io.StringIO(text)))
    about = dict(row for row in rows if row[0].startswith("#"))
    lines = rows[len(about) :]
    assert about["# rows"] == "229" == str(len(lines) - 1)
    assert about["# filter"] == "tag =1+1"
    assert about["# timezone"] == "days in UTC; started_at in UTC"
    assert lines[0] == list(COLUMNS)
    assert all(cell[:1] not in tuple("=+-@") or not cell for line in lines[1:] for cell in line)
    assert {line[COLUMNS.index("tags")] for line in lines[1:]} == {"'=1+1"}
    assert sum(int(line[COLUMNS.index("tokens_used")]) for line in lines[1:]) == 230 * 231 / 2 - 1


def test_what_else_a_request_used_stands_in_its_detail_and_in_the_file(
    empty: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = empty.database.one(
        "select user_id from public.user_profiles where email = %s", [email("ann")]
    )
    used = event(
        user_id=user_id,
        started_at=yesterday().isoformat(),
        service_tier="flex",
        quantities={"web_searches": 2, "pages": 3, "audio_output_tokens": 40, "gpu_seconds": 1.50},
        cost_usd="0.25",
        cost_tools_usd="0.02",
        flags=["tokens_from_total", "unread: magic_tokens"],
        tags=[f"t{n}" for n in range(21)],
    )
    usual = event(user_id=user_id, started_at=yesterday().isoformat(), flags=["tokens_unread"])
    empty.database.store(used, usual)
    at = open_page(monkeypatch, "ann", ACTIVITY, {"request": used["event_id"]})

    facts = {row["What"]: row["Figure"] for t in at.table for row in t.value.to_dict("records")}
    plain = {name: fact.replace("\\", "").replace("\u00a0", " ") for name, fact in facts.items()}
    assert (plain["Pages read"], plain["Web searches"]) == ("3", "2")
    assert (plain["Audio spoken, tokens"], plain["Time on a GPU, seconds"]) == ("40", "1.5")
    assert (plain["Tier"], plain["Of it for tools"]) == ("flex", "$0.02")
    text = words(at)
    assert "Also used" in text and REASONS["not_text"] in text
    for said in ("cut", "magic_tokens was reported, but is not understood", "Only a total"):
        assert said in text.replace("\\", ""), said

    at = open_page(monkeypatch, "ann", ACTIVITY, {"request": usual["event_id"]})
    assert "Also used" not in words(at)
    assert "Tier" not in {row for t in at.table for row in t.value["What"]}
    assert REASONS["tokens_unread"] in words(at)

    wanted = Wanted(YEAR)
    content = activity_csv(every_request(sat_down(monkeypatch, "ann"), wanted), wanted, "UTC")
    rows = list(csv.reader(io.StringIO(content.decode())))
    lines = [dict(zip(COLUMNS, row, strict=True)) for row in rows if len(row) == len(COLUMNS)]
    line = next(line for line in lines if line["event_id"] == used["event_id"])
    assert line["quantities"] == "audio_output_tokens=40; gpu_seconds=1.5; pages=3; web_searches=2"
    assert (line["service_tier"], line["cost_tools_usd"]) == ("flex", "0.02")
    assert line["flags"] == "cut: tags; tokens_from_total; unread: magic_tokens"
    line = next(line for line in lines if line["event_id"] == usual["event_id"])
    assert (line["service_tier"], line["quantities"], line["cost_tools_usd"]) == ("", "", "")


def test_less_than_a_cent_is_written_out() -> None:
    english, german = Formats.of("en"), Formats.of("de")
    assert english.fine_money(0.00423) == "€0.0042"
    assert german.fine_money(0.00423, "USD").replace("\u00a0", " ") == "0,0042 $"
    assert [english.fine_money(value) for value in (0, 0.01, 1.5, None)] == [
        "€0.00",
        "€0.01",
        "€1.50",
        "unknown",
    ]


def test_a_request_of_somebody_else_cannot_be_asked_for(
    full: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    anns = my_requests(full, "ann")[0][0]
    assert one_request(sat_down(monkeypatch, "ann"), anns) is not None
    assert one_request(sat_down(monkeypatch, "ada"), anns) is None
    assert list(every_request(sat_down(monkeypatch, "ada"), Wanted(YEAR))) == []


def store_many(web: Web, count: int) -> str:
    """Store requests of Ann's, a second apart, the newest with one token; the newest failed."""
    user_id = str(
        web.database.one(
            "select user_id from public.user_profiles where email = %s", [email("ann")]
        )
    )
    at = yesterday()
    web.database.store(
        *(
            event(
                started_at=at.replace(
                    hour=11, minute=59 - number // 60, second=59 - number % 60
                ).isoformat(),
                user_id=user_id,
                attribution="verified",
                status="failure" if number == 0 else "success",
                error_class="RateLimitError" if number == 0 else None,
                tokens_input_uncached=0,
                tokens_output_text=number + 1,
                tags=["x"] if number == 0 else ["=1+1"],
            )
            for number in range(count)
        )
    )
    return user_id


def sat_down(monkeypatch: pytest.MonkeyPatch, person: str) -> Any:
    sit_at_browser(monkeypatch, cookies_of(session_for(person)))
    me = identify()
    assert me is not None
    return me


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception, at.exception[0].message
