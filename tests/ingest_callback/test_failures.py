"""Real processes and what can happen to them: nothing accepted is lost, nothing is counted twice.

FOOTPRINT_LONG_TESTS=1 runs the full numbers.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from footprint.ingest import dead
from footprint.ingest.survey import survey
from ingest_callback.conftest import LONG, footprint, run, start
from ingest_callback.receiver import Events, Fault, Receiver, serving

KILLS = 50 if LONG else 10
OUTAGE_S = 60.0 if LONG else 3.0
CALLS = 10_000 if LONG else 1_000
QUEUED = 5_000 if LONG else 1_000

# Prints the id of every request once `log_request_to_supabase` has returned.
RECORDING = """
import sys, time
import footprint
footprint.log_request_to_supabase
print("ready", flush=True)
sys.stdin.readline()
for n in range(int(sys.argv[1])):
    print(footprint.log_request_to_supabase(model="gpt-4o", tokens_input=10), flush=True)
    time.sleep(0.001)
"""


def read_ids(process: subprocess.Popen[str]) -> set[str]:
    """Return what a killed process said, its last line left out where it is not whole."""
    assert process.stdout is not None
    return {line.strip() for line in process.stdout if line.endswith("\n") and len(line) == 37}


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def test_kill_9_at_any_moment_loses_nothing_that_was_recorded(
    receiver: Receiver, folder: Path
) -> None:
    """A third of the answers are lost after the commit, as a cut connection does."""
    dice = random.Random(4)
    receiver.rule = lambda events: Fault(0, commit=True) if dice.random() < 1 / 3 else None
    said: set[str] = set()
    programs = [start(RECORDING, folder, receiver.url, "100000") for _ in range(2)]
    for round_number in range(KILLS):
        victim = programs.pop(0)
        if round_number + 2 < KILLS:
            programs.append(start(RECORDING, folder, receiver.url, "100000"))
        begin(victim)
        time.sleep(dice.uniform(0.0, 0.6))
        victim.send_signal(signal.SIGKILL)
        said |= read_ids(victim)
        victim.wait()
    for program in programs:
        program.kill()
        program.communicate()
    receiver.rule = lambda events: None
    done = footprint(folder, receiver.url, "spool", "flush")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(said) > KILLS
    # What was on disk but not yet said when the signal came is stored too; nothing is missing.
    assert said <= receiver.stored.keys()
    assert len(receiver.stored) - len(said) <= KILLS
    assert not (folder / dead.FILE).exists()


@pytest.mark.parametrize("fault", ["refused", "slow", "429", "500", "502", "mixed"])
def test_an_outage_loses_nothing_and_slows_no_caller(folder: Path, fault: str) -> None:
    program = """
import sys, time, footprint
seconds = float(sys.argv[1])
footprint.log_request_to_supabase(model="gpt-4o", tokens_input=10)
times, started = [], time.perf_counter()
while time.perf_counter() - started < seconds:
    before = time.perf_counter()
    footprint.log_request_to_supabase(model="gpt-4o", tokens_input=10)
    times.append(time.perf_counter() - before)
    time.sleep(0.003)
print(len(times) + 1, sorted(times)[int(len(times) * 0.99)])
"""
    seconds = OUTAGE_S if fault in ("refused", "mixed") else OUTAGE_S / 2
    dice = random.Random(7)
    faults = {
        "slow": Fault(200, delay_s=min(30.0, OUTAGE_S), commit=True),
        "429": Fault(429, b"{}", {"retry-after": "1"}),
        "500": Fault(500, b'{"message":"internal"}'),
        "502": Fault(502),
    }
    receiver = Receiver()
    with serving(receiver) as found:
        port = int(found.url.rpartition(":")[2])
        if fault == "mixed":
            several = [Fault(0, commit=True), Fault(503), Fault(500), Fault(0), None]
            receiver.rule = lambda events: dice.choice(several)
        elif fault != "refused":
            receiver.rule = lambda events: faults[fault]
        if fault != "refused":
            printed = run(program, folder, receiver.url, str(seconds), FOOTPRINT_EXIT_TIMEOUT="0.5")
    if fault == "refused":
        url = f"http://127.0.0.1:{port}"
        printed = run(program, folder, url, str(seconds), FOOTPRINT_EXIT_TIMEOUT="0.5")
    receiver.rule = lambda events: None
    with serving(receiver, port) as again:
        done = footprint(folder, again.url, "spool", "flush")
    assert done.returncode == 0, done.stdout + done.stderr
    count, slow = printed.split()
    assert len(receiver.stored) == int(count) > 100
    assert not (folder / dead.FILE).exists()
    # The slowest in a hundred: a wait for the network would be seconds.
    assert float(slow) < 0.1


def test_an_answer_cut_after_the_commit_counts_once(receiver: Receiver, folder: Path) -> None:
    receiver.faults = [Fault(0, commit=True)] * 3
    out = run(
        """
import footprint
for _ in range(700):
    footprint.log_request_to_supabase(model="gpt-4o")
