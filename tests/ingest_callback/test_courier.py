"""Delivery: batches, patience, wrong settings, poison, rejections. A real server that misbehaves."""

from __future__ import annotations

import itertools
import json
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from footprint.config import Settings
from footprint.event import UsageEvent
from footprint.ingest import courier as couriers
from footprint.ingest import dead, health, segments
from footprint.ingest.delivery import encode
from footprint.ingest.recorder import Recorder, open_recorder
from footprint.ingest.spool import Spool
from footprint.ingest.survey import survey
from footprint.ingest.trouble import Patience
from ingest_callback.conftest import event, footprint, run
from ingest_callback.receiver import Events, Fault, Receiver


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait hundredths of a second where a deployment waits seconds."""
    monkeypatch.setattr(couriers, "_PATIENCE", Patience(first_wait_s=0.01, longest_wait_s=0.05))
    monkeypatch.setattr(couriers, "MISCONFIGURED_WAIT_S", 0.05)
    monkeypatch.setattr(couriers, "GATHER_S", 0.02)


def record(recorder: Recorder, count: int, **fields: Any) -> list[UsageEvent]:
    events = [event(**fields) for _ in range(count)]
    for one in events:
        assert recorder.record(one)
    return events


def ids(events: list[UsageEvent]) -> set[str]:
    return {str(one.event_id) for one in events}


def test_recorded_events_arrive_without_being_asked_for(
    recorder: Recorder, receiver: Receiver
) -> None:
    events = record(recorder, 20)
    receiver.wait_for(20)
    assert receiver.stored.keys() == ids(events)
    assert receiver.stored[str(events[7].event_id)] == json.loads(encode(events[7]))


def test_a_backlog_goes_in_batches_of_at_most_500_and_a_mebibyte(
    settings: Settings, receiver: Receiver
) -> None:
    receiver.rule = lambda events: Fault(503)
    recorder = open_recorder(settings)
    record(recorder, 1200)
    # 90 characters in 20 tags, two bytes each for quotes and commas: more than 2 KB an event.
    record(recorder, 600, tags=tuple(f"{n:090d}" for n in range(20)))
    receiver.rule, receiver.requests = (lambda events: None), []
    assert recorder.courier.flush(20)
    assert max(receiver.requests) == 500
    assert sum(receiver.requests) >= 1800 and len(receiver.stored) == 1800
    assert len(receiver.requests) <= 8
    recorder.courier.stop(0)


def test_steady_traffic_is_gathered_into_few_requests(
    recorder: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(couriers, "GATHER_S", 0.25)
    begun = time.monotonic()
    events: list[UsageEvent] = []
    while time.monotonic() < begun + 1.5:
        events += record(recorder, 1)
        time.sleep(0.002)
    took = time.monotonic() - begun
    assert recorder.courier.flush(10)
    assert receiver.stored.keys() == ids(events)
    # One for each time it gathered, not one for each time it came back from the last.
    assert len(receiver.requests) <= took / 0.25 + 3


def test_of_a_backlog_two_batches_are_on_their_way_at_once(
    settings: Settings, receiver: Receiver
) -> None:
    receiver.rule = lambda events: Fault(503)
    recorder = open_recorder(settings)
    events = record(recorder, 2500)
    came: list[float] = []

    def slow(events: Events) -> Fault:
        came.append(time.monotonic())
        report = {"inserted": len(events), "duplicates": 0, "rejected": [], "unknown_models": []}
        return Fault(200, json.dumps(report).encode(), commit=True, delay_s=1.0)

    receiver.rule = slow
    assert recorder.courier.flush(30)
    assert receiver.stored.keys() == ids(events) and receiver.duplicates == 0
    gaps = [later - earlier for earlier, later in itertools.pairwise(came)]
    # The first goes alone, to see whether anybody answers; then two by two.
    assert [gap < 0.9 for gap in gaps] == [False, True, False, True]
    recorder.courier.stop(0)


@pytest.mark.parametrize("seed", range(4))
def test_two_batches_at_once_fail_in_any_order_and_nothing_is_lost_or_counted_twice(
    settings: Settings, receiver: Receiver, seed: int
) -> None:
    receiver.rule = lambda events: Fault(503)
    recorder = open_recorder(settings)
    events = record(recorder, 5000)
    bad = str(events[1700].event_id)
    receiver.reject = lambda body: "too bad" if body["event_id"] == bad else None
    dice = random.Random(seed)
    several = [
        *(Fault(503), Fault(429, b"{}"), Fault(413), Fault(502, commit=True)),
        *(Fault(0), Fault(0, commit=True), None, None, None, None),
    ]
    receiver.rule = lambda events: dice.choice(several)
    assert recorder.courier.flush(60)
    assert receiver.stored.keys() == ids(events) - {bad}
    assert [letter.reason for letter in dead.letters(settings.spool_dir)] == ["too bad"]
    counts = recorder.spool.health.counts
    assert counts["delivered"] + counts["duplicates"] == 4999
    recorder.courier.stop(0)


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(429, b"{}", {"retry-after": "0"})] * 3,
        [Fault(500, b"oops"), Fault(502), Fault(503), Fault(408, b"")],
        [Fault(0), Fault(0)],
        [Fault(0, commit=True), Fault(502, commit=True)],
    ],
    ids=["429", "5xx and HTML", "cut", "cut after commit"],
)
def test_failures_that_pass_lose_nothing_and_count_nothing_twice(
    recorder: Recorder, receiver: Receiver, faults: list[Fault]
) -> None:
    receiver.faults = list(faults)
    events = record(recorder, 300)
    assert recorder.courier.flush(10)
    assert receiver.stored.keys() == ids(events)
    counts = recorder.spool.health.counts
    assert counts["delivered"] + counts.get("duplicates", 0) == 300
    assert not (recorder.spool.folder / dead.FILE).exists()
    assert sum(n for name, n in counts.items() if name.startswith(health.RETRIED)) >= 1


def test_retry_after_is_the_least_that_is_waited(recorder: Recorder, receiver: Receiver) -> None:
    receiver.faults = [Fault(429, b"{}", {"retry-after": "1"})]
    started = time.monotonic()
    record(recorder, 1)
    assert recorder.courier.flush(10)
    assert time.monotonic() - started >= 1.0


def test_a_server_that_hangs_costs_an_attempt_not_an_event(
    recorder: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footprint.ingest.recorder.ANSWER_TIMEOUT_S", 0.2)
    receiver.faults = [Fault(200, delay_s=1.0, commit=True)]
    record(recorder, 5)
    assert recorder.courier.flush(10)
    assert len(receiver.stored) == 5


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (
            401,
            {"code": "PT401", "message": "The ingest key is missing, unknown, expired or revoked."},
        ),
        (401, {"message": "Invalid API key"}),
        (403, {"code": "42501", "message": "permission denied"}),
        (404, {"code": "PGRST202", "message": "Could not find the function"}),
        (400, {"code": "42703", "message": "column does not exist"}),
        (200, {"hello": "world"}),
    ],
)
def test_wrong_settings_keep_everything_and_turn_health_red(
    recorder: Recorder, receiver: Receiver, folder: Path, status: int, body: dict[str, str]
) -> None:
    receiver.rule = lambda events: Fault(status, json.dumps(body).encode())
    events = record(recorder, 10)
    assert not recorder.courier.flush(0.5)
    assert recorder.spool.health.state["misconfigured"]
    assert not (folder / dead.FILE).exists()
    assert survey(folder).problems(health.read(folder), time.time())
    receiver.rule = lambda events: None
    assert recorder.courier.flush(5)
    assert receiver.stored.keys() == ids(events)
    assert not recorder.spool.health.state["misconfigured"]


def test_missing_settings_keep_everything_too(settings: Settings, receiver: Receiver) -> None:
    recorder = open_recorder(replace(settings, ingest_key=None))
    record(recorder, 3)
    assert not recorder.courier.stop(0.2)
    assert "FOOTPRINT_INGEST_KEY is not set" in str(recorder.spool.health.state["misconfigured"])
    done = footprint(settings.spool_dir, receiver.url, "spool", "flush")
    assert done.returncode == 0 and len(receiver.stored) == 3, done.stderr


@pytest.mark.parametrize(("status", "code"), [(400, b"22P05"), (500, b"22P05"), (400, b"PGRST102")])
def test_poison_is_isolated_and_everything_else_arrives(
    recorder: Recorder, receiver: Receiver, folder: Path, status: int, code: bytes
) -> None:
    receiver.rule = lambda events: (
        Fault(status, b'{"code":"%b","message":"unsupported Unicode escape sequence"}' % code)
        if any(e.get("user_name") == "poison" for e in events)
        else None
    )
    good = [event() for _ in range(994)]
    bad = [event(user_name="poison") for _ in range(6)]
    mixed = good + bad
    random.Random(4).shuffle(mixed)
    for one in mixed:
        recorder.record(one)
    assert recorder.courier.flush(20)
    assert receiver.stored.keys() == ids(good)
    letters = list(dead.letters(folder))
    assert {letter.event["event_id"] for letter in letters if letter.event} == ids(bad)
    assert all("unsupported Unicode" in letter.reason for letter in letters)
    assert len(receiver.requests) < 256


def test_more_poison_than_a_round_may_look_for_is_isolated_all_the_same(
    recorder: Recorder, receiver: Receiver, folder: Path
) -> None:
    receiver.rule = lambda events: (
        Fault(400, b"{}") if any(e.get("user_name") == "poison" for e in events) else None
    )
    for _ in range(250):
        record(recorder, 1)
        record(recorder, 1, user_name="poison")
    assert recorder.courier.flush(60)
    assert (len(receiver.stored), receiver.duplicates) == (250, 0)
    assert len((folder / dead.FILE).read_bytes().splitlines()) == 250


def test_a_damaged_line_is_a_dead_letter_once_however_often_its_batch_is_tried(
    recorder: Recorder, receiver: Receiver, folder: Path
) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    body = segments.HEADER + encode(event()) + b"\n{damaged\n" + encode(event()) + b"\n"
    (folder / "0-dead.events.jsonl").write_bytes(body)
    receiver.faults = [Fault(503)] * 8
    assert recorder.courier.flush(20)
    assert len(receiver.stored) == 2 and not receiver.faults
    assert len((folder / dead.FILE).read_bytes().splitlines()) == 1


def test_a_damaged_piece_longer_than_a_batch_costs_no_event_after_it(
    recorder: Recorder, receiver: Receiver, folder: Path
) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    body = segments.HEADER + b"x" * 3_000_000 + b"\n" + encode(event()) + b"\n"
    (folder / "0-dead.events.jsonl").write_bytes(body)
    assert recorder.courier.flush(20)
    assert len(receiver.stored) == 1 and len(list(dead.letters(folder))) == 3


def test_nor_does_it_keep_the_event_waiting_for_another_round(
    recorder: Recorder, receiver: Receiver, folder: Path
) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    body = segments.HEADER + b"x" * 3_000_000 + b"\n" + encode(event()) + b"\n"
    (folder / "0-dead.events.jsonl").write_bytes(body)
    assert recorder.courier._round(None) is None
    assert len(receiver.stored) == 1 and len(list(dead.letters(folder))) == 3


def test_a_500_of_the_server_itself_is_not_taken_for_poison(
    recorder: Recorder, receiver: Receiver, folder: Path
) -> None:
    receiver.faults = [Fault(500, b"oops")] * 12
    record(recorder, 20)
    assert recorder.courier.flush(10)
    assert len(receiver.stored) == 20 and not (folder / dead.FILE).exists()


def test_a_batch_that_is_too_large_is_halved(recorder: Recorder, receiver: Receiver) -> None:
    receiver.rule = lambda events: Fault(413, b"") if len(events) > 60 else None
    record(recorder, 400)
    assert recorder.courier.flush(10)
    assert len(receiver.stored) == 400


def test_what_the_database_rejects_is_kept_with_its_reason_and_can_be_retried(
    recorder: Recorder, receiver: Receiver, folder: Path
) -> None:
    receiver.reject = lambda e: "model is missing" if e["model"] == "gone" else None
    record(recorder, 5)
    recorder.record(replace(event(), model="gone"))
    assert recorder.courier.flush(5)
    assert len(receiver.stored) == 5
    listed = footprint(folder, receiver.url, "spool", "dead", "list")
    assert "gone  model is missing" in listed.stdout
    receiver.reject = lambda e: None
    done = footprint(folder, receiver.url, "spool", "dead", "retry")
    assert done.returncode == 0, done.stderr
    assert len(receiver.stored) == 6
    assert "0 requests cannot" in footprint(folder, receiver.url, "spool", "dead", "list").stdout


def test_a_replayed_segment_changes_nothing(
    settings: Settings, receiver: Receiver, folder: Path
) -> None:
    recorder = open_recorder(settings)
    record(recorder, 50)
    [path] = folder.glob("*.events.jsonl")
    copy = path.read_bytes()
    assert recorder.courier.stop(5)
    (folder / "0-replayed.events.jsonl").write_bytes(copy)
    done = footprint(folder, receiver.url, "spool", "flush")
    assert "0 delivered, 50 were already there, 0 cannot be delivered, 0 left." in done.stdout
    assert (len(receiver.stored), receiver.duplicates) == (50, 50)


def test_a_torn_segment_delivers_all_whole_lines(
    settings: Settings, receiver: Receiver, folder: Path
) -> None:
    recorder = open_recorder(settings)
    receiver.rule = lambda events: Fault(503)
    record(recorder, 50)
    recorder.courier.stop(0)
    [path] = folder.glob("*.events.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    receiver.rule = lambda events: None
    assert footprint(folder, receiver.url, "spool", "verify").returncode == 1
    footprint(folder, receiver.url, "spool", "flush")
    assert len(receiver.stored) == 49
    assert [letter.reason[:5] for letter in dead.letters(folder)] == ["torn:"]


def test_flush_says_when_something_is_left(settings: Settings, receiver: Receiver) -> None:
    recorder = open_recorder(settings)
    receiver.rule = lambda events: Fault(503)
    record(recorder, 7)
    recorder.courier.stop(0)
    done = footprint(settings.spool_dir, receiver.url, "spool", "flush", "--timeout", "0.5")
    assert done.returncode == 3
    assert "7 left" in done.stdout and "HTTP 503" in done.stderr
    status = footprint(settings.spool_dir, receiver.url, "spool", "status")
    assert "waiting       7 requests" in status.stdout
    assert "(callback): healthy" in status.stdout and "accepted      7" in status.stdout


def test_delivery_works_from_memory_where_there_is_no_disk(
    settings: Settings, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    recorder = open_recorder(replace(settings, spool_dir=tmp_path / "file" / "spool"))
    record(recorder, 30)
    assert recorder.courier.stop(5)
    assert len(receiver.stored) == 30


def test_a_program_waits_no_longer_than_its_deadline_and_leaves_the_rest(
    receiver: Receiver, folder: Path
) -> None:
    receiver.rule = lambda events: Fault(503, delay_s=0.1)
    program = """
