"""What is too long to be kept is cut and says so, or is refused: nothing vanishes in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from footprint.errors import InputError
from footprint.event import UsageEvent
from footprint.flags import flag_text
from footprint.ingest.checkpoint import Tally
from footprint.ingest.database import database_sender
from footprint.ingest.delivery import encode
from footprint.ingest.direct import log_request_to_supabase
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.journal import abandoned
from footprint.ingest.mapping import Instructions
from footprint.ingest.normalise import LitellmCall, normalise
from footprint.ingest.pricing import price_map
from footprint.ingest.recorder import mark_of
from house import Database

Write = Callable[..., Path]
LONG = "x" * 321
LIMITS = [("user_id", 200), ("session_id", 300), ("team", 100), ("end_user", 200)]


def called(**said: Any) -> UsageEvent:
    """Return the event of a call: an owner of a key, the caller's session, end user and tags."""
    metadata = {
        "user_api_key_user_id": said.get("user_id", "ann"),
        "user_api_key_team_alias": said.get("team"),
        "user_api_key_hash": "hash",
    }
    payload = {
        "litellm_call_id": "call-1",
        "startTime": 1_795_219_950.25,
        "model": "gpt-4o",
        "status": "success",
        "end_user": said.get("end_user"),
        "request_tags": said.get("tags"),
        "session_id": said.get("session_id"),
        "metadata": metadata,
    }
    event = normalise(LitellmCall({"standard_logging_object": payload}))
    assert event is not None
    return event


@pytest.mark.parametrize(("name", "most"), LIMITS)
def test_a_text_of_a_call_that_is_cut_says_so_and_one_that_just_fits_does_not(
    name: str, most: int
) -> None:
    whole = called(**{name: "y" * most})
    assert (getattr(whole, name), whole.flags) == ("y" * most, ())
    for length in (most + 1, 10_000):
        cut = called(**{name: "y" * length})
        assert (getattr(cut, name), cut.flags) == ("y" * most, (f"cut: {name}",))
        assert cut.problems() == ()


def test_the_21st_tag_and_the_101st_character_of_one_are_flagged() -> None:
    twenty = [f"t{n}" for n in range(20)]
    assert called(tags=twenty).flags == ()
    assert called(tags=[*twenty, "t3", "User-Agent: x"]).flags == ()
    more = called(tags=[*twenty, "t20"])
    assert (len(more.tags), more.flags) == (20, ("cut: tags",))
    long = called(tags=["é" * 101])
    assert (long.tags, long.flags) == (("é" * 100,), ("cut: tags",))
    assert called(tags=["a"] * 201).flags == ("cut: tags",)


def test_several_cuts_are_all_named_and_reach_the_database(database: Database) -> None:
    event = called(user_id=LONG, team=LONG, tags=[LONG])
    with database_sender(database.url) as destination:
        destination.store([encode(event)])
    [(user, flags)] = database.rows("select user_profile_id, flags from public.request_logs")
    assert (user, flags) == ("x" * 200, ["cut: tags", "cut: team", "cut: user_id"])
    found = database.one("select public.ingest_quality() -> 'flags'", actor="admin")
    assert {(f["source"], f["flag"], f["count"]) for f in found} == {
        ("proxy", flag, 1) for flag in flags
    }


def test_the_name_of_a_person_in_a_header_is_flagged_as_the_database_calls_it() -> None:
    headers = {"x-openwebui-user-id": "ann", "x-openwebui-user-name": LONG}
    kwargs = {
        "litellm_call_id": "c",
        "start_time": 1_795_219_950.25,
        "litellm_params": {"proxy_server_request": {"headers": headers}},
    }
    event = normalise(LitellmCall(kwargs, start=1_795_219_950.25))
    assert event is not None
    assert (event.user_name, event.flags) == ("x" * 200, ("cut: user_name",))


def test_a_call_without_an_end_keeps_the_flag_in_its_mark() -> None:
    mark = mark_of({"litellm_call_id": "c", "model": "gpt-4o", "user": LONG})
    assert mark is not None
    event = abandoned(json.loads(json.dumps(mark)))
    assert event is not None
    assert set(event.flags) == {"cut: user_id", "cut: end_user"}
    assert event.from_json(event.to_json()) == event


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"user_id": "x" * 201}, "user_id is longer than 200 characters"),
        ({"session_id": "x" * 301}, "session_id is longer than 300 characters"),
        ({"tags": [f"t{n}" for n in range(21)]}, "tags are more than 20, or longer than 100"),
        ({"tags": ["x" * 101]}, "tags are more than 20, or longer than 100"),
    ],
)
def test_what_is_recorded_by_hand_is_refused_instead_of_cut(
    given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        log_request_to_supabase(model="gpt-4o", **given)


def imported(path: Path, database: Database) -> Tally:
    constants = {"model": "gpt-4o", "provider": "openai"}
    job = ImportJob(path, Instructions(constants=constants), path.parent / "r.csv", path.parent)
    with database_sender(database.url) as destination:
        return import_file(job, price_map(), destination)


def test_an_import_counts_what_is_cut_in_a_table_and_in_spend_logs(
    database: Database, write: Write
) -> None:
    head = "timestamp,prompt_tokens,completion_tokens,user,tags"
    rows = [f"2026-10-01,1,1,{user},a" for user in ("ann", "x" * 201, "y" * 201)]
    table = write("rows.csv", [head, *rows, f"2026-10-02,1,1,ann,{'t' * 101}"])
    tally = imported(table, database)
    assert (tally.inserted, tally.flags) == (4, {"cut: user_id": 2, "cut: tags": 1})
    spend = {
        "request_id": "r1",
        "call_type": "acompletion",
        "spend": 0.00125,
        "total_tokens": 3,
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "startTime": "2026-10-15T10:00:00Z",
        "endTime": "2026-10-15T10:00:03Z",
        "model": "gpt-4o",
        "end_user": "z" * 250,
        "session_id": LONG,
        "request_tags": [f"t{n}" for n in range(21)],
    }
    tally = imported(write("spend.json", json.dumps([spend])), database)
    assert tally.flags == {"cut: session_id": 1, "cut: user_id": 1, "cut: tags": 1}
    counted = database.one("select public.ingest_quality() -> 'flags'", actor="admin")
    assert {f["flag"]: f["count"] for f in counted} == {
        "cut: user_id": 3,
        "cut: tags": 2,
        "cut: session_id": 1,
    }


@pytest.mark.parametrize(
    "flag",
    [
        *(f"cut: {name}" for name in ("tags", "user_id", "user_name", "session_id", "team")),
        *("cut: end_user", "cut: colour", "unread: magic_tokens", "tokens_from_total"),
        *("tokens_unread", "clock_ahead", "unknown_zone", "unknown_region", "several_countries"),
    ],
)
def test_every_flag_is_a_sentence(flag: str) -> None:
    said = flag_text(flag)
    assert said != flag and said.endswith(".") and "_" not in said.removeprefix("magic_tokens")
