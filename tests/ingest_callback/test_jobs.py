"""Jobs through LiteLLM itself, its hooks, spool and a real database: one request each."""

from __future__ import annotations

import base64
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footprint.config import Settings
from footprint.event import UsageEvent
from footprint.ingest.job_calls import DEEDS
from footprint.ingest.jobs import job_id_of, job_name
from footprint.ingest.normalise import LitellmCall, normalise
from footprint.ingest.recorder import Recorder, mark_of, open_recorder
from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import run
from ingest_callback.litellms import LOCKED, python_with
from ingest_callback.provider import providing
from ingest_callback.proxy import KEY, config_of, started

PROGRAM = (Path(__file__).parent / "job_modes.py").read_text()
Row = dict[str, Any]


@pytest.fixture
def provider() -> Iterator[str]:
    with providing() as address:
        yield address


@pytest.fixture
def real(api: Server, database: Database, folder: Path) -> Settings:
    return Settings(
        supabase_url=api.api_url,
        supabase_publishable_key=api.publishable_key,
        ingest_key=database.make_key(),
        spool_dir=folder,
    )


def work(real: Settings, provider: str, name: str, folder: Path | None = None) -> int:
    """Run a function of job_modes.py in a process of its own; return how many calls were none."""
    assert real.supabase_url and real.supabase_publishable_key and real.ingest_key
    more: dict[str, Any] = {
        "SUPABASE_PUBLISHABLE_KEY": real.supabase_publishable_key,
        "FOOTPRINT_INGEST_KEY": real.ingest_key,
        "FOOTPRINT_EXIT_TIMEOUT": "20",
    }
    where = folder or real.spool_dir
    # LiteLLM needs what its proxy needs for the Responses API.
    python = python_with(LOCKED)
    said = run(PROGRAM, where, real.supabase_url, provider, name, python=python, **more)
    return int(said.split()[-1])


def rows(database: Database) -> list[Row]:
    found = database.rows("select to_jsonb(r) from public.request_logs r order by r.started_at")
    assert database.rollup_differences() == 0
    return [each for (each,) in found]


def only(database: Database) -> Row:
    [row] = rows(database)
    return row


@pytest.mark.parametrize("how", ["asked_after_five_times", "without_async", "through_a_router"])
def test_a_background_response_is_one_request_however_often_it_is_asked_after(
    real: Settings, provider: str, database: Database, how: str
) -> None:
    work(real, provider, how)
    row = only(database)
    # 200 × 2.50 and 40 × 10 USD a million.
    assert row["tokens_used"] == 240
    assert float(row["cost_usd"]) == pytest.approx(0.0009)
    assert (row["model"], row["provider"], row["call_type"]) == ("gpt-4o", "openai", "responses")
    assert (row["user_profile_id"], row["status"], row["flags"]) == ("ann", "success", None)
    assert row["model_group"] == ("house" if how == "through_a_router" else None)
    assert database.one("select sum(requests) from private.ingest_counts") == 1


def test_a_job_is_asked_after_by_other_programs_after_its_own_ended(
    real: Settings, provider: str, database: Database, folder: Path
) -> None:
    work(real, provider, "made_and_left")
    assert only(database)["flags"] == ["job_open"]
    with ThreadPoolExecutor() as pool:
        places = [folder.parent / "a" / "spool", folder.parent / "b" / "spool"]
        for place in places:
            place.parent.mkdir()
        list(pool.map(lambda at: work(real, provider, "asked_after_only", at), places))
    row = only(database)
    assert (row["tokens_used"], row["user_profile_id"], row["flags"]) == (240, "ann", None)


def test_a_job_that_was_made_elsewhere_counts_once(
    real: Settings, provider: str, database: Database
) -> None:
    work(real, provider, "made_and_left")
    database.execute("delete from public.request_logs where true")
    work(real, provider, "asked_after_only")
    row = only(database)
    assert (row["tokens_used"], row["user_profile_id"]) == (240, "bob")
    assert row["flags"] == ["job_read"]


