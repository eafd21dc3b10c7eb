"""A program that calls models with, without and with half a price; run by test_zero_prices.py.

`metadata.tags` names the case. Where a second argument is given, what LiteLLM's ``generic_api`` would
send is written there, a payload a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import litellm as typed_litellm
from litellm.integrations.custom_logger import CustomLogger

import footprint

litellm: Any = typed_litellm

API = sys.argv[1]
OPENAI = {"api_base": API + "/v1", "api_key": "k"}
ASK: list[dict[str, str]] = [{"role": "user", "content": "hi"}]
FREE: dict[str, Any] = {"input_cost_per_token": 0, "output_cost_per_token": 0}
HALF: dict[str, Any] = {"input_cost_per_token": 1e-6}
STREAM: dict[str, Any] = {"stream": True}
USAGE: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}
DEPLOYMENTS: list[dict[str, Any]] = []


class Payloads(CustomLogger):
    """Writes what a callback over HTTP would be sent."""

    def log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        with Path(sys.argv[2]).open("a") as file:
            print(json.dumps(kwargs["standard_logging_object"], default=str), file=file)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        self.log_success_event(kwargs, response_obj, start_time, end_time)


def named(case: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"tags": [case]}, **more}


def deploy(name: str, model: str, info: dict[str, Any] | None = None, **params: Any) -> None:
    address = API + "/v1/rerank" if model.startswith("cohere/") else API + "/v1"
    made = {"model": model, "api_base": address, "api_key": "k", **params}
    DEPLOYMENTS.append({"model_name": name, "litellm_params": made, "model_info": info or {}})


def set_up() -> None:
    deploy("unheard", "openai/gpt-9-unheard")
    deploy("twice", "openai/gpt-9-twice")
    deploy("twice", "openai/gpt-9-twice", api_version="1")
    deploy("free params", "openai/free-by-params", **FREE)
    deploy("free info", "openai/free-by-info", FREE)
    deploy("priced", "openai/own-price", input_cost_per_token=1e-6, output_cost_per_token=2e-6)
    deploy("input only", "openai/input-only", **HALF)
    deploy("input only free", "openai/input-only-free", input_cost_per_token=0)
    deploy("output only", "openai/output-only", output_cost_per_token=1e-6)
    deploy("base priced", "openai/mine-1", {"base_model": "gpt-4o-mini"})
    deploy("base free", "openai/mine-2", {"base_model": "codestral/codestral-latest"})
    deploy("base unheard", "openai/mine-3", {"base_model": "nobody/nothing"})
    deploy("openai/*", "openai/*")
    deploy("free of the map", "codestral/codestral-latest")
    deploy("no price in the map", "meta_llama/Llama-3.3-70B-Instruct")
    deploy("embedding unheard", "openai/embed-9")
    deploy("embedding free", "openai/embed-free", {**FREE, "mode": "embedding"})
    deploy("embedding priced", "openai/embed-priced", **HALF)
    deploy("image unheard", "openai/image-9")
    deploy("rerank unheard", "cohere/rerank-v9")
    deploy("moderation", "openai/omni-moderation-latest")


def sdk_calls() -> None:
    def chat(case: str, model: str, **more: Any) -> Any:
        return litellm.completion(model=model, messages=ASK, **OPENAI, **named(case, **more))

    chat("sdk unheard", "openai/gpt-8")
    for part in (STREAM, USAGE):
        for _ in chat(f"sdk unheard stream {len(part)}", "openai/gpt-8", **part):
            pass
    # LiteLLM keeps prices that a call brings: the second call meets what the first left.
    for time in ("", " again"):
        chat(f"sdk free{time}", "openai/gpt-7-free", **FREE)
        chat(f"sdk input only{time}", "openai/gpt-7-half", **HALF)
    chat("sdk free of the map", "codestral/codestral-latest")
    chat("sdk no price in the map", "meta_llama/Llama-3.3-70B-Instruct")


def router_calls(router: Any) -> None:
    for name in dict.fromkeys(each["model_name"] for each in DEPLOYMENTS):
        if not name.startswith(("embedding", "image", "rerank", "moderation", "openai/*")):
            router.completion(model=name, messages=ASK, **named(name))
    for name in ("wild-unheard", "gpt-4o"):
        router.completion(model=f"openai/{name}", messages=ASK, **named(f"wild {name}"))
    for name in ("unheard", "free info", "input only"):
        for _ in router.completion(model=name, messages=ASK, **named(f"{name} stream", **USAGE)):
            pass
    router.embedding(model="embedding unheard", input=["hi"], **named("embedding unheard"))
    router.embedding(model="embedding free", input=["hi"], **named("embedding free"))
    router.embedding(model="embedding priced", input=["hi"], **named("embedding priced"))
    router.image_generation(model="image unheard", prompt="hi", **named("image unheard"))


async def async_calls(router: Any) -> None:
    for name in ("unheard", "twice", "free params", "free info", "input only", "priced"):
        await router.acompletion(model=name, messages=ASK, **named(f"async {name}"))
    for name in ("unheard", "free params", "input only"):
        for part in (STREAM, USAGE):
            case = f"async {name} stream {len(part)}"
            answer = await router.acompletion(model=name, messages=ASK, **named(case, **part))
            async for _ in answer:
                pass
    await router.arerank(
        model="rerank unheard", query="q", documents=["a", "b"], **named("rerank unheard")
    )
    await router.amoderation(model="moderation", input="hi", **named("moderation"))
    await footprint.callback.aflush(10)
    await asyncio.sleep(0.5)


if __name__ == "__main__":
    litellm.suppress_debug_info = True
    litellm.callbacks = [footprint.callback]
    if len(sys.argv) > 2:
        litellm.callbacks.append(Payloads())
    set_up()
    sdk_calls()
    # A proxy reads its configuration more than once; LiteLLM registers every model each time.
    with contextlib.suppress(ValueError):
        litellm.Router(model_list=DEPLOYMENTS, num_retries=0)
    once_more = litellm.Router(model_list=DEPLOYMENTS, num_retries=0)
    router_calls(once_more)
    asyncio.run(async_calls(once_more))
