"""What became of sent requests, as admins read it: stored, sent again, refused, and ended after all."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from house import Database, event


def quality(database: Database) -> dict[str, Any]:
    answer = database.one("select public.ingest_quality()", actor="admin")
    assert isinstance(answer, dict)
    return answer


@pytest.mark.parametrize("actor", ["member", "finance"])
def test_only_admins_ask(module_database: Database, actor: str) -> None:
    with pytest.raises(psycopg.DatabaseError) as refusal:
        module_database.one("select public.ingest_quality()", actor=actor)
    assert refusal.value.sqlstate == "PT403"


def test_nothing_sent_is_nothing_counted(any_database: Database) -> None:
    found = quality(any_database)
    assert found.pop("since") is None
    assert set(found) == {"sources", "days", "rejections", "flags"} and not any(found.values())


def test_requests_duplicates_and_rejections_are_counted_by_source(any_database: Database) -> None:
    one, two = event(source="proxy"), event(source="proxy", started_at="2026-10-17T10:00:00Z")
    any_database.store(one, two, event(source="sdk"), event(source="what I like"))
    any_database.store(one, two)
    bad = event(source="proxy", tokens_output_text=-1, started_at="2026-10-30T10:00:00Z")
    any_database.store(one, bad)
    answer = quality(any_database)
    found = {
        s["source"]: (s["requests"], s["duplicates"], s["rejected"]) for s in answer["sources"]
    }
    assert found == {"proxy": (2, 3, 1), "sdk": (1, 0, 0), "other": (1, 0, 0)}
    [proxy] = [s for s in answer["sources"] if s["source"] == "proxy"]
    assert proxy["last_event_at"] == "2026-10-17T10:00:00+00:00"
    assert len(answer["days"]) == 3
    [rejection] = answer["rejections"]
    assert rejection.pop("at") is not None
    assert rejection == {
        "source": "proxy",
        "reason": "a token count is negative",
        "count": 1,
        "example": f"{bad['event_id']} gpt-4o",
    }


def test_reasons_add_up_and_the_last_example_is_shown(any_database: Database) -> None:
    for name in ("first", "second"):
        any_database.store(event(event_id=name, model="m"), event(event_id=name, model=""))
    any_database.store("no event")
    reasons = {(r["reason"], r["source"]): r for r in quality(any_database)["rejections"]}
    found = reasons["event_id is not a UUID", "api"]
    assert (found["count"], found["example"]) == (4, "second m")
    assert reasons["the event is not a JSON object", "api"]["count"] == 1


def test_flags_of_stored_requests_are_counted_by_source_and_those_of_a_copy_are_not(
    any_database: Database,
) -> None:
    cut = event(source="proxy", user_id="x" * 201, tags=[f"t{n}" for n in range(21)])
    unread = [event(source="sdk", flags=["unread: magic_tokens", ""]) for _ in range(3)]
    any_database.store(cut, *unread)
    any_database.store(cut)
    any_database.store(event(source="what I like", user_id="x" * 201, cost_usd="-1"))
    found = quality(any_database)["flags"]
    assert [(f["source"], f["flag"], f["count"]) for f in found] == [
        ("sdk", "unread: magic_tokens", 3),
        ("proxy", "cut: tags", 1),
        ("proxy", "cut: user_id", 1),
    ]
    assert all(f["at"] is not None for f in found)


CALL = {"litellm_call_id": "call-1", "cost_usd": None}
ABANDONED = {**CALL, "status": "abandoned", "started_at": "2026-10-15T10:00:00.004Z"}


def long_call(**more: Any) -> dict[str, Any]:
    return event(**CALL, started_at="2026-10-15T10:00:00Z", latency_s=900, **more)


def statuses(database: Database) -> list[str]:
    return [row[0] for row in database.rows("select status from public.request_logs order by 1")]


@pytest.mark.parametrize("order", ["abandoned first", "end first", "together"])
def test_a_call_that_ends_after_all_is_the_one_event(any_database: Database, order: str) -> None:
    given_up = event(**ABANDONED)
    if order == "together":
        any_database.store(long_call(), given_up)
    else:
        first, then = (given_up, long_call())[:: 1 if order == "abandoned first" else -1]
        any_database.store(first)
        any_database.store(then)
    assert statuses(any_database) == ["success"]
    any_database.store(given_up)  # a copy of it comes late
    assert statuses(any_database) == ["success"]
    assert any_database.rollup_differences() == 0


def test_an_earlier_attempt_of_the_same_call_is_not_its_end(any_database: Database) -> None:
    """A fallback has the same LiteLLM call id; it began after the first attempt had failed."""
    failed = event(**CALL, status="failure", started_at="2026-10-15T10:00:00Z", latency_s=2)
    fallback = event(**{**ABANDONED, "started_at": "2026-10-15T10:00:02.100Z"})
    any_database.store(failed)
    any_database.store(fallback)
    assert statuses(any_database) == ["abandoned", "failure"]


def test_another_call_and_one_of_unknown_length_are_not_its_end(any_database: Database) -> None:
    any_database.store(event(**ABANDONED))
    any_database.store(event(**{**CALL, "litellm_call_id": "call-2"}, latency_s=900))
    any_database.store(event(**CALL, started_at="2026-10-15T10:00:00Z", latency_s=None))
    assert statuses(any_database) == ["abandoned", "success", "success"]


def test_a_sender_that_makes_up_flags_and_reasons_fills_no_table(any_database: Database) -> None:
    for batch in range(3):
        events = [
            event(flags=[f"unread: {batch}.{n}.{k}" for k in range(20)]) for n in range(100)
        ] + [event(quantities={f"unit_{batch}_{n}": -1}) for n in range(300)]
        any_database.store(*events)
    found = quality(any_database)
    assert sum(row["count"] for row in found["flags"]) == 3 * 100 * 20
    assert sum(row["count"] for row in found["rejections"]) == 900
    for name, word in (("flags", "flag"), ("rejections", "reason")):
        assert len(found[name]) <= 202
        assert "other" in {row[word] for row in found[name]}