@pytest.mark.parametrize(
    ("how", "status", "used", "price_source"),
    [
        ("cancelled", "cancelled", 0, "unknown: broke off, may be billed"),
        ("failed", "failure", 0, "unknown: broke off, may be billed"),
        ("incomplete", "success", 240, "unknown: no price for this model"),
        ("never", "success", 0, "unknown: the job has not ended"),
    ],
)
def test_however_a_job_ends_it_is_one_request_that_says_so(
    real: Settings,
    provider: str,
    database: Database,
    how: str,
    status: str,
    used: int,
    price_source: str,
) -> None:
    work(real, provider, how)
    row = only(database)
    assert (row["status"], row["tokens_used"]) == (status, used)
    assert (row["price_source"], row["cost_usd"]) == (price_source, None)
    assert row["flags"] == (["job_open"] if how == "never" else None)
    assert row["user_profile_id"] == "ann"


def test_an_answer_that_came_at_once_counts_once_however_often_it_is_read(
    real: Settings, provider: str, database: Database
) -> None:
    assert work(real, provider, "answered_at_once") >= 1
    row = only(database)
    assert row["tokens_used"] == 150
    assert float(row["cost_usd"]) == pytest.approx(0.0007)
    assert (row["user_profile_id"], row["flags"]) == ("ann", None)


def test_a_batch_is_one_request_at_the_batch_price(
    real: Settings, provider: str, database: Database
) -> None:
    assert work(real, provider, "batch") >= 5
    row = only(database)
    # Two answers of 100 and 50 tokens, at half of 2.50 and 10 USD a million.
    assert row["tokens_used"] == 300
    assert float(row["cost_usd"]) == pytest.approx(0.00075)
    assert (row["model"], row["call_type"], row["service_tier"]) == ("gpt-4o", "batch", "batch")
    assert row["quantities"] == {"requests": 3, "failed_requests": 1}
    assert (row["user_profile_id"], row["flags"], row["status"]) == ("ann", None, "success")


def test_a_batch_that_is_cancelled_before_it_ran_is_not_billed(
    real: Settings, provider: str, database: Database
) -> None:
    work(real, provider, "cancelled_batch")
    row = only(database)
    assert (row["status"], float(row["cost_usd"])) == ("cancelled", 0)
    assert row["price_source"].startswith("not billed")


def test_a_fine_tuning_is_one_request_of_the_tokens_it_trained(
    real: Settings, provider: str, database: Database
) -> None:
    work(real, provider, "fine_tuning")
    row = only(database)
    assert (row["call_type"], row["model"]) == ("fine_tuning", "gpt-4o")
    assert (row["quantities"], row["cost_usd"]) == ({"trained_tokens": 5000}, None)
    assert (row["user_profile_id"], row["flags"]) == ("ann", None)


def test_a_video_is_one_request_at_the_price_of_its_seconds(
    real: Settings, provider: str, database: Database
) -> None:
    work(real, provider, "video")
    row = only(database)
    assert (row["call_type"], row["quantities"]) == ("video_generation", {"video_seconds": 4})
    assert float(row["cost_usd"]) == pytest.approx(0.4)
    assert row["status"] == "success"
    assert (row["user_profile_id"], row["flags"]) == ("ann", None)


def test_two_jobs_are_two_requests(real: Settings, provider: str, database: Database) -> None:
    work(real, provider, "two_jobs")
    assert [row["tokens_used"] for row in rows(database)] == [240, 240]


