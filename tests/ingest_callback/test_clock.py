"""A machine whose clock is set while a program runs: a real process under libfaketime."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import libfaketime  # type: ignore[import-untyped]
import pytest

from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import run
from ingest_callback.receiver import Fault, Receiver

_SET_CLOCK = """
import pathlib, sys, time
def set_clock(by):
    before = time.time()
    pathlib.Path(sys.argv[1]).write_text(by)
    return round((time.time() - before) / 60)
"""

# Thirty calls, ten before, between and after two steps; each step comes amid a streamed call.
_CALLING = (
    _SET_CLOCK
    + """
import litellm, footprint
litellm.suppress_debug_info = True
litellm.callbacks = [footprint.callback]
ask = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
steps = []
for part, by in enumerate(("-60m", "-30m", "-30m")):
    for n in range(9):
        litellm.completion(**ask, mock_response="hello", user=f"{part}.{n}")
    stream = litellm.completion(**ask, mock_response="hello", user=f"{part}.9", stream=True)
    next(iter(stream))
    steps.append(set_clock(by))
    list(stream)
    # The courier waits by another clock: an hour more or less on this one is nothing to it.
    footprint.flush(20)
print(steps)
"""
)

_WAITING = (
    _SET_CLOCK
    + """
import footprint
footprint.log_request_to_supabase(model="gpt-4o", tokens_input=10)
while not footprint.callback.status().get("retried: HTTP 503"):
    time.sleep(0.01)
begun = time.monotonic()
print(set_clock("-60m"))
footprint.log_request_to_supabase(model="gpt-4o", tokens_input=10)
while footprint.callback.status().get("delivered", 0) < 2 and time.monotonic() < begun + 60:
    time.sleep(0.05)
print(time.monotonic() < begun + 60)
"""
)


@pytest.fixture
def clock(tmp_path: Path) -> dict[str, Any]:
    """What makes a program read its clock from the file `tmp_path / "clock"`."""
    (tmp_path / "clock").write_text("+0")
    # Its settings leave the monotonic clock alone, as setting a machine's clock does.
    settings: dict[str, Any] = dict(libfaketime.get_reload_information()[1])
    settings["FAKETIME_TIMESTAMP_FILE"] = str(tmp_path / "clock")
    said = run(
        _SET_CLOCK + "print(set_clock('-60m'))", tmp_path, "", str(tmp_path / "clock"), **settings
    )
    if said != "-60\n":
        pytest.skip("libfaketime cannot be loaded here.")
    (tmp_path / "clock").write_text("+0")
    return settings


def test_a_clock_set_back_and_forth_loses_no_call_and_counts_none_twice(
    api: Server, database: Database, folder: Path, tmp_path: Path, clock: dict[str, Any]
) -> None:
    settings: dict[str, Any] = {
        "SUPABASE_PUBLISHABLE_KEY": api.publishable_key,
        "FOOTPRINT_INGEST_KEY": database.make_key(),
        "FOOTPRINT_EXIT_TIMEOUT": "30",
    }
    said = run(_CALLING, folder, api.api_url, str(tmp_path / "clock"), **settings, **clock)
    assert said == "[-60, 30, 0]\n"
    stored = database.rows(
        "select end_user, status, latency_s, started_at from request_logs order by end_user"
    )
    assert [(user, status) for user, status, *_ in stored] == [
        (f"{part}.{n}", "success") for part in range(3) for n in range(10)
    ]
    taken = {user: float(seconds) for user, _, seconds, _ in stored}
    # Amid a step the clock says nothing of how long a call took: back is 0, forth the step itself.
    assert taken.pop("0.9") == 0 and taken.pop("1.9") > 1800
    assert all(0 <= seconds < 60 for seconds in taken.values())
    began: dict[str, datetime] = {user: at for user, *_, at in stored}
    assert began["1.0"] < began["2.0"] < began["0.0"]
    assert database.rollup_differences() == 0


def test_a_clock_set_back_keeps_no_delivery_waiting(
    receiver: Receiver, folder: Path, tmp_path: Path, clock: dict[str, Any]
) -> None:
    receiver.faults = [Fault(503, headers={"retry-after": "2"})]
    said = run(_WAITING, folder, receiver.url, str(tmp_path / "clock"), **clock)
    assert said == "-60\nTrue\n"
    assert len(receiver.stored) == 2 and receiver.duplicates == 0