print(footprint.flush(20))
""",
        folder,
        receiver.url,
    )
    assert out == "True\n"
    assert len(receiver.stored) == 700 and receiver.duplicates >= 500


CONCURRENT = """
import asyncio, sys
import litellm, footprint
litellm.suppress_debug_info = True
litellm.callbacks = [footprint.callback]
ask = [{"role": "user", "content": "hi"}]
async def call(n):
    kind = n % 10
    try:
        if kind == 0:
            await litellm.acompletion(model="gpt-4o", messages=ask, user=str(n),
                                      mock_response=Exception("no"))
        elif kind in (1, 2):
            stream = await litellm.acompletion(model="gpt-4o", messages=ask, user=str(n),
                                               mock_response="hello", stream=True)
            async for _ in stream:
                pass
        else:
            await litellm.acompletion(model="gpt-4o", messages=ask, user=str(n),
                                      mock_response="hello")
    except Exception:
        pass
async def main():
    await asyncio.gather(*[call(n) for n in range(int(sys.argv[1]))])
"""


def test_concurrent_calls_and_an_immediate_exit(receiver: Receiver, folder: Path) -> None:
    program = CONCURRENT + "asyncio.run(main())\n"
    run(program, folder, receiver.url, str(CALLS), FOOTPRINT_EXIT_TIMEOUT="30")
    by_user = {e["user_id"]: e["status"] for e in receiver.stored.values()}
    assert len(by_user) == len(receiver.stored) == CALLS
    assert sum(status == "failure" for status in by_user.values()) == CALLS // 10
    # LiteLLM cancels up to 100 hooks, which it has begun, when the loop ends: those are seen as
    # abandoned. `await footprint.callback.aflush()` avoids it.
    assert sum(status == "abandoned" for status in by_user.values()) <= 100


def test_aflush_leaves_nothing_behind(receiver: Receiver, folder: Path) -> None:
    program = (
        CONCURRENT
        + """
async def whole():
    await main()
    print(await footprint.callback.aflush(30))
asyncio.run(whole())
"""
    )
    assert run(program, folder, receiver.url, "500") == "True\n"
    statuses = [e["status"] for e in receiver.stored.values()]
    assert (statuses.count("success"), statuses.count("failure")) == (450, 50)


@pytest.mark.parametrize("graceful", [True, False], ids=["handled", "not handled"])
def test_sigterm_with_a_queue(receiver: Receiver, folder: Path, graceful: bool) -> None:
    receiver.rule = lambda events: Fault(503)
    handler = "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
    program = f"""
import sys, time, footprint
{handler if graceful else ""}
for _ in range(int(sys.argv[1])):
    footprint.log_request_to_supabase(model="gpt-4o")
print("queued", flush=True)
time.sleep(60)
"""
    process = start(program, folder, receiver.url, str(QUEUED))
    assert process.stdout is not None and process.stdout.readline() == "queued\n"
    receiver.rule = lambda events: None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    if graceful:
        assert len(receiver.stored) == QUEUED and survey(folder).waiting == 0
    footprint(folder, receiver.url, "spool", "flush")
    assert len(receiver.stored) == QUEUED and receiver.duplicates == 0


def test_os_exit_leaves_everything_to_the_next_program(receiver: Receiver, folder: Path) -> None:
    program = """
import os, footprint
for _ in range(200):
    footprint.log_request_to_supabase(model="gpt-4o")
os._exit(0)
"""
    run(program, folder, receiver.url)
    run("import footprint\nfootprint.flush(10)\n", folder, receiver.url)
    assert len(receiver.stored) == 200


def test_a_killed_host_leaves_its_unfinished_calls_as_abandoned(
    receiver: Receiver, folder: Path
) -> None:
    program = """
import sys, time, footprint
hooks = footprint.callback
for n in range(20):
    hooks.log_pre_api_call("gpt-4o", [], {"litellm_call_id": f"c{n}", "model": "gpt-4o",
                                          "custom_llm_provider": "openai", "user": "alice"})
print("waiting", flush=True)
time.sleep(60)
"""
    process = start(program, folder, receiver.url)
    assert process.stdout is not None and process.stdout.readline() == "waiting\n"
    process.kill()
    process.communicate()
    footprint(folder, receiver.url, "spool", "flush")
    assert {(e["status"], e["user_id"], e["provider"]) for e in receiver.stored.values()} == {
        ("abandoned", "alice", "openai")
    }
    assert len(receiver.stored) == 20


def test_children_of_multiprocessing_are_not_lost(receiver: Receiver, folder: Path) -> None:
    program = """
import multiprocessing, footprint
def work(n):
    for _ in range(25):
        footprint.log_request_to_supabase(model=f"child-{n}")
if __name__ == "__main__":
    footprint.log_request_to_supabase(model="parent")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map(work, range(4))
"""
    run(program, folder, receiver.url, FOOTPRINT_EXIT_TIMEOUT="10")
    footprint(folder, receiver.url, "spool", "flush")
    assert len(receiver.stored) == 101 and receiver.duplicates == 0


def test_order_of_events_is_nobodys_business(receiver: Receiver, folder: Path) -> None:
    seen: list[int] = []

    def note(events: Events) -> Fault | None:
        seen.append(len(events))
        return None

    receiver.rule = note
    run(
        "import footprint\nfor n in range(1200):\n"
        "    footprint.log_request_to_supabase(model=f'm{n}')\n",
        folder,
        receiver.url,
    )
    assert {e["model"] for e in receiver.stored.values()} == {f"m{n}" for n in range(1200)}
    assert max(seen) <= 500
