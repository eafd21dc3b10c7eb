"""The spool on disk: what is written, who owns it, what survives, what is refused."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from footprint.errors import ConfigurationError
from footprint.ingest import health, host, journal, segments
from footprint.ingest.delivery import encode
from footprint.ingest.spool import Spool, folder_bytes
from footprint.ingest.survey import survey
from ingest_callback.conftest import event, run, start

MEGABYTE = 1024 * 1024


def lines_of(folder: Path) -> list[bytes]:
    found: list[bytes] = []
    for path in sorted(folder.glob("*.events.jsonl")):
        found += path.read_bytes().splitlines()[1:]
    return found


def test_an_event_is_on_disk_when_append_returns(folder: Path) -> None:
    spool, line = Spool(folder, MEGABYTE), encode(event())
    assert spool.append(line)
    assert lines_of(folder) == [line]


def test_nobody_else_may_read_the_spool(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    spool.append(encode(event()))
    spool.start_call("c", {"litellm_call_id": "c", "started_at": 1.0, "model": "m"})
    spool.tidy()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_full_spool_drops_the_newest_and_says_so(folder: Path) -> None:
    spool = Spool(folder, 100_000)
    lines = [encode(event(tags=("x" * 80,))) for _ in range(1000)]
    kept = [line for line in lines if spool.append(line)]
    assert kept == lines[: len(kept)] and 0 < len(kept) < 1000
    assert lines_of(folder) == kept
    # Measured every sixteenth: so much may be too much.
    assert folder_bytes(folder) < 100_000 * (1 + 1 / 16) + 1000
    counts = spool.health.counts
    assert counts[health.RECORDED] == len(kept)
    assert counts[health.DROPPED + "the spool is full"] == 1000 - len(kept)


def test_a_spool_that_cannot_be_written_waits_in_memory_and_recovers(tmp_path: Path) -> None:
    obstacle = tmp_path / "spool"
    obstacle.write_text("not a folder")
    spool, lines = Spool(obstacle, MEGABYTE), [encode(event()) for _ in range(3)]
    for line in lines:
        assert spool.append(line)
    assert spool.memory(10) == lines
    obstacle.unlink()
    spool._no_disk_until = 0.0
    last = encode(event())
    spool.append(last)
    assert lines_of(obstacle) == [*lines, last] and spool.memory(10) == []


def test_a_full_disk_leaves_no_torn_line(folder: Path) -> None:
    # RLIMIT_FSIZE makes a write stop in the middle of a line, as a full disk does.
    program = """
import resource, signal, sys
from pathlib import Path
from footprint.ingest.spool import Spool
from footprint.ingest.delivery import encode
from ingest_callback.conftest import event
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = Spool(Path(sys.argv[1]), 1 << 20)
spool.append(encode(event()))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for _ in range(20):
    spool.append(encode(event()))
print(len(spool.memory(100)), dict(spool.health.counts)["recorded"], flush=True)
import os
os._exit(0)
"""
    waiting, recorded = map(int, run(program, folder, "http://127.0.0.1:9", str(folder)).split())
    whole = lines_of(folder)
    assert len(whole) + waiting == recorded == 21
    assert waiting > 0
    assert all(json.loads(line) for line in whole)


def test_what_a_killed_process_recorded_is_adopted_by_another(folder: Path) -> None:
    program = """
import sys, time
from pathlib import Path
from footprint.ingest.spool import Spool
from footprint.ingest.delivery import encode
from ingest_callback.conftest import event
spool = Spool(Path(sys.argv[1]), 1 << 20)
for n in range(50):
    spool.append(encode(event()))
