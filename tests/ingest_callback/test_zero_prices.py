"""LiteLLM's zeros, told apart: free where a price of 0 was stated, unknown everywhere else."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from footprint.ingest.charge import FREE, NO_PRICE, PART_PRICED
from footprint.local.stack import Server
from house import Database
from ingest_callback.conftest import HERE, ROOT, run
from ingest_callback.litellms import VERSIONS, python_with
from ingest_callback.provider import providing
from ingest_callback.proxy import config_of, started
from ingest_callback.receiver import Receiver, serving
from ingest_callback.test_litellm import stored_by

Event = dict[str, Any]
PROGRAM = (Path(__file__).parent / "zero_modes.py").read_text()
UNKNOWN = {
    *("sdk unheard", "sdk unheard stream 1", "sdk unheard stream 2", "sdk no price in the map"),
    *("unheard", "twice", "base unheard", "no price in the map", "wild wild-unheard"),
    *("unheard stream", "async unheard", "async twice", "async unheard stream 1"),
    *("async unheard stream 2", "embedding unheard", "image unheard", "rerank unheard"),
}
HALF_PRICED = {
    *("sdk input only", "sdk input only again", "input only", "input only free", "output only"),
    *("input only stream", "async input only", "async input only stream 1"),
    "async input only stream 2",
}
STATED_FREE = {
    *("sdk free", "sdk free again", "sdk free of the map", "free params", "free info"),
    *("base free", "free of the map", "free info stream", "embedding free", "async free params"),
    *("async free info", "async free params stream 1", "async free params stream 2", "moderation"),
}
PRICED = {
    # 60 × 0.15 + 40 × 0.075 + 50 × 0.60, and gpt-4o: 60 × 2.50 + 40 × 1.25 + 50 × 10 USD a million.
    **{"base priced": "0.000042", "wild gpt-4o": "0.0007"},
    "embedding priced": "0.000007",
}

EVERY = UNKNOWN | HALF_PRICED | STATED_FREE | PRICED.keys() | {"priced", "async priced"}


@pytest.fixture(scope="module", params=VERSIONS)
def events(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Event]:
    """Under each version of LiteLLM: what became of each case."""
    folder = tmp_path_factory.mktemp("zeros")
    stored = stored_by("zero_modes.py", python_with(request.param), folder)
    assert Counter(each["tags"][0] for each in stored) == dict.fromkeys(EVERY, 1)
    return {each["tags"][0]: each for each in stored}


@pytest.mark.parametrize("case", sorted(UNKNOWN))
def test_a_model_without_a_price_costs_nobody_knows_what(
    events: dict[str, Event], case: str
) -> None:
    event = events[case]
    assert ("cost_usd" in event, event["price_source"]) == (False, NO_PRICE)


@pytest.mark.parametrize("case", sorted(HALF_PRICED))
def test_a_price_of_one_side_is_no_price_of_a_chat(events: dict[str, Event], case: str) -> None:
    event = events[case]
    assert ("cost_usd" in event, event["price_source"]) == (False, PART_PRICED)


@pytest.mark.parametrize("case", sorted(STATED_FREE))
def test_a_price_of_0_that_somebody_stated_is_a_known_cost(
    events: dict[str, Event], case: str
) -> None:
    event = events[case]
    assert float(event["cost_usd"]) == 0 and event["price_source"].endswith(FREE)


@pytest.mark.parametrize("case", sorted(PRICED))
def test_a_price_is_a_price_wherever_it_stands(events: dict[str, Event], case: str) -> None:
    assert float(events[case]["cost_usd"]) == pytest.approx(float(PRICED[case]))


def test_a_deployments_own_price_is_named_as_such(events: dict[str, Event]) -> None:
    for case in ("priced", "async priced", "free params", "free info", "sdk free"):
        assert ", own price" in events[case]["price_source"], case
    assert ", own price" not in events["wild gpt-4o"]["price_source"]


def test_in_the_database_unknown_is_null_and_listed(
    api: Server, database: Database, tmp_path: Path
) -> None:
    with providing() as address:
        run(
            PROGRAM, tmp_path / "spool", api.api_url, address, python=HERE,
            SUPABASE_PUBLISHABLE_KEY=api.publishable_key,
            FOOTPRINT_INGEST_KEY=database.make_key(), FOOTPRINT_EXIT_TIMEOUT="20",
        )  # fmt: skip
    rows = database.rows("select tags[1], cost_usd, price_source from public.request_logs")
    assert {case for case, cost, _ in rows if cost is None} == UNKNOWN | HALF_PRICED
    assert {case for case, cost, _ in rows if cost == 0} == STATED_FREE
    assert all(source.startswith("unknown: ") for _, cost, source in rows if cost is None)
    listed = database.one("select public.unpriced_models()", actor="admin")
    unpriced = {each["model"]: each["requests"] for each in listed}
    assert unpriced["gpt-9-unheard"] == 5 and unpriced["rerank-v9"] == 1
    assert sum(unpriced.values()) == len(UNKNOWN | HALF_PRICED)
    # A zero that was stated is decided: nobody has to look at it.
    assert database.one("select public.zero_priced_models()", actor="admin") == []


PROXY: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "unheard": (NO_PRICE, {}, {}),
    "free params": (FREE, {"input_cost_per_token": 0, "output_cost_per_token": 0}, {}),
    "free info": (FREE, {}, {"input_cost_per_token": 0, "output_cost_per_token": 0}),
    "input only": (PART_PRICED, {"input_cost_per_token": 0.000001}, {}),
    "base": ("", {}, {"base_model": "gpt-4o"}),
}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_proxy_tells_free_from_unknown(version: str, tmp_path: Path) -> None:
    # LiteLLM 1.80 takes callbacks from a file beside the configuration only.
    shutil.copy(ROOT / "examples/litellm_proxy/custom_callbacks.py", tmp_path)
    with providing() as provider:
        config = yaml.safe_load(config_of(provider, "custom_callbacks.footprint"))
        address = {"api_base": provider + "/v1", "api_key": "k"}
        for name, (_, params, info) in PROXY.items():
            model = {"model": f"openai/zz-{name.replace(' ', '-')}", **address, **params}
            made = {"model_name": name, "litellm_params": model, "model_info": info}
            config["model_list"].append(made)
        wild = {"model_name": "openai/*", "litellm_params": {"model": "openai/*", **address}}
        config["model_list"].append(wild)
        with (
            serving(Receiver()) as receiver,
            started(
                python_with(version), yaml.safe_dump(config), tmp_path / "spool", receiver.url
            ) as proxy,
        ):
            ask = [{"role": "user", "content": "hi"}]
            for name in (*PROXY, "openai/wild-unheard"):
                for stream in (False, True):
                    body = {"model": name, "messages": ask, "stream": stream, "user": name}
                    answer = proxy.post("/v1/chat/completions", body)
                    assert answer.is_success, answer.text
            body = {"model": "unheard", "input": "hi", "user": "unheard"}
            proxy.post("/v1/responses", body)
            receiver.wait_for(2 * len(PROXY) + 3, 30)
            stored = list(receiver.stored.values())
    assert len(stored) == 2 * len(PROXY) + 3
    for event in stored:
        name = str(event["user_id"])
        source = PROXY[name][0] if name in PROXY else NO_PRICE
        assert event["price_source"].endswith(source), (name, event["price_source"])
        if name == "base":
            assert float(event["cost_usd"]) > 0
        else:
            assert ("cost_usd" in event) == (source == FREE), name
