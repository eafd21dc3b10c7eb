"""Mutated calls and damaged files all the way to Supabase: each is stored or has a reason.

FOOTPRINT_LONG_TESTS=1 sends 50,000 of each.
"""

from __future__ import annotations

import itertools
import json
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footprint.config import Settings
from footprint.ingest import dead, health, segments
from footprint.ingest.normalise import LitellmCall, event_body
from footprint.ingest.recorder import Recorder, open_recorder
from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import LONG
from ingest_callback.test_fuzz import PAYLOADS, mutated

CALLS = 50_000 if LONG else 500
LINES = 50_000 if LONG else 2_000
DELIVERY_S = 900.0 if LONG else 100.0
OWN_IDS = {payload.get("litellm_call_id") for payload in PAYLOADS}
# What Python's JSON takes and PostgreSQL's does not is among them.
JUNK = [
    *(b"NaN", b"-Infinity", b"1e999", b"\\u0000", b"\\ud800", b"\xff", b"\xc3\x28", b"\0", b"\r"),
    *(b'"', b"{", b"}", b"[", b",", b":", b"-", b"null", b"\\", b"99999999999999999999", b"\xe2"),
]


@pytest.fixture
def real(api: Server, database: Database, folder: Path) -> Settings:
    return Settings(
        supabase_url=api.api_url,
        supabase_publishable_key=api.publishable_key,
        ingest_key=database.make_key(),
        spool_dir=folder,
    )


def delivered(recorder: Recorder, database: Database, folder: Path) -> dict[str, int]:
    """Deliver everything; return the counters, once they agree with the database and the disk."""
    assert recorder.courier.stop(DELIVERY_S)
    counts = recorder.spool.health.counts
    assert database.one("select count(*) from request_logs") == counts[health.DELIVERED]
    path = folder / dead.FILE
    letters = path.read_bytes().splitlines() if path.exists() else []
    assert len(letters) == counts.get(health.DEAD, 0)
    assert all(json.loads(letter)["reason"] for letter in letters)
    return dict(counts)


def test_every_mutated_call_is_stored_once(
    real: Settings, database: Database, folder: Path
) -> None:
    recorder, numbers = open_recorder(real), itertools.count()

    @settings(
        max_examples=CALLS, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(mutated(), st.booleans())
    def call(kwargs: dict[str, Any], failed: bool) -> None:
        number, payload = next(numbers), kwargs["standard_logging_object"]
        name = payload.get("litellm_call_id")
        if isinstance(name, str) and name in OWN_IDS:
            payload["litellm_call_id"] = f"call {number}"
        recorder.started(kwargs)
        recorder.finished(kwargs, None, None, None, failed=failed)

    call()
    called = next(numbers)
    assert called >= CALLS
    counts = delivered(recorder, database, folder)
    assert health.HOOK_ERRORS not in counts and health.DEAD not in counts
    unrecorded = counts.get(health.DOUBLE_FIRED, 0) + counts.get(health.NO_REQUEST, 0)
    assert counts[health.RECORDED] + unrecorded == called
    assert counts[health.DELIVERED] + counts.get(health.DUPLICATES, 0) == counts[health.RECORDED]
    # Only mutations that take away what tells two calls apart make one of them.
    assert counts[health.DELIVERED] > 0.9 * called


def damaged(line: bytes, dice: random.Random) -> bytes:
    """Overwrite, insert, cut out, repeat or cut off; lines stay lines."""
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(line) + 1)
        to = min(len(line), at + dice.choice((0, 0, 1, 2, 8, 40)))
        junk = dice.choice([*JUNK, bytes([dice.randrange(11, 256)]), line[at:to] * 2])
        line = line[:at] if dice.random() < 0.05 else line[:at] + junk + line[to:]
    return line


def test_every_damaged_line_is_stored_or_a_dead_letter_and_costs_no_other(
    real: Settings, database: Database, folder: Path
) -> None:
    dice = random.Random(41)
    bodies = [event_body(LitellmCall({"standard_logging_object": one})) for one in PAYLOADS]
    whole: set[str] = set()
    lines = []
    for number in range(LINES):
        body = (bodies[number % len(bodies)] or {}) | {"event_id": str(uuid.UUID(int=number))}
        if "job_id" in body:
            body["job_id"] = f"job {number}"  # A job's events are one request.
        line = json.dumps(body, separators=(",", ":")).encode("ascii")
        if number % 4 == 0:
            whole.add(str(body["event_id"]))
        else:
            line = damaged(line, dice)
        lines.append(line)
    folder.mkdir(mode=0o700)
    content = segments.HEADER + b"\n".join(lines) + b"\n"
    (folder / ("0-dead" + segments.SUFFIX)).write_bytes(content)
    counts = delivered(open_recorder(real), database, folder)
    kept = (health.DELIVERED, health.DUPLICATES, health.DEAD)
    assert sum(counts.get(name, 0) for name in kept) == LINES
    stored = {str(row[0]) for row in database.rows("select event_id from request_logs")}
    assert whole <= stored and counts[health.DEAD] > LINES // 10
    letters = [letter.event for letter in dead.letters(folder) if letter.event]
    assert not whole & {str(event.get("event_id")) for event in letters}