print("ready", flush=True)
time.sleep(60)
"""
    process = start(program, folder, "http://127.0.0.1:9", str(folder))
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    other = Spool(folder, MEGABYTE)
    assert other.adopt() == []  # Its owner lives.
    assert (survey(folder).in_use, survey(folder).waiting) == (1, 50)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.communicate()
    [segment] = other.adopt()
    assert len(segment.read().lines) == 50
    assert Spool(folder, MEGABYTE).adopt() == []  # Now it has an owner again.


def test_an_acknowledged_part_is_not_delivered_again(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    lines = [encode(event()) for _ in range(5)]
    for line in lines:
        spool.append(line)
    [own] = spool.sources()
    batch = own.read(rows=2)
    assert batch.lines == lines[:2]
    own.acknowledge(batch.end)
    os.close(own.fd)
    [adopted] = Spool(folder, MEGABYTE).adopt()
    assert adopted.read().lines == lines[2:]


def test_a_delivered_segment_is_deleted_and_the_rest_stays(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    spool.append(encode(event()))
    [own] = spool.sources()
    own.acknowledge(own.read().end)
    spool.close()
    assert not list(folder.glob("*.events.jsonl*"))


def test_a_torn_last_line_and_a_damaged_one_cost_nothing_else(folder: Path) -> None:
    folder.mkdir()
    good = [encode(event()) for _ in range(3)]
    body = segments.HEADER + good[0] + b"\n\x00\x00\x00\n" + good[1] + b"\n" + good[2] + b"\n"
    (folder / "1-dead.events.jsonl").write_bytes(body + b'{"event_id":"torn')
    [segment] = Spool(folder, MEGABYTE).adopt()
    first = segment.read()
    assert first.lines == good and first.damaged == [(b"\x00\x00\x00", segments.UNREADABLE)]
    segment.acknowledge(first.end)
    assert segment.read().damaged == [(b'{"event_id":"torn', segments.TORN)]


def test_a_segment_of_an_older_version_is_read_and_of_a_newer_left_alone(folder: Path) -> None:
    folder.mkdir()
    line = encode(event())
    (folder / "0-old.events.jsonl").write_bytes(line + b"\n")
    newer = b'{"footprint_spool":2}\n' + line + b"\n"
    (folder / "2-new.events.jsonl").write_bytes(newer)
    [segment] = Spool(folder, MEGABYTE).adopt()
    assert (segment.path.name, segment.read().lines) == ("0-old.events.jsonl", [line])
    assert (folder / "2-new.events.jsonl").read_bytes() == newer
    assert survey(folder).too_new == 1


def test_a_spool_of_another_host_is_refused_until_that_host_is_gone(folder: Path) -> None:
    folder.mkdir()
    host.claim(folder, "elsewhere")
    with pytest.raises(ConfigurationError, match="used by another host"):
        host.claim(folder, "here")
    spool = Spool(folder, MEGABYTE)
    assert spool.append(encode(event()))
    assert len(spool.memory(10)) == 1 and lines_of(folder) == []
    long_ago = time.time() - host.STALE_S - 10
    os.utime(folder / host.FILE, (long_ago, long_ago))
    host.claim(folder, "here")
    with pytest.raises(ConfigurationError):
        host.claim(folder, "elsewhere")


def test_a_forked_child_writes_a_file_of_its_own(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    spool.append(encode(event()))
    child = os.fork()
    if child == 0:
        spool.append(encode(event()))
        os._exit(0 if dict(spool.health.counts) == {"recorded": 1} else 1)
    assert os.waitpid(child, 0)[1] == 0
    spool.append(encode(event()))
    assert sorted(len(p.read_bytes().splitlines()) for p in folder.glob("*.events.jsonl")) == [2, 3]
    # The child's is free, the parent's is not, although the child had its descriptors.
    assert [len(s.read().lines) for s in Spool(folder, MEGABYTE).adopt()] == [1]


def mark(call_id: str) -> dict[str, object]:
    return {"litellm_call_id": call_id, "started_at": 1_795_219_950.25, "model": "gpt-4o"}


def test_calls_without_an_end_become_abandoned_once(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    for n in range(3):
        spool.start_call(f"call-{n}", mark(f"call-{n}"))
    spool.end_call("call-1")
    spool.abandon_overdue(age_s=3600)
    assert lines_of(folder) == []
    spool.abandon_overdue(age_s=0)
    found = [json.loads(line) for line in lines_of(folder)]
    assert [(e["litellm_call_id"], e["status"]) for e in found] == [
        ("call-0", "abandoned"),
        ("call-2", "abandoned"),
    ]
    spool.abandon_overdue(age_s=0)
    assert len(lines_of(folder)) == 2


def test_the_open_calls_of_a_dead_process_are_found_with_the_same_ids(folder: Path) -> None:
    folder.mkdir()
    written = journal.Journal(folder)
    written.start("call-1", mark("call-1"))
    written.start("call-2", mark("call-2"))
    written.end("call-2")
    written.settle()
    written.leave()
    [path] = folder.glob("*.open")
    copy = path.read_bytes()
    spool = Spool(folder, MEGABYTE)
    spool.adopt()
    assert not list(folder.glob("*.open"))
    # Killed between storing and deleting: the journal is adopted again, the ids are the same.
    (folder / "again.open").write_bytes(copy)
    spool.adopt()
    ids = [json.loads(line)["event_id"] for line in lines_of(folder)]
    assert len(ids) == 2 and len(set(ids)) == 1


def test_an_end_is_on_disk_with_the_next_start_or_when_the_courier_tidies(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)

    def written() -> list[str]:
        [path] = folder.glob("*.open")
        return [line[:2] for line in path.read_text().splitlines()]

    for n in range(2):
        spool.start_call(f"c{n}", mark(f"c{n}"))
        spool.end_call(f"c{n}")
    assert written() == ['{"', "-c", '{"']
    spool.tidy()
    assert written() == ['{"', "-c", '{"', "-c"]
    for n in range(1000):
        spool.start_call(f"d{n}", mark(f"d{n}"))
    for n in range(999):
        spool.end_call(f"d{n}")
    # Nor do they gather without limit where nothing starts and no courier runs.
    assert written().count("-d") > 500


def open_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.open"))


def test_a_busy_journal_stays_small(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    spool.start_call("stays", mark("stays"))
    for n in range(20_000):
        spool.start_call(str(n), mark(str(n)))
        spool.end_call(str(n))
    assert sum(p.stat().st_size for p in folder.glob("*.open")) < 1.2 * MEGABYTE
    spool.abandon_overdue(age_s=0)
    assert [json.loads(line)["litellm_call_id"] for line in lines_of(folder)] == ["stays"]


def test_the_courier_keeps_a_busy_journal_smaller_still(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    spool.start_call("stays", mark("stays"))
    for n in range(20_000):
        spool.start_call(str(n), mark(str(n)))
        spool.end_call(str(n))
        if n % 500 == 0:
            spool.tidy()
            assert open_bytes(folder) < MEGABYTE // 8
    spool.abandon_overdue(age_s=0)
    assert [json.loads(line)["litellm_call_id"] for line in lines_of(folder)] == ["stays"]


def test_calls_go_on_while_their_journal_is_renewed(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    ended = threading.Event()

    def tidy() -> None:
        while not ended.is_set():
            spool.tidy()

    with ThreadPoolExecutor(3) as pool:
        tidying = pool.submit(tidy)
        calls = [pool.submit(make_calls, spool, name, 5_000) for name in ("a", "b")]
        for call in calls:
            call.result()
        ended.set()
        tidying.result()
    [path] = folder.glob("*.open")
    assert path.stat().st_size < MEGABYTE
    # As a process that dies leaves it: every tenth call is open still.
    spool.tidy()
    spool._journal.leave()
    Spool(folder, MEGABYTE).adopt()
    found = {json.loads(line)["litellm_call_id"] for line in lines_of(folder)}
    assert found == {f"{name}{n}" for name in "ab" for n in range(0, 5_000, 10)}


def make_calls(spool: Spool, name: str, count: int) -> None:
    for n in range(count):
        spool.start_call(f"{name}{n}", mark(f"{name}{n}"))
        if n % 10:
            spool.end_call(f"{name}{n}")


def test_a_journal_that_cannot_be_renewed_goes_on_as_it_is(folder: Path) -> None:
    spool = Spool(folder, MEGABYTE)
    for n in range(1000):
        spool.start_call(str(n), mark(str(n)))
        spool.end_call(str(n))
    spool.start_call("open", mark("open"))
    [before] = folder.glob("*.open")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))
    try:
        spool.tidy()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(folder.glob("*.open")) == [before]
    spool.tidy()
    [after] = folder.glob("*.open")
    assert after != before and [json.loads(after.read_bytes())["litellm_call_id"]] == ["open"]


def test_a_clock_that_steps_changes_neither_files_nor_waits(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(folder, MEGABYTE)
    spool.start_call("c", mark("c"))
    spool.append(encode(event()))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    spool.append(encode(event()))
    spool.abandon_overdue()
    spool.tidy()
    assert len(lines_of(folder)) == 2
    monkeypatch.setattr(time, "time", lambda: now + 7200)
    spool.abandon_overdue()
    assert len(lines_of(folder)) == 2


def test_counters_of_several_processes_add_up(folder: Path) -> None:
    one, other = Spool(folder, MEGABYTE), Spool(folder, MEGABYTE)
    for spool, count in ((one, 2), (other, 3)):
        for _ in range(count):
            spool.append(encode(event()))
        spool.tidy()
        spool.tidy()
    assert health.read(folder)["counts"] == {"recorded": 5}


_FORKS_WHILE_WRITING = """
import os, sys, threading, time
from pathlib import Path
from footprint.ingest import health
folder = Path(sys.argv[1])
counters, stop = health.Health(), threading.Event()
def write():
    while not stop.is_set():
        counters.count("recorded")
        counters.write(folder)
writer = threading.Thread(target=write)
writer.start()
children = []
for _ in range(20):
    child = os.fork()
    if child == 0:
        time.sleep(60)
    children.append(child)
stop.set()
writer.join(10)
print(writer.is_alive(), flush=True)
for child in children:
    os.kill(child, 9)
"""


def test_a_fork_while_the_counters_are_written_holds_up_neither_process(folder: Path) -> None:
    folder.mkdir()
    assert run(_FORKS_WHILE_WRITING, folder, "http://127.0.0.1:9", str(folder)).strip() == "False"