def wrapped(text: str, prefix: str = "resp_") -> str:
    return prefix + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "name",
    [
        "resp_abc",
        wrapped("litellm:custom_llm_provider:openai;model_id:None;response_id:resp_abc"),
        wrapped("litellm:custom_llm_provider:openai;model_id:x;response_id:resp_abc").rstrip("="),
        wrapped(
            "litellm_proxy:responses_api:response_id:"
            + wrapped("litellm:custom_llm_provider:openai;model_id:x;response_id:resp_abc")
            + ";user_id:u;team_id:t"
        ),
        "resp_abc_background_cost",
    ],
)
def test_the_providers_id_is_found_in_whatever_litellm_wraps_around_it(name: str) -> None:
    found = job_name(name)
    assert found is not None and found[1] == "resp_abc" and found[0] in (None, "openai")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        (wrapped("litellm_proxy;model_id:x;llm_batch_id:batch_1", ""), "batch_1"),
        (wrapped("litellm:batch_1;model,gpt-4o", "batch_"), "batch_1"),
        (
            wrapped("litellm:custom_llm_provider:openai;model_id:;video_id:video_1", "video_"),
            "video_1",
        ),
        (wrapped("litellm_proxy;model_id:x;generic_response_id:ftjob_1", ""), "ftjob_1"),
    ],
)
def test_batches_videos_and_fine_tunings_are_found_in_their_wrapping_too(
    name: str, plain: str
) -> None:
    found = job_name(name)
    assert found is not None and found[1] == plain


@given(st.text() | st.none() | st.integers())
def test_no_name_of_a_job_is_too_strange(name: Any) -> None:
    found = job_name(name)
    assert found is None or len(job_id_of("response", *found)) < 100


def test_the_same_id_from_two_providers_names_two_jobs() -> None:
    assert job_id_of("response", "openai", "resp_1") != job_id_of("response", "azure", "resp_1")
    assert job_id_of("response", "openai", "resp_1") != job_id_of("batch", "openai", "resp_1")


def call(call_type: str, answer: dict[str, Any], **more: Any) -> LitellmCall:
    payload = {
        **{"call_type": call_type, "response": answer, "status": "success", "litellm_call_id": "c"},
        **{"startTime": 1_790_000_000.0, "endTime": 1_790_000_001.0, "model": "gpt-4o"},
        **{"custom_llm_provider": "openai", "response_cost": 0.0},
    }
    return LitellmCall({"standard_logging_object": payload | more, "call_type": call_type})


def test_reading_a_job_is_the_same_event_whoever_reads_it_whenever() -> None:
    answer = {"id": "resp_1", "status": "in_progress", "created_at": 1_789_999_000, "model": "m"}
    one = normalise(call("aget_responses", answer))
    other = normalise(call("get_responses", answer, litellm_call_id="d", startTime=1_790_000_500.0))
    assert isinstance(one, UsageEvent) and isinstance(other, UsageEvent)
    assert (one.event_id, one.started_at, one.model) == (other.event_id, other.started_at, "m")
    assert one.started_at.timestamp() == 1_789_999_000 and one.latency_s is None
    done = normalise(call("aget_responses", answer | {"status": "completed"}))
    assert done is not None and done.event_id != one.event_id and done.job_id == one.job_id


def test_a_batch_of_several_models_names_the_first_and_says_so() -> None:
    answer = {"id": "batch_1", "object": "batch", "status": "completed"}
    hidden = {"batch_models": ["gpt-4o-mini", "gpt-4o"], "batch_successful_requests": 2}
    event = normalise(call("aretrieve_batch", answer, hidden_params=hidden))
    assert event is not None
    assert (event.model, "several_models" in event.flags) == ("gpt-4o-mini", True)


@pytest.fixture
def here(settings: Settings) -> Iterator[Recorder]:
    found = open_recorder(settings)
    yield found
    found.courier.stop(0.0)