import footprint, time, atexit
footprint.log_request_to_supabase(model="gpt-4o", tokens_input=10, tokens_output=2)
started = time.monotonic()
atexit._run_exitfuncs()
print(time.monotonic() - started < 3)
"""
    out = run(program, folder, receiver.url, FOOTPRINT_EXIT_TIMEOUT="1")
    assert out == "True\n"
    assert survey(folder).waiting == 1
    receiver.rule = lambda events: None
    assert footprint(folder, receiver.url, "spool", "flush").returncode == 0
    [stored] = receiver.stored.values()
    assert (stored["tokens_input_uncached"], stored["tokens_output_text"]) == (10, 2)


def test_a_forked_child_delivers_its_own_and_nothing_twice(
    receiver: Receiver, folder: Path
) -> None:
    program = """
import os, footprint
footprint.log_request_to_supabase(model="parent")
footprint.flush(5)
children = []
for n in range(4):
    child = os.fork()
    if child == 0:
        for _ in range(50):
            footprint.log_request_to_supabase(model=f"child-{n}")
        if n % 2:
            footprint.flush(5)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
for _ in range(50):
    footprint.log_request_to_supabase(model="parent")
"""
    run(program, folder, receiver.url)
    assert len(receiver.stored) == 251 and survey(folder).waiting == 0
    models = sorted(e["model"] for e in receiver.stored.values())
    assert [models.count(f"child-{n}") for n in range(4)] == [50] * 4
    assert receiver.duplicates == 0


def test_status_also_tells_of_requests_that_keys_reported_to_the_app(
    settings: Settings, receiver: Receiver
) -> None:
    box = settings.spool_dir / "api/0123456789abcdef"
    Spool(box, 10**6).append(encode(event()))
    Spool(settings.spool_dir, 10**6).append(encode(event()))
    status = footprint(settings.spool_dir, receiver.url, "spool", "status", "--json")
    states = [json.loads(line) for line in status.stdout.splitlines()]
    assert [(s["label"], s["waiting"]) for s in states] == [("callback", 1), ("api/01234567", 1)]
    counters = health.Health()
    counters.count(health.DROPPED + "the spool is full", 3)
    counters.write(box)
    status = footprint(settings.spool_dir, receiver.url, "spool", "status")
    assert status.returncode == 1
    assert "(api/01234567): 3 requests were dropped." in status.stdout
