"""Exports of other systems: what each field becomes, whatever the container it comes in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from footprint.commands.imports import summary
from footprint.errors import InputError
from footprint.event import UsageEvent
from footprint.ingest.database import database_sender
from footprint.ingest.importers import ImportJob, import_file
from footprint.ingest.mapping import Instructions
from footprint.ingest.overview import Overview
from footprint.ingest.pricing import price_map
from house import Database

Write = Callable[..., Path]

# A row of LiteLLM_SpendLogs as litellm/proxy/schema.prisma (1.106.2) has it.
SPEND: dict[str, Any] = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
    "spend": 0.00125,
    "total_tokens": 190,
    "prompt_tokens": 100,
    "completion_tokens": 90,
    "startTime": "2026-10-15T10:00:00.000Z",
    "endTime": "2026-10-15T10:00:03.500Z",
    "completionStartTime": "2026-10-15T10:00:01.000Z",
    "model": "openai/gpt-4o",
    "model_group": "best",
    "custom_llm_provider": "openai",
    "api_base": "https://api.openai.com/v1/",
    "user": "default_user_id",
    "metadata": {
        "user_api_key_team_alias": "research",
        "usage_object": {
            "prompt_tokens": 100,
            "completion_tokens": 90,
            "total_tokens": 190,
            "prompt_tokens_details": {"cached_tokens": 60},
            "completion_tokens_details": {"reasoning_tokens": 30},
        },
        "litellm_call_id": "call-1",
    },
    "cache_hit": "None",
    "request_tags": ["User-Agent: curl", "project-x"],
    "team_id": "t-1",
    "end_user": "eve@example.org",
    "messages": {},
    "response": {},
    "session_id": "chat-7",
    "status": "success",
}


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Write rows as PostgreSQL's \\copy does: JSON as text, nothing for null."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: json.dumps(v) if isinstance(v, (dict, list)) else v for k, v in row.items()}
        )
    return out.getvalue()


def containers(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {
        "rows.csv": as_csv(rows),
        "rows.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "array.json": json.dumps(rows),
        "pretty.json": json.dumps(rows, indent=2),
        "page.json": json.dumps({"data": rows, "meta": {"page": 1}}),
    }


def job_of(path: Path, **given: Any) -> ImportJob:
    return ImportJob(path, Instructions(**given), path.parent / "rejects.csv", path.parent / "data")


def events_of(path: Path, **given: Any) -> list[UsageEvent]:
    found: list[UsageEvent] = []
    import_file(job_of(path, **given), price_map(), None, observe=found.append)
    return found


def rejected(path: Path) -> list[str]:
    import_file(job_of(path), price_map(), None)
    with (path.parent / "rejects.csv").open(newline="") as file:
        return [reason for _, reason in list(csv.reader(file))[1:]]


def one(write: Write, row: dict[str, Any]) -> UsageEvent:
    [event] = events_of(write("one.json", json.dumps([row])))
    return event


def test_a_spend_log_becomes_an_event_field_by_field(write: Write) -> None:
    event = one(write, SPEND)
    assert (event.provider, event.model, event.model_group) == ("openai", "gpt-4o", "best")
    assert (event.call_type, event.status, event.source) == ("chat", "success", "import")
    assert event.started_at == datetime(2026, 10, 15, 10, tzinfo=UTC)
    assert (event.latency_s, event.time_to_first_token_s) == (3.5, 1.0)
    assert (event.tokens_input_uncached, event.tokens_cache_read) == (40, 60)
    assert (event.tokens_output_text, event.tokens_reasoning) == (60, 30)
    assert event.tokens_input + event.tokens_output == SPEND["total_tokens"]
    assert (event.cost_usd, event.price_source) == (Decimal("0.00125"), "imported")
    # "default_user_id" is nobody, so the person is whom the caller named; that is a claim.
    assert (event.user_id, event.end_user) == ("eve@example.org", "eve@example.org")
    assert (event.attribution, event.team, event.session_id) == ("declared", "research", "chat-7")
    assert (event.litellm_call_id, event.tags) == ("call-1", ("project-x",))


def test_the_same_rows_are_the_same_events_in_every_container(
    database: Database, write: Write
) -> None:
    rows = [SPEND | {"request_id": f"r{n}", "user": f"u{n % 3}"} for n in range(1200)]
    for name, content in containers(rows).items():
        with database_sender(database.url) as destination:
            tally = import_file(job_of(write(name, content)), price_map(), destination)
        assert tally.requests == 1200, name
        assert tally.inserted == (1200 if name == "rows.csv" else 0), name
    query = "select count(*), sum(tokens_used), sum(cost_usd), count(distinct user_profile_id)"
    assert database.rows(f"{query} from public.request_logs") == [
        (1200, 1200 * 190, 1200 * Decimal("0.00125"), 3)
    ]
    assert database.rollup_differences() == 0


def test_an_interrupted_import_of_a_json_array_goes_on_where_it_stopped(
    database: Database, write: Write
) -> None:
    from footprint.errors import ServiceUnavailable
    from footprint.ingest.delivery import DeliveryReport

    class Cut:
        name = "cut"

        def __init__(self, batches: int) -> None:
            self.left, self.sent = batches, 0

        def store(self, events: Any) -> DeliveryReport:
            if self.left == 0:
                raise ServiceUnavailable("The line is cut.")
            self.left, self.sent = self.left - 1, self.sent + len(events)
            with database_sender(database.url) as sender:
                return sender.store(events)

        def abandon(self) -> None:
            self.left = 0

    rows = [SPEND | {"request_id": f"r{n}"} for n in range(2600)]
    job = job_of(write("array.json", json.dumps(rows)))
    with pytest.raises(ServiceUnavailable):
        import_file(job, price_map(), Cut(3))
    rest = Cut(100)
    tally = import_file(job, price_map(), rest)
    assert (tally.requests, tally.inserted) == (2600, 2600)
    assert rest.sent < 2000
    assert database.one("select count(*) from public.request_logs") == 2600


@pytest.mark.parametrize(
    ("row", "status", "cost", "source"),
    [
        # 0 is what LiteLLM writes for unknown: priced anew at gpt-4o's 2.50, 1.25 and 10 USD a million.
        ({"spend": 0}, "success", Decimal("0.001075"), "litellm"),
        ({"spend": 0, "model": "acme-9", "custom_llm_provider": "acme"}, "success", None, ""),
        ({"spend": 0, "cache_hit": "True"}, "success", Decimal(0), "not billed: gateway cache"),
    ],
)
def test_a_spend_of_nothing_is_not_taken_for_free(
    write: Write, row: dict[str, Any], status: str, cost: Decimal | None, source: str
) -> None:
    event = one(write, SPEND | row)
    assert (event.status, event.cost_usd) == (status, cost)
    assert (event.price_source or "").startswith(source)


def test_a_failed_request_keeps_its_error_and_costs_nothing(write: Write) -> None:
    error = {"error_class": "RateLimitError", "error_code": "429", "traceback": "secret"}
    row = SPEND | {
        **{"status": "failure", "spend": 0, "total_tokens": 0},
        **{"prompt_tokens": 0, "completion_tokens": 0},
        "metadata": {"error_information": error},
    }
    event = one(write, row)
    assert (event.status, event.error_class, event.error_code) == (
        "failure",
        "RateLimitError",
        "429",
    )
    assert (event.cost_usd, event.tokens_input_uncached) == (Decimal(0), None)
    gone = SPEND | {"metadata": {"error_information": {"error_class": "ClientDisconnected"}}}
    assert one(write, gone).status == "cancelled"


def test_a_summary_of_spend_is_refused_with_what_to_ask_instead(write: Write) -> None:
    rows = [{"startTime": "2026-10-15", "spend": 3.2, "users": {"u": 3.2}, "models": {"m": 3.2}}]
    with pytest.raises(InputError, match="summarize=false"):
        events_of(write("s.json", json.dumps(rows)))


def test_what_the_built_in_supabase_logger_kept_becomes_events(write: Write) -> None:
    row = {
        **{"id": 7, "created_at": "2026-10-15 10:00:03.5+00", "model": "gpt-4o"},
        **{"messages": [{"role": "user"}], "response": "Hello", "end_user": "default"},
        **{"status": "success", "error": None, "response_time": 1.5, "total_cost": 0.002},
        **{"additional_details": None, "litellm_call_id": "c-1"},
    }
    event = one(write, row)
    assert (event.provider, event.model, event.status) == ("openai", "gpt-4o", "success")
    assert (event.latency_s, event.cost_usd, event.litellm_call_id) == (
        1.5,
        Decimal("0.002"),
        "c-1",
    )
    # It never kept tokens, and "default" is nobody.
    assert (event.tokens_input_uncached, event.user_id, event.attribution) == (None, None, "none")
    assert one(write, row | {"status": "initiated", "total_cost": None}).status == "abandoned"
    usage = {"usage": {"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}}
    known = one(write, row | {"response": usage, "end_user": "eve"})
    assert (known.tokens_input, known.tokens_output, known.user_id) == (5, 6, "eve")


OBSERVATION: dict[str, Any] = {
    "id": "obs-1",
    "traceId": "tr-1",
    "type": "GENERATION",
    "name": "chat",
    "startTime": "2026-10-15T10:00:00.000Z",
    "endTime": "2026-10-15T10:00:02.000Z",
    "completionStartTime": "2026-10-15T10:00:00.400Z",
    "model": "gpt-4o",
    "modelParameters": {"temperature": 1},
    "input": "hi",
    "output": "ho",
    "level": "DEFAULT",
    "usageDetails": {"input": 40, "input_cached_tokens": 60, "output": 60,
                     "output_reasoning_tokens": 30, "total": 190},
    "costDetails": {"input": 0.0002, "output": 0.0009, "total": 0.0011},
}  # fmt: skip


def test_a_langfuse_generation_becomes_an_event_under_both_conventions(write: Write) -> None:
    event = one(write, OBSERVATION | {"sessionId": "s", "userId": "eve"})
    assert (event.provider, event.model, event.trace_id) == ("openai", "gpt-4o", "tr-1")
    assert (event.latency_s, event.time_to_first_token_s) == (2.0, 0.4)
    assert (event.cost_usd, event.user_id, event.session_id) == (Decimal("0.0011"), "eve", "s")
    inclusive = {
        **{"input": 100, "output": 90, "total": 190},
        **{"cache_read_input_tokens": 60, "output_reasoning_tokens": 30},
    }
    same = one(write, OBSERVATION | {"usageDetails": inclusive})
    for found in (event, same):
        assert (found.tokens_input_uncached, found.tokens_cache_read) == (40, 60)
        assert (found.tokens_output_text, found.tokens_reasoning) == (60, 30)
    older = {k: v for k, v in OBSERVATION.items() if not k.endswith("Details")}
    usage = {"usage": {"input": 7, "output": 5, "total": 12, "unit": "TOKENS"}}
    plain = one(write, older | usage | {"level": "ERROR", "calculatedTotalCost": 0})
    assert (plain.tokens_input, plain.tokens_output, plain.status) == (7, 5, "failure")


def test_spans_and_tools_in_a_langfuse_export_are_left_out_and_counted(write: Write) -> None:
    rows = [OBSERVATION, OBSERVATION | {"id": "2", "type": "SPAN"}, OBSERVATION | {"type": "TOOL"}]
    job = job_of(write("o.json", json.dumps(rows)))
    tally = import_file(job, price_map(), None)
    assert (tally.requests, tally.skipped, tally.rejected) == (1, 2, 0)
    assert "2 rows were left out" in summary(tally, job, dry_run=True)


def test_langfuse_columns_are_found_in_snake_case_too(write: Write) -> None:
    row = {
        **{"id": "o", "trace_id": "t", "type": "GENERATION", "start_time": "2026-10-15 10:00:00.5"},
        **{"end_time": "2026-10-15 10:00:01.5", "provided_model_name": "claude-sonnet-4-5"},
        **{"usage_details": {"input": 5, "output": 6}, "user_id": "u", "total_cost": 0.5},
    }
    [event] = events_of(write("o.csv", as_csv([row])))
    assert (event.provider, event.model) == ("anthropic", "claude-sonnet-4-5")
    assert (event.tokens_input, event.tokens_output, event.cost_usd) == (5, 6, Decimal("0.5"))


def usage_page(**result: Any) -> dict[str, Any]:
    """Return a page of /v1/organization/usage/completions as OpenAI documents it."""
    found = {
        "object": "organization.usage.completions.result",
        **{"input_tokens": 1000, "output_tokens": 500, "input_cached_tokens": 800},
        **{"num_model_requests": 7, "project_id": "proj", "user_id": None, "api_key_id": None},
        **{"model": "gpt-4o-2024-08-06", "batch": None},
    }
    bucket = {"object": "bucket", "start_time": 1730419200, "end_time": 1730505600}
    empty = bucket | {"results": [], "start_time": 1730332800, "end_time": 1730419200}
    page = [empty, bucket | {"results": [found | result]}]
    return {"object": "page", "data": page, "has_more": False, "next_page": None}


def test_openai_usage_is_divided_into_its_requests_and_every_sum_is_exact(
    database: Database, write: Write
) -> None:
    path = write("u.json", json.dumps(usage_page(), indent=1))
    found = events_of(path)
    assert len(found) == len({event.event_id for event in found}) == 7
    assert sum(event.tokens_input for event in found) == 1000
    assert sum(event.tokens_cache_read or 0 for event in found) == 800
    assert sum(event.tokens_output for event in found) == 500
    assert all(e.tokens_estimated and e.tags == ("aggregated",) for e in found)
    assert {e.started_at for e in found} == {datetime(2024, 11, 1, tzinfo=UTC)}
    # gpt-4o-2024-08-06: 2.50, cached 1.25 and 10 USD a million tokens.
    assert sum(e.cost_usd or 0 for e in found) == Decimal("0.0065")
    for _ in range(2):
        with database_sender(database.url) as destination:
            tally = import_file(job_of(path), price_map(), destination)
    assert (tally.inserted, tally.duplicates) == (0, 7)


def test_a_bucket_of_one_request_is_that_request(write: Write) -> None:
    [event] = events_of(write("u.json", json.dumps(usage_page(num_model_requests=1))))
    assert (event.tokens_input, event.tokens_output, event.tokens_estimated) == (1000, 500, False)


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"model": None}, "grouped by model"),
        ({"num_model_requests": 0}, "narrower buckets"),
        ({"num_model_requests": 10**12}, "narrower buckets"),
        ({"input_cached_tokens": 2000}, "more than the input"),
        ({"input_tokens": "many"}, "not a whole number"),
        ({"object": "organization.usage.images.result"}, "completions or embeddings"),
    ],
)
def test_usage_that_cannot_be_divided_is_rejected_in_words(
    write: Write, result: dict[str, Any], says: str
) -> None:
    [reason] = rejected(write("u.json", json.dumps(usage_page(**result))))
    assert says in reason


def test_a_period_that_is_not_over_is_rejected_because_it_would_be_counted_short(
    write: Write,
) -> None:
    page = usage_page()
    page["data"][1]["end_time"] = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    [reason] = rejected(write("u.json", json.dumps(page)))
    assert "not over" in reason


def test_a_batch_costs_the_price_of_batches(write: Write) -> None:
    [usual] = events_of(write("u.json", json.dumps(usage_page(num_model_requests=1))))
    [event] = events_of(write("b.json", json.dumps(usage_page(num_model_requests=1, batch=True))))
    assert (event.call_type, event.service_tier) == ("batch", "batch")
    # gpt-4o: half the usual price, but for what was read from the cache, which has none of its own.
    read = (event.tokens_cache_read or 0) * Decimal("1.25e-6")
    assert usual.cost_usd is not None
    assert event.cost_usd == usual.cost_usd / 2 + read / 2


def test_openai_usage_is_read_from_csv_too(write: Write) -> None:
    row = {
        **{"start_time": 1730419200, "end_time": 1730505600, "project_name": "Atlas"},
        **{"num_model_requests": 2, "user_id": "user-1", "user_email": "eve@example.org"},
        **{"model": "gpt-4o", "batch": "False", "input_tokens": 11, "output_tokens": 3},
    }
    found = events_of(write("completions_usage.csv", as_csv([row])))
    assert [event.tokens_input for event in found] == [6, 5]
    assert {(e.user_id, e.user_email, e.team) for e in found} == {
        ("user-1", "eve@example.org", "Atlas")
    }


def anthropic_page(**result: Any) -> dict[str, Any]:
    """Return a page of /v1/organizations/usage_report/messages as Anthropic documents it."""
    found = {
        **{"uncached_input_tokens": 900_000, "cache_read_input_tokens": 500_000},
        "cache_creation": {"ephemeral_5m_input_tokens": 30_000, "ephemeral_1h_input_tokens": 7},
        **{"output_tokens": 20_001, "server_tool_use": {"web_search_requests": 10}},
        **{"model": "claude-sonnet-4-5", "service_tier": "standard", "context_window": "0-200k"},
        **{"account_id": "user_01", "api_key_id": None, "workspace_id": "wrkspc_01"},
        **{"inference_geo": "global", "service_account_id": None},
    }
    bucket = {"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z"}
    empty = {"starting_at": "2026-09-30T00:00:00Z", "ending_at": "2026-10-01T00:00:00Z"}
    page = [empty | {"results": []}, bucket | {"results": [found | result]}]
    return {"data": page, "has_more": False, "next_page": None}


def test_anthropic_usage_is_divided_into_the_fewest_requests_it_can_be_of(
    database: Database, write: Write
) -> None:
    path = write("a.json", json.dumps(anthropic_page(), indent=1))
    found = events_of(path)
    # 1,430,007 tokens were read, by requests that read 200,000 at most.
    assert len(found) == len({event.event_id for event in found}) == 8
    assert all(e.tokens_estimated and e.tags == ("aggregated",) for e in found)
    assert {(e.provider, e.user_id, e.team, e.call_type) for e in found} == {
        ("anthropic", "user_01", "wrkspc_01", "chat")
    }
    assert sum(e.tokens_input_uncached or 0 for e in found) == 900_000
    assert sum(e.tokens_cache_read or 0 for e in found) == 500_000
    assert sum(e.tokens_cache_write or 0 for e in found) == 30_007
    assert sum(e.tokens_output_text or 0 for e in found) == 20_001
    # USD a million tokens: 3, read 0.30, written 3.75 and for an hour 6, output 15; 10 a thousand
    # searches.
    parts = ("2.7", "0.15", "0.1125", "0.000042", "0.300015", "0.1")
    assert sum(e.cost_usd or 0 for e in found) == sum(map(Decimal, parts))
    assert sum(e.cost_tools_usd or 0 for e in found) == Decimal("0.1")
    told: list[str] = []
    for _ in range(2):
        with database_sender(database.url) as destination:
            tally = import_file(job_of(path), price_map(), destination, tell=told.append)
    assert (tally.inserted, tally.duplicates) == (0, 8)
    assert "the number of requests is the smallest" in told[0]


def test_a_long_context_of_anthropic_is_divided_by_its_own_window(write: Write) -> None:
    found = events_of(write("a.json", json.dumps(anthropic_page(context_window="200k-1M"))))
    assert len(found) == 2 and all(event.tokens_input > 200_000 for event in found)


def test_the_console_of_anthropic_exports_the_same_as_csv(write: Write) -> None:
    console = (
        "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
        "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
        "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
        "web_search_count,inference_geo,speed\n"
    )
    rows = (
        "2026-10-05,claude-opus-5,Closer App,Default,standard,≤ 200k,46981,15969,0,0,16932,0,global,\n"
        "2026-10-05,claude-opus-5,Closer App,Default,batch,≤ 200k,10,0,0,0,5,0,global,\n"
        "2026-10-05,claude-opus-5,Closer App,Default,standard,> 200k,700000,0,0,0,5,0,global,\n"
        "2026-10-05,claude-opus-5,Closer App,Default,standard,≤ 200k,0,0,0,0,0,3,global,\n"
    )
    usual, batch, long, searches = events_of(write("claude_api_tokens_2026_10.csv", console + rows))
    assert (usual.tokens_input_uncached, usual.tokens_cache_write) == (46981, 15969)
    assert (usual.tokens_output_text, usual.team, usual.user_id) == (16932, "Default", None)
    assert (batch.call_type, batch.cost_usd) == ("batch", Decimal("0.0000875"))
    assert long.tokens_input == 700_000
    assert (searches.quantities, searches.cost_usd) == ({"web_searches": 3}, Decimal("0.03"))


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"model": None}, "grouped by model"),
        ({"uncached_input_tokens": 10**12}, "narrower buckets"),
        ({"output_tokens": -1}, "negative"),
        ({"uncached_input_tokens": "many"}, "not a whole number"),
    ],
)
def test_anthropic_usage_that_cannot_be_divided_is_rejected_in_words(
    write: Write, result: dict[str, Any], says: str
) -> None:
    [reason] = rejected(write("a.json", json.dumps(anthropic_page(**result))))
    assert says in reason


def test_cache_writes_that_last_an_hour_cost_their_own_price(write: Write) -> None:
    row = {
        **{"date": "2026-10-01T10:00Z", "provider": "anthropic", "model": "claude-sonnet-4-5"},
        "usage": {
            **{"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 0},
            "cache_creation_input_tokens": 1000,
            "cache_creation": {"ephemeral_1h_input_tokens": 400, "ephemeral_5m_input_tokens": 600},
        },
    }
    [event] = events_of(write("u.jsonl", json.dumps(row)))
    assert event.tokens_cache_write == 1000
    # 100 × 3 + 600 × 3.75 + 400 × 6 + 10 × 15 USD a million.
    assert event.cost_usd == Decimal("0.0051")
    row["usage"]["cache_creation"]["ephemeral_1h_input_tokens"] = 1001  # type: ignore[index]
    [reason] = rejected(write("w.jsonl", json.dumps(row)))
    assert "tokens_cache_write_1h is 1001" in reason


def test_since_and_until_leave_out_what_the_callback_recorded_itself(write: Write) -> None:
    rows = [
        SPEND | {"request_id": f"{n}", "startTime": f"2026-10-{n:02}T00:00:00Z"} for n in (1, 2, 3)
    ]
    path = write("r.json", json.dumps(rows))
    since, until = (datetime(2026, 10, day, tzinfo=UTC) for day in (2, 3))
    assert [e.started_at.day for e in events_of(path, since=since, until=until)] == [2]


def test_columns_of_a_known_export_are_not_mapped_by_hand(write: Write) -> None:
    with pytest.raises(InputError, match="--format csv"):
        events_of(write("r.csv", as_csv([SPEND])), columns={"team": "api_key"})


def test_a_plain_json_array_is_read_and_a_broken_one_says_so(write: Write) -> None:
    row = {"timestamp": "2026-10-15T10:00Z", "model": "gpt-4o", "usage": {"prompt_tokens": 5}}
    found = events_of(write("a.json", json.dumps([row, row], indent=4)))
    assert [event.tokens_input for event in found] == [5, 5]
    assert len({event.event_id for event in found}) == 2
    [reason] = rejected(write("b.json", json.dumps([row, row])[:-3]))
    assert "no JSON that can be read" in reason


def test_a_bad_line_among_known_rows_costs_only_itself(write: Write) -> None:
    lines = [json.dumps(SPEND), "{broken", json.dumps(SPEND | {"request_id": "2"}), "7"]
    path = write("r.jsonl", lines)
    assert len(events_of(path)) == 2
    assert [reason.split(":")[0] for reason in rejected(path)] == [
        "is no JSON that can be read",
        "is no JSON object",
    ]


def test_a_dry_run_tells_models_period_and_what_will_belong_to_nobody(write: Write) -> None:
    rows = [
        SPEND,
        SPEND | {"request_id": "2", "end_user": "", "user": ""},
        SPEND | {"request_id": "3", "model": "acme/titan-9", "custom_llm_provider": "acme",
                 "spend": 0, "startTime": "2026-11-01T00:00:00Z"},
    ]  # fmt: skip
    overview = Overview()
    job = job_of(write("r.json", json.dumps(rows)))
    import_file(job, price_map(), None, observe=overview.add)
    said = "\n".join(overview.lines())
    assert "Period: 2026-10-15 10:00 to 2026-11-01 00:00 UTC." in said
    assert "1 will belong to nobody: they name no person, 1 of them name a session." in said
    assert "No impact factor is known for: acme/titan-9." in said
    row = next(line for line in said.splitlines() if line.startswith("openai/gpt-4o"))
    assert row.split()[1:] == ["2", "380", "0.00"]
    assert "unknown" in next(line for line in said.splitlines() if line.startswith("acme"))
