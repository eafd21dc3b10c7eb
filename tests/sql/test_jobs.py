"""One provider's job, one request: whatever events come of it, in whatever order and by whatever way."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

import pytest

from house import Database, event

ANSWERED = ":answered"
JOB = "response:0123456789abcdef0123456789abcdef"
NOT_ENDED = "unknown: the job has not ended"
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("tokens_input_uncached", "tokens_cache_read", "tokens_cache_write")),
    **dict.fromkeys(("tokens_output_text", "tokens_reasoning", "cost_usd", "user_id")),
}


def made(**more: Any) -> dict[str, Any]:
    """Return the event of the call that created a job."""
    return event(
        **NOTHING
        | {"job_id": JOB, "flags": ["job_open"], "price_source": NOT_ENDED, "latency_s": 0.2}
        | {"user_id": "ann", "attribution": "declared", "session_id": "chat", "tags": ["a"]}
        | {"litellm_call_id": "made", "team": "makers", "model_group": "group"}
        | more
    )


def read(phase: str, **more: Any) -> dict[str, Any]:
    """Return what reading a job gives: ``open``, ``ended`` or ``done``; the same id each time."""
    flags = ["job_open", "job_read"] if phase == "open" else ["job_read"]
    ids = {"open": "1", "ended": "2", "done": "3"}
    known = {"tokens_input_uncached": 200, "tokens_output_text": 40, "cost_usd": "0.00142"}
    return event(
        **NOTHING
        | {"event_id": f"00000000-0000-5000-8000-00000000000{ids[phase]}", "job_id": JOB}
        | {"started_at": "2026-10-15T10:00:01+00:00", "flags": flags, "user_id": "bob"}
        | {"attribution": "verified", "price_source": NOT_ENDED if phase == "open" else "test"}
        | (known if phase == "done" else {})
        | more
    )


def row(database: Database) -> dict[str, Any]:
    """Return the one request there is, without what differs from run to run."""
    found = database.rows("select to_jsonb(r) - 'created_at' from public.request_logs r")
    assert len(found) == 1, found
    assert database.rollup_differences() == 0
    one = found[0][0]
    assert isinstance(one, dict)
    return one


def clear(database: Database) -> None:
    database.execute("delete from public.request_logs where true")
    database.execute("delete from private.ingest_counts where true")


def counted(database: Database) -> int:
    return int(database.one("select sum(requests) from private.ingest_counts"))


def test_a_job_is_one_request_in_whatever_order_its_events_come(any_database: Database) -> None:
    events = [made(), read("open"), read("ended"), read("done")]
    rows = []
    for order in itertools.permutations(events):
        answers = [any_database.store(each) for each in order]
        rows.append(row(any_database))
        assert sum(answer["inserted"] for answer in answers) == 1
        assert counted(any_database) == 1
        clear(any_database)
    assert all(each == rows[0] for each in rows)
    assert rows[0]["tokens_used"] == 240 and float(rows[0]["cost_usd"]) == 0.00142
    # Bob read it; Ann made it.
    assert (rows[0]["user_profile_id"], rows[0]["attribution"]) == ("ann", "declared")
    assert (rows[0]["team"], rows[0]["session_id"], rows[0]["tags"]) == ("makers", "chat", ["a"])
    assert (rows[0]["litellm_call_id"], rows[0]["model_group"]) == ("made", "group")
    assert (rows[0]["flags"], rows[0]["started_at"]) == (None, "2026-10-15T10:00:00+00:00")


def test_a_job_is_one_request_in_whatever_batches_its_events_come(database: Database) -> None:
    a, b, c = made(), read("open"), read("done")
    rows = []
    for batches in ([[a, b, c]], [[c, a], [b]], [[b], [c, a]], [[c], [b, a]], [[b, c], [a]]):
        inserted = sum(database.store(*batch)["inserted"] for batch in batches)
        assert inserted == 1
        rows.append(row(database))
        assert [database.store(*batch)["inserted"] for batch in batches] == [0] * len(batches)
        assert row(database) == rows[-1]
        clear(database)
    assert all(each == rows[0] for each in rows)


def test_polling_five_times_adds_nothing(database: Database) -> None:
    database.store(made())
    answers = [database.store(read("open")) for _ in range(4)] + [database.store(read("done"))]
    assert [answer["inserted"] for answer in answers] == [0] * 5
    assert row(database)["tokens_used"] == 240


def test_events_of_a_job_that_come_at_once_by_two_connections_make_one_request(
    database: Database,
) -> None:
    for _ in range(10):
        events = [made(), read("open"), read("ended"), read("done")]
        ready = threading.Barrier(len(events))

        def store(one: dict[str, Any], ready: threading.Barrier = ready) -> None:
            ready.wait()
            database.store(one)

        threads = [threading.Thread(target=store, args=(each,)) for each in events]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = row(database)
        assert (found["tokens_used"], found["user_profile_id"]) == (240, "ann")
        clear(database)


def test_a_job_that_was_made_elsewhere_is_the_request_of_who_read_it(database: Database) -> None:
    database.store(read("open"), read("done"))
    found = row(database)
    assert (found["user_profile_id"], found["tokens_used"]) == ("bob", 240)
    assert found["flags"] == ["job_read"]


def test_a_job_that_nobody_is_named_to_have_made_is_of_who_read_it(database: Database) -> None:
    database.store(made(user_id=None, attribution="none"))
    database.store(read("done"))
    found = row(database)
    assert (found["user_profile_id"], found["attribution"]) == ("bob", "verified")
    assert found["session_id"] == "chat"


@pytest.mark.parametrize("status", ["failure", "cancelled"])
@pytest.mark.parametrize("made_first", [True, False])
def test_a_job_that_ended_without_success_has_that_status(
    database: Database, status: str, made_first: bool
) -> None:
    # A film is priced when it is asked for; it failed, so that price is not what it cost.
    film = made(cost_usd="0.4", price_source="litellm", quantities={"video_seconds": 4})
    ended = read("ended", status=status, price_source="unknown: broke off, may be billed")
    for each in (film, ended) if made_first else (ended, film):
        database.store(each)
    found = row(database)
    assert (found["status"], found["cost_usd"]) == (status, None)
    assert (found["user_profile_id"], found["flags"]) == ("ann", None)


@pytest.mark.parametrize("made_first", [True, False])
def test_what_was_known_when_a_job_began_is_kept_when_it_ended(
    database: Database, made_first: bool
) -> None:
    film = made(cost_usd="0.4", price_source="litellm", quantities={"video_seconds": 4})
    for each in (film, read("ended")) if made_first else (read("ended"), film):
        database.store(each)
    found = row(database)
    assert (float(found["cost_usd"]), found["quantities"]) == (0.4, {"video_seconds": 4})
    assert (found["status"], found["flags"]) == ("success", None)


def test_a_job_that_never_ends_is_one_request_without_a_cost(database: Database) -> None:
    database.store(made())
    database.store(read("open"))
    found = row(database)
    assert (found["cost_usd"], found["price_source"]) == (None, NOT_ENDED)
    assert found["flags"] == ["job_open"]


def test_the_end_of_a_job_moves_to_the_day_on_which_it_began(database: Database) -> None:
    database.execute(
        "insert into public.fx_rates (day, eur_per_usd, source) values"
        " ('2026-10-14', 0.5, 'test'), ('2026-10-16', 0.8, 'test')"
    )
    database.store(read("done", started_at="2026-10-16T10:00:00+00:00"))
    database.store(made(started_at="2026-10-14T10:00:00+00:00"))
    found = row(database)
    assert found["started_at"] == "2026-10-14T10:00:00+00:00"
    assert float(found["cost_eur"]) == pytest.approx(0.00071)
    assert (float(found["fx_eur_per_usd"]), found["fx_date"]) == (0.5, "2026-10-14")


def test_two_jobs_stay_two(database: Database) -> None:
    other = {"job_id": JOB.replace("0", "f"), "event_id": "00000000-0000-5000-8000-0000000000ff"}
    database.store(made(), read("done"), made(job_id=other["job_id"]), read("done", **other))
    assert database.one("select count(*) from public.request_logs") == 2
    assert database.one("select sum(tokens_used) from public.request_logs") == 480
    assert database.rollup_differences() == 0


@pytest.mark.parametrize("read_first", [True, False])
def test_an_answer_that_is_read_again_counts_once(database: Database, read_first: bool) -> None:
    answer = event(job_id=JOB + ANSWERED)
    for each in (read("done"), answer) if read_first else (answer, read("done")):
        database.store(each)
    found = row(database)
    assert (found["event_id"], found["tokens_used"]) == (answer["event_id"], 1200)


def test_answers_to_which_a_gateway_gives_the_same_name_are_requests_of_their_own(
    database: Database,
) -> None:
    database.store(event(job_id=JOB + ANSWERED), event(job_id=JOB + ANSWERED), read("done"))
    assert database.one("select count(*) from public.request_logs") == 2
    assert database.rollup_differences() == 0


def store_as(database: Database, events: list[dict[str, Any]], **scope: str) -> None:
    database.one(
        "select private.store_events(%s::jsonb, %s, %s)",
        [json.dumps(events), scope.get("user_id"), scope.get("team")],
    )


def test_a_key_of_one_person_or_team_merges_no_row_of_others(database: Database) -> None:
    database.store(made())
    store_as(database, [read("done")], user_id="bob")
    rows = "select user_profile_id, tokens_used from public.request_logs order by 1"
    assert database.rows(rows) == [("ann", 0), ("bob", 240)]
    store_as(database, [read("ended")], team="others")
    assert database.one("select count(*) from public.request_logs") == 3
    store_as(database, [read("open")], user_id="bob")
    assert database.rows(
        "select user_profile_id, tokens_used, team from public.request_logs order by 1, 2"
    ) == [("ann", 0, "makers"), ("bob", 240, "others")]
    assert database.rollup_differences() == 0


def test_an_abandoned_creation_whose_end_was_stored_is_none(database: Database) -> None:
    database.store(made(), read("done"))
    gone = event(
        **NOTHING
        | {"status": "abandoned", "litellm_call_id": "made"}
        | {"started_at": "2026-10-15T10:00:00.1+00:00"}
    )
    database.store(gone)
    assert row(database)["tokens_used"] == 240
