"""The callback as LiteLLM sees it, what importing costs, and the settings."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

from footprint.config import read_settings
from footprint.errors import ConfigurationError
from footprint.ingest.callback import Hooks
from footprint.ingest.recorder import Recorder
from ingest_callback.conftest import run
from ingest_callback.test_truth_table import FILES, payload_of


def test_importing_footprint_loads_nothing(folder: Path) -> None:
    out = run(
        "import sys, footprint\n"
        "heavy = {'httpx', 'litellm', 'asyncio', 'pandas', 'psycopg', 'streamlit', 'ssl', 'email'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "import footprint.ingest.callback\n"
        "print(sorted(heavy & set(sys.modules)))\n",
        folder,
        "http://127.0.0.1:9",
    )
    assert out == "[]\n[]\n"


def test_the_callback_is_one_object_and_a_custom_logger(folder: Path) -> None:
    out = run(
        "import footprint\n"
        "from footprint import callback\n"
        "from litellm.integrations.custom_logger import CustomLogger\n"
        "print(callback is footprint.callback, isinstance(callback, CustomLogger))\n",
        folder,
        "http://127.0.0.1:9",
    )
    assert out == "True True\n"


def test_the_callback_works_without_litellm(folder: Path) -> None:
    out = run(
        "import sys\nsys.modules['litellm'] = None\nimport footprint\n"
        "footprint.callback.log_success_event({'litellm_call_id': 'c', 'model': 'm'}, None, 1e9, 2e9)\n"
        "print(dict(footprint.callback.status()))\n",
        folder,
        "http://127.0.0.1:9",
        FOOTPRINT_EXIT_TIMEOUT="0",
    )
    assert out == "{'recorded': 1}\n"


def test_the_asynchronous_hooks_hold_no_await_and_leave_streams_alone() -> None:
    for hook in (Hooks.async_log_success_event, Hooks.async_log_failure_event):
        assert inspect.getsource(hook).count("await") == 1  # The word in "holds no await".
    assert not {"log_stream_event", "async_log_stream_event"} & set(dir(Hooks))


def test_both_hooks_of_one_call_are_one_event_and_two_calls_are_two(recorder: Recorder) -> None:
    hooks = Hooks(recorder, 0.0)
    path = next(p for p in FILES if p.name.startswith("responses_stream_sync__log"))
    payload = payload_of(path)
    # LiteLLM 1.80 fires twice with start times a millisecond apart.
    twin = payload | {"startTime": payload["startTime"] + 0.0012, "id": "another"}
    later = payload | {"startTime": payload["startTime"] + 60}
    hooks.log_success_event({"standard_logging_object": payload}, None, None, None)
    asyncio.run(hooks.async_log_success_event({"standard_logging_object": twin}, None, None, None))
    hooks.log_success_event({"standard_logging_object": later}, None, None, None)
    assert {"recorded": 2, "double_fired": 1}.items() <= hooks.status().items()


def test_settings_come_from_the_environment(tmp_path: Path) -> None:
    found = read_settings({"FOOTPRINT_DATA_DIR": str(tmp_path)})
    assert found.spool_dir == tmp_path / "spool"
    assert (found.spool_max_bytes, found.exit_timeout_s) == (512 * 1024 * 1024, 5.0)
    given = {
        "FOOTPRINT_SPOOL_DIR": str(tmp_path / "elsewhere"),
        "FOOTPRINT_SPOOL_MAX_BYTES": "1000000",
        "FOOTPRINT_EXIT_TIMEOUT": "0.5",
    }
    found = read_settings(given)
    assert found.spool_dir == tmp_path / "elsewhere"
    assert (found.spool_max_bytes, found.exit_timeout_s) == (1_000_000, 0.5)


@pytest.mark.parametrize("value", ["much", "-1", "nan", "inf"])
def test_a_setting_that_is_no_number_is_named(value: str) -> None:
    with pytest.raises(ConfigurationError, match="FOOTPRINT_EXIT_TIMEOUT must be a number"):
        read_settings({"FOOTPRINT_EXIT_TIMEOUT": value})
