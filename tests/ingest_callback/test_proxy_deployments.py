"""A real proxy, deployments of every kind of price, mixed traffic: what the database has of it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from footprint.ingest.charge import BROKE_OFF, FREE, NO_PRICE, PART_PRICED
from footprint.ingest.pricing import GATEWAY_CACHE, NOT_BILLED
from footprint.local.stack import Stack
from house import Database
from ingest_callback.conftest import run as run_python
from ingest_callback.deployments import POLLS, Answer, Traffic, config_of
from ingest_callback.litellms import LOCKED, python_with
from ingest_callback.provider import Asked, providing
from ingest_callback.proxy import started

Row = dict[str, Any]
# Costs are stored with 12 digits behind the point.
STORED = Decimal("1e-12")
TEXTS = ("chat", "responses", "anthropic_messages")
# What one answer costs, USD. Of 100 input tokens 40 were read from a cache, and 50 came out; Claude:
# 60, 30 read from a cache, 10 written to it, and 50. By the million, from LiteLLM's price map:
TEXT = {
    "mapped": "0.0007",  # 60 × 2.50 + 40 × 1.25 + 50 × 10
    **dict.fromkeys(
        ("base", "openai/gpt-4o-mini"), "0.000042"
    ),  # 60 × 0.15 + 40 × 0.075 + 50 × 0.6
    "base in params": "0.000042",
    # 60 × 3 + 30 × 0.30 + 10 × 3.75 + 50 × 15
    **dict.fromkeys(("claude", "anthropic/claude-sonnet-4-5"), "0.0009765"),
    # A price of one's own, without one for the cache: 100 × 1 + 50 × 2; with one: 40 of them × 0.1.
    **dict.fromkeys(("own price", "own price in info", "house/any", "house/gpt-4o"), "0.0002"),
    "claude own price": "0.0002",
    "own cache price": "0.000164",
    "base own price": "0.000163",  # the cache is the base model's: 60 × 1 + 40 × 0.075 + 50 × 2
    **dict.fromkeys(("free", "free in info", "gift/any"), "0"),
}
# 200 input tokens and 40 output tokens, when the job is done.
BACKGROUND = {
    **{"mapped": "0.0009", "base": "0.000054", "free": "0"},
    **dict.fromkeys(("own price", "own price in info", "house/any"), "0.00028"),
}
OTHER = {
    "embedding": "0.00000014",  # 7 × 0.02
    "embedding own price": "0.000007",
    "embedding free": "0",
    "image": "0.0426",  # 40 × 5 + 1060 × 40
    "image own price": "0.04",
    "rerank": "0.002",
    "rerank own price": "0.003",
    "pages own price": "0.015",  # 3 × 0.005 USD a page
    "speech": "0.000075",  # 5 characters × 15
    "hearing": "0.00032",  # 3.2 × 0.0001 USD a second
}
UNKNOWN = {
    **dict.fromkeys(("unheard", "base unheard", "claude unheard", "openai/gpt-7-nobody"), NO_PRICE),
    **dict.fromkeys(("slow unheard", "embedding unheard", "image unheard"), NO_PRICE),
    **dict.fromkeys(("rerank unheard", "pages unheard", "speech unheard"), NO_PRICE),
    **{"hearing unheard": NO_PRICE, "input only": PART_PRICED, "late": BROKE_OFF},
}


class Run(NamedTuple):
    """What became of the traffic.

    Args:
        rows: the requests as stored.
        answers: what the clients got.
        polls: how often jobs were asked after.
        asked: what the provider was asked.
        database: where the rows are.
    """

    rows: list[Row]
    answers: list[Answer]
    polls: int
    asked: list[Asked]
    database: Database

    def of(self, group: str, *kinds: str) -> list[Row]:
        """Return the successful requests to a deployment, or to all of a name with a ``*``."""
        return [
            row
            for row in self.rows
            if row["model_group"] == group and row["status"] == "success"
            if not row["cache_hit"] and (not kinds or row["call_type"] in kinds)
        ]

    def cost_of(self, answer: Answer) -> Decimal | None:
        """Return what is stored as the cost of the call that an answer belongs to."""
        rows = [row for row in self.rows if row["litellm_call_id"] == answer.call_id]
        assert rows, answer
        if any(row["cost_usd"] is None for row in rows):
            return None
        return sum((Decimal(str(row["cost_usd"])) for row in rows), Decimal(0))


@pytest.fixture(scope="module")
def run(
    stack: Stack, module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Run]:
    """Send everything through a proxy, end it, and deliver what it left."""
    folder = tmp_path_factory.mktemp("deployments") / "spool"
    asked: list[Asked] = []
    with stack.serve(module_database.name) as api, providing(asked) as provider:
        env: dict[str, Any] = {
            "SUPABASE_PUBLISHABLE_KEY": api.publishable_key,
            "FOOTPRINT_INGEST_KEY": module_database.make_key(),
            # Batches that name no deployment go where the SDK's variables lead.
            **{"OPENAI_API_BASE": provider + "/v1", "OPENAI_API_KEY": "k"},
        }
        config = config_of(provider)
        with started(python_with(LOCKED), config, folder, api.api_url, **env) as proxy:
            traffic = Traffic(proxy.url)
            traffic.send()
            proxy.end(signal.SIGTERM)
        run_python("import footprint\nassert footprint.flush(20)", folder, api.api_url, **env)
        stored = module_database.rows(
            "select to_jsonb(r) from public.request_logs r order by r.started_at"
        )
        rows = [row for (row,) in stored]
        yield Run(rows, traffic.answers, traffic.polls, asked, module_database)


def test_every_request_that_the_provider_worked_on_is_one_row(run: Run) -> None:
    works = [each for each in run.asked if each.method == "POST" and each.path != "/v1/files"]
    assert len(works) == sum(not row["cache_hit"] for row in run.rows) > 150
    asked_for = Counter(work.model for work in works if work.model)
    stored = Counter(
        row["model"] for row in run.rows if not row["cache_hit"] and row["call_type"] != "batch"
    )
    assert stored - Counter({"whisper-1": 1, "whisper-9": 1}) == asked_for
    assert run.database.one("select sum(requests) from private.ingest_counts") == len(run.rows)


def test_polls_and_files_are_no_rows(run: Run) -> None:
    jobs = [row for row in run.rows if row["job_id"] and ":answered" not in row["job_id"]]
    assert len(jobs) == 7 + 5
    assert run.polls == len(jobs) * POLLS
    assert sum(each.method == "GET" for each in run.asked) > len(jobs) * POLLS
    assert all(row["flags"] is None and row["status"] == "success" for row in jobs)
    assert not [row for row in run.rows if "file" in row["call_type"]]


def test_each_answer_costs_what_the_proxy_said_it_costs(run: Run) -> None:
    cached = {row["litellm_call_id"] for row in run.rows if row["cache_hit"]}
    said = [
        answer
        for answer in run.answers
        # An answer from the proxy's own cache costs nobody anything, and half a price is none.
        if answer.cost_usd and answer.call_id not in cached and answer.name != "input only"
        if not answer.is_stream
    ]
    assert len(said) > 40
    for answer in said:
        assert answer.cost_usd is not None
        assert run.cost_of(answer) == pytest.approx(
            answer.cost_usd, rel=Decimal("1e-9"), abs=STORED
        ), answer


def test_the_sum_of_a_deployment_is_the_sum_of_its_headers(run: Run) -> None:
    cached = {row["litellm_call_id"] for row in run.rows if row["cache_hit"]}
    headers: Counter[str | None] = Counter()
    stored: Counter[str | None] = Counter()
    for answer in run.answers:
        cost = run.cost_of(answer)
        if answer.is_stream or answer.call_id in cached or cost is None:
            continue
        headers[answer.deployment] += answer.cost_usd or Decimal(0)  # type: ignore[assignment]
        stored[answer.deployment] += cost  # type: ignore[assignment]
    assert len(headers) > 25
    assert dict(stored) == pytest.approx(dict(headers), abs=Decimal("1e-9"))


@pytest.mark.parametrize("name", TEXT)
def test_a_text_costs_what_its_deployment_states_streamed_or_not(run: Run, name: str) -> None:
    rows = [row for row in run.of(name, *TEXTS) if row["tokens_used"] == 150]
    assert {row["stream"] for row in rows} == {True, False}
    for row in rows:
        assert row["cost_usd"] == pytest.approx(float(TEXT[name])), row
        assert row["price_source"].endswith(FREE) == (TEXT[name] == "0")


@pytest.mark.parametrize("name", BACKGROUND)
def test_a_background_response_costs_what_it_used_in_the_end(run: Run, name: str) -> None:
    [row] = [row for row in run.of(name, "responses") if row["tokens_used"] == 240]
    assert row["cost_usd"] == pytest.approx(float(BACKGROUND[name]))
    assert row["price_source"].endswith(FREE) == (name == "free")


@pytest.mark.parametrize("name", OTHER)
def test_what_is_no_text_costs_what_its_deployment_states(run: Run, name: str) -> None:
    [row] = run.of(name)
    assert row["cost_usd"] == pytest.approx(float(OTHER[name]))
    assert (", own price" in row["price_source"]) == ("own" in name or "free" in name)


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_cost_is_null_and_says_why(run: Run, name: str) -> None:
    rows = [row for row in run.rows if row["model_group"] == name]
    assert rows
    assert {(row["cost_usd"], row["price_source"]) for row in rows} == {(None, UNKNOWN[name])}


def test_every_unknown_cost_of_a_request_that_may_be_billed_is_listed(run: Run) -> None:
    listed = run.database.one("select public.unpriced_models()", actor="admin")
    unknown = Counter(
        row["model"] for row in run.rows if row["cost_usd"] is None and row["status"] != "failure"
    )
    assert {each["model"]: each["requests"] for each in listed} == unknown
    # Chats, responses, one of them in the background, and a batch.
    assert unknown["gpt-9-unheard"] == 3 + 2 + 1 + 1
    assert run.database.one("select public.zero_priced_models()", actor="admin") == []


def test_two_deployments_of_one_name_cost_what_each_of_them_states(run: Run) -> None:
    prices = {"cheap": "0.0002", "dear": "0.0006", "known": "0.0002", "unknown": None}
    several = [answer for answer in run.answers if answer.name in ("balanced", "half known")]
    assert len(several) == 40
    assert {answer.deployment for answer in several} == set(prices)
    for answer in several:
        price = prices[str(answer.deployment)]
        assert run.cost_of(answer) == (price and pytest.approx(Decimal(price)))


def test_a_deployment_that_fails_is_a_failure_and_the_one_it_falls_back_on_is_paid(
    run: Run,
) -> None:
    answers = [answer for answer in run.answers if answer.name == "falls back"]
    assert len(answers) == 2
    for answer in answers:
        rows = [row for row in run.rows if row["litellm_call_id"] == answer.call_id]
        assert sorted((r["status"], r["model"], r["cost_usd"]) for r in rows) == [
            ("failure", "gpt-4o-err500", 0),
            ("success", "gpt-4o", pytest.approx(0.0007)),
        ]


def test_what_the_provider_refused_is_a_failure_that_costs_nothing(run: Run) -> None:
    for name, count in (("refused", 2), ("broken", 1)):
        rows = [row for row in run.rows if row["model_group"] == name]
        assert [(row["status"], row["cost_usd"]) for row in rows] == [("failure", 0)] * count
        assert all(row["price_source"] == NOT_BILLED for row in rows)


def test_a_stream_that_the_client_left_costs_what_came_till_then(run: Run) -> None:
    rows = [row for row in run.rows if row["model_group"] in ("slow", "slow unheard")]
    assert [row["status"] for row in rows] == ["cancelled"] * 3
    for row in rows:
        made = row["tokens_output_text"]
        assert made and row["tokens_input_uncached"]
        if row["model_group"] == "slow":
            used = row["tokens_input_uncached"] * 1e-6 + made * 2e-6
            assert row["cost_usd"] == pytest.approx(used)


def test_an_answer_from_the_proxys_cache_is_a_request_that_costs_nothing(run: Run) -> None:
    [row] = [row for row in run.rows if row["cache_hit"]]
    assert (row["model"], row["cost_usd"], row["price_source"]) == ("gpt-4o", 0, GATEWAY_CACHE)


def test_a_batch_is_its_models_at_half_the_price_of_its_deployment(run: Run) -> None:
    batches = [row for row in run.rows if row["call_type"] == "batch"]
    assert {row["tokens_used"] for row in batches} == {300}
    costs = sorted((row["model"], row["model_group"] or "", row["cost_usd"]) for row in batches)
    # Two answers of 100 and 50 tokens at half of 2.50 and 10, or of 1 and 2 USD a million.
    assert costs == [
        ("gpt-4o", "", pytest.approx(0.00075)),
        ("gpt-4o", "mapped", pytest.approx(0.00075)),
        ("gpt-9-unheard", "", None),
        ("house-1", "own price", pytest.approx(0.0002)),
        ("house-3", "free", 0),
    ]


def test_the_rollups_are_the_sums_of_the_rows(run: Run) -> None:
    assert all(
        differences == 0
        for _, differences in run.database.rows("select * from private.check_rollups()")
    )
    cost = run.database.one("select sum(cost_usd) from public.usage_org_daily")
    assert cost == sum(Decimal(str(row["cost_usd"] or 0)) for row in run.rows)