@pytest.mark.parametrize("call_type", [name for name, deed in DEEDS.items() if deed[1] != "create"])
def test_a_call_that_is_no_request_is_neither_recorded_nor_taken_for_abandoned(
    here: Recorder, call_type: str
) -> None:
    kwargs = {"call_type": call_type, "litellm_call_id": "c", "model": "resp_1"}
    assert mark_of(kwargs) is None
    here.started(kwargs)
    here.finished(kwargs, None, 1_790_000_000.0, 1_790_000_001.0, failed=True)
    here.spool.abandon_overdue(age_s=0.0)
    assert here.spool.health.counts == {"no_request": 1}


def test_a_search_in_a_vector_store_and_a_tool_called_are_requests(here: Recorder) -> None:
    for name in ("avector_store_search", "call_mcp_tool", "create_container", "acompletion"):
        kwargs = {"call_type": name, "litellm_call_id": name, "model": "m"}
        here.finished(kwargs, None, 1_790_000_000.0, 1_790_000_001.0, failed=False)
    assert here.spool.health.counts["recorded"] == 4


def test_a_proxy_counts_a_background_response_once_whoever_asks_after_it(
    real: Settings, provider: str, database: Database, folder: Path
) -> None:
    assert real.supabase_url and real.supabase_publishable_key and real.ingest_key
    more: dict[str, Any] = {
        "SUPABASE_PUBLISHABLE_KEY": real.supabase_publishable_key,
        "FOOTPRINT_INGEST_KEY": real.ingest_key,
    }
    folder.parent.joinpath("proxy").mkdir()
    place = folder.parent / "proxy" / "spool"
    with started(
        python_with(LOCKED), config_of(provider), place, real.supabase_url, **more
    ) as proxy:
        ask = {"model": "gpt-4o", "input": "hi", "background": True}
        made = proxy.post("/v1/responses", ask, headers={"x-user-id": "ann"}).json()
        for person in ("bob", "cleo", "bob", "cleo", "bob"):
            answer = httpx.get(
                f"{proxy.url}/v1/responses/{made['id']}",
                headers={**KEY, "x-user-id": person},
                timeout=60,
            )
        assert answer.json()["status"] == "completed"
        proxy.end(signal.SIGTERM)
    # What a slow machine did not deliver before the proxy ended waits on its disk.
    run("import footprint\nassert footprint.flush(20)", place, real.supabase_url, **more)
    row = only(database)
    assert (row["tokens_used"], row["user_profile_id"]) == (240, "ann")
    assert float(row["cost_usd"]) == pytest.approx(0.0009)
    assert (row["model"], row["source"], row["flags"]) == ("gpt-4o", "proxy", None)


PROXIED = {"proxy_server_request": {"url": "http://127.0.0.1/v1/responses", "method": "POST"}}


def test_a_job_is_known_though_a_proxy_encrypts_its_id_each_time_anew() -> None:
    answer = {"status": "queued", "background": True}
    made = call("aresponses", answer | {"id": "resp_x1"})
    written = '{"id": "resp_1", "object": "response", "output": [{"id": "msg_1"}]}'
    made.kwargs.update(original_response=written, litellm_params=PROXIED)  # type: ignore[attr-defined]
    read = call("aget_responses", answer | {"id": "resp_x2"})
    read.kwargs.update(response_id="resp_1", litellm_params=PROXIED)  # type: ignore[attr-defined]
    one, other = normalise(made), normalise(read)
    assert one is not None and other is not None
    assert one.job_id == other.job_id == job_id_of("response", "openai", "resp_1")


@pytest.mark.parametrize(("background", "counted"), [(False, 0), (True, 1), (None, 1)])
def test_what_a_proxy_answered_at_once_is_no_request_when_it_is_read_again(
    here: Recorder, background: bool | None, counted: int
) -> None:
    answer = {"id": "resp_1", "status": "completed", "background": background}
    kwargs = {**call("aget_responses", answer).kwargs, "litellm_params": PROXIED}
    here.finished(kwargs, None, 1_790_000_000.0, 1_790_000_001.0, failed=False)
    assert here.spool.health.counts.get("recorded", 0) == counted
